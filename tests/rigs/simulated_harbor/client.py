"""Seeds a Harbor, simulated or real, through its HTTP API only."""

import base64
import http.client
import json
import os
import secrets
import ssl
from urllib.parse import quote, urlsplit

from rigs.push import Pusher


class HarborError(Exception):
    """A request did not end as the seeding needs it."""


class HarborClient:
    """One caller of one Harbor, over one kept connection."""

    def __init__(self, url, username, password, authority=None):
        self.url = url.rstrip("/")
        self.username, self.password = username, password
        self.address, self.ca = self.url, authority  # what a Pusher asks for
        self.pusher = Pusher(self)
        self.connection_ = None
        self.made_ = []  # paths to delete again, oldest first

    def as_caller(self, username, password):
        return HarborClient(self.url, username, password, self.ca)

    # requests

    def connect(self):
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
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
        self.pusher.close()
        if self.connection_ is not None:
            self.connection_.close()
            self.connection_ = None
        self.pusher.close()

    def make(self, path, document):
        """POSTs something that remove_made() deletes again; returns the answer's body."""
        headers, answer = self.expect([201], "POST", path, document)
        self.made_.append(headers["Location"])
        return answer

    def remove_made(self):
        """Deletes what this client made, images included, newest first."""
        for path in reversed(self.made_):
            if "/projects/" in path:
                self.remove_repositories(path)
            self.request("DELETE", path)
        self.made_.clear()

    def remove_repositories(self, project_path):
        _, answer = self.expect([200, 404], "GET", project_path)
        name = json.loads(answer).get("name")
        if name is None:  # deleted by the test itself
            return
        while found := self.get(f"/projects/{name}/repositories?page_size=100"):
            for repository in found:
                rest = quote(quote(repository["name"].partition("/")[2], safe=""), safe="")
                self.request("DELETE", f"/api/v2.0/projects/{name}/repositories/{rest}")

    # accounts and projects

    @staticmethod
    def unique(prefix):
        """A name that no other test uses, on a Harbor that others use too."""
        return f"{prefix}-{secrets.token_hex(4)}"

    def make_user(self, username, password, comment=""):
        """A user of that name; returns a client of it."""
        user = {"username": username, "password": password, "realname": username.capitalize()}
        user |= {"email": f"{username}@example.org", "comment": comment}
        self.make("/api/v2.0/users", user)
        return self.as_caller(username, password)

    def make_project(self, name, public=False, storage_limit=-1, registry_id=None):
        """With a registry it is a proxy cache of that."""
        project = {"project_name": name, "metadata": {"public": str(public).lower()}}
        project["storage_limit"] = storage_limit
        if registry_id:
            project["registry_id"] = registry_id
        self.make("/api/v2.0/projects", project)

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
        made = json.loads(self.make("/api/v2.0/robots", robot))
        return self.as_caller(made["name"], made["secret"]), made["id"]

    # images

    def push_image(self, repository, tag, layers=(b"layer",), config=None):
        """A small image; tag None leaves it untagged. `pusher` has the rest."""
        return self.pusher.image(repository, [tag] if tag else (), layers, config)


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
