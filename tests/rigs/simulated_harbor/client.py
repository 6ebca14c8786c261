"""Seeds a Harbor, simulated or real, through its HTTP API only."""

import base64
import hashlib
import http.client
import json
import os
import ssl
from urllib.parse import quote, urlsplit

OCI = "application/vnd.oci.image."


class HarborError(Exception):
    """A request that did not end as the seeding needs it."""


class HarborClient:
    """One caller of one Harbor, over one kept connection."""

    def __init__(self, url, username, password, authority=None):
        self.url = url.rstrip("/")
        self.username, self.password = username, password
        self.authority_ = authority
        self.connection_ = None

    def as_caller(self, username, password):
        return HarborClient(self.url, username, password, self.authority_)

    # requests

    def connect(self):
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.authority_)
            return http.client.HTTPSConnection(parts.hostname, parts.port, context=context)
        return http.client.HTTPConnection(parts.hostname, parts.port)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body) of one request with this caller's password, never a cookie."""
        headers = dict(headers or {})
        if self.username:
            login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            headers.setdefault("Authorization", f"Basic {login}")
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.connection_ is None:
            self.connection_ = self.connect()
        try:
            self.connection_.request(method, path, body, headers)
            response = self.connection_.getresponse()
            return response.status, response.headers, response.read()
        except (http.client.HTTPException, OSError):
            self.connection_.close()
            self.connection_ = None
            raise

    def expect(self, statuses, method, path, body=None, headers=None):
        status, answer_headers, answer = self.request(method, path, body, headers)
        if status not in statuses:
            raise HarborError(f"{method} {path}: {status} {answer[:300]!r}")
        return answer_headers, answer

    def get(self, path):
        """The JSON of a path below /api/v2.0."""
        return json.loads(self.expect([200], "GET", f"/api/v2.0{path}")[1])

    def close(self):
        if self.connection_ is not None:
            self.connection_.close()
            self.connection_ = None

    # accounts and projects

    def make_user(self, username, password, comment=""):
        """A user of that name; returns a client of it."""
        user = {"username": username, "password": password, "realname": username.capitalize()}
        user |= {"email": f"{username}@example.org", "comment": comment}
        self.expect([201], "POST", "/api/v2.0/users", user)
        return self.as_caller(username, password)

    def make_project(self, name, public=False, storage_limit=-1):
        project = {"project_name": name, "metadata": {"public": str(public).lower()}}
        project["storage_limit"] = storage_limit
        self.expect([201], "POST", "/api/v2.0/projects", project)

    def add_member(self, project, username, role):
        """Roles: 1 project administrator, 2 developer, 3 guest, 4 maintainer, 5 limited guest."""
        member = {"role_id": role, "member_user": {"username": username}}
        self.expect([201], "POST", f"/api/v2.0/projects/{quote(project)}/members", member)

    def make_robot(self, name, permissions, duration=-1, description=""):
        """permissions: {"project name" or "*" or "/": "resource:action,action ..."}.

        One project alone makes a project robot, everything else a system robot.
        Returns (client of the robot, its id).
        """
        entries = [
            {
                "kind": "system" if namespace == "/" else "project",
                "namespace": namespace,
                "access": access_list(text),
            }
            for namespace, text in permissions.items()
        ]
        system = len(entries) != 1 or "/" in permissions or "*" in permissions
        robot = {"name": name, "duration": duration, "description": description}
        robot |= {"level": "system" if system else "project", "permissions": entries}
        made = json.loads(self.expect([201], "POST", "/api/v2.0/robots", robot)[1])
        return self.as_caller(made["name"], made["secret"]), made["id"]

    # images

    def push_blob(self, repository, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if self.request("HEAD", f"/v2/{repository}/blobs/{digest}")[0] == 200:
            return digest
        started, _ = self.expect([202], "POST", f"/v2/{repository}/blobs/uploads/")
        place = urlsplit(started["Location"])
        path = f"{place.path}?{place.query}&digest={quote(digest)}"
        headers = {"Content-Type": "application/octet-stream"}
        self.expect([201], "PUT", path, data, headers)
        return digest

    def push_manifest(self, repository, reference, manifest):
        """manifest: bytes, or a document with its mediaType. Returns its descriptor."""
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        media_type = json.loads(data)["mediaType"]
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        path = f"/v2/{repository}/manifests/{reference or digest}"
        self.expect([201], "PUT", path, data, {"Content-Type": media_type})
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def push_image(self, repository, tag, layers=(b"layer",), config=None):
        """A small OCI image; tag None leaves it untagged. Returns its descriptor."""
        text = json.dumps(config or {"architecture": "amd64", "os": "linux", "author": tag}).encode()
        parts = [(OCI + "config.v1+json", text)]
        parts += [(OCI + "layer.v1.tar", layer) for layer in layers]
        described = [
            {"mediaType": kind, "digest": self.push_blob(repository, data), "size": len(data)}
            for kind, data in parts
        ]
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json"}
        manifest |= {"config": described[0], "layers": described[1:]}
        return self.push_manifest(repository, tag, manifest)

    def push_index(self, repository, tag, children):
        """An index of descriptors that push_image returned."""
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": children}
        return self.push_manifest(repository, tag, index)


def access_list(text):
    entries = [word.partition(":") for word in text.split()]
    return [
        {"resource": resource, "action": action}
        for resource, _, actions in entries
        for action in actions.split(",")
    ]


def given_harbor():
    """A client of the real Harbor named by the environment, or None."""
    url = os.environ.get("PORTOLAN_TEST_HARBOR")
    password = os.environ.get("PORTOLAN_TEST_HARBOR_ADMIN_PASSWORD")
    return HarborClient(url, "admin", password) if url and password else None
