"""Fills registries over plain HTTP: blobs, manifests, indexes. Small content, real digests, no client program."""

import base64
import concurrent.futures
import dataclasses
import hashlib
import http.client
import json
import re
import ssl
import threading
import urllib.parse

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@dataclasses.dataclass(frozen=True)
class Descriptor:
    media_type: str
    digest: str
    size: int

    def json(self, **more):
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **more}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Pusher:
    """Pushes into one registry: an address, or anything with address, username, password, ca and client."""

    def __init__(self, registry, username=None, password=None):
        self._base = urllib.parse.urlsplit(getattr(registry, "address", registry))
        self._ca, self._client = getattr(registry, "ca", None), getattr(registry, "client", None)
        self._account = (username or getattr(registry, "username", None),
                         password or getattr(registry, "password", None))
        self._connections = {}
        self._tokens = {}

    def blob(self, repository, data, media_type=OCI_LAYER):
        """Uploads unless it is there; one POST and one PUT."""
        digest = digest_of(data)
        if self._send("HEAD", f"/v2/{repository}/blobs/{digest}", repository, accept=(200, 404))[0] == 404:
            _, headers, _ = self._send("POST", f"/v2/{repository}/blobs/uploads/", repository, accept=(202,))
            place = headers["location"]
            place += ("&" if "?" in place else "?") + "digest=" + digest
            self._send("PUT", place, repository, data, {"Content-Type": "application/octet-stream"}, (201,))
        return Descriptor(media_type, digest, len(data))

    def mount(self, repository, descriptor, source):
        """Makes a blob of `source` a blob of `repository` without sending it again."""
        path = f"/v2/{repository}/blobs/uploads/?mount={descriptor.digest}&from={source}"
        self._send("POST", path, repository, accept=(201,))
        return descriptor

    def manifest(self, repository, reference, document):
        """Puts a manifest or an index; without a reference, under its digest alone."""
        data = json.dumps(document).encode()
        descriptor = Descriptor(document["mediaType"], digest_of(data), len(data))
        self._send("PUT", f"/v2/{repository}/manifests/{reference or descriptor.digest}", repository, data,
                   {"Content-Type": document["mediaType"]}, (201,))
        return descriptor

    def image(self, repository, tags=(), layers=(b"layer",), config=None, docker=False, foreign=0):
        """One image; `foreign` layers are named by URL and not stored. Config is unique by repository and tags."""
        kinds = (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER) if docker else (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER)
        if config is None:
            root = {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}
            config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": root,
                                 "comment": f"{repository} {list(tags)}"}).encode()
        parts = [self.blob(repository, layer, kinds[2]).json() for layer in layers]
        parts += [Descriptor(DOCKER_FOREIGN, digest_of(b"foreign %d" % n), 1_000_000).json(
            urls=["https://example.invalid/layer"]) for n in range(foreign)]
        document = {"schemaVersion": 2, "mediaType": kinds[0],
                    "config": self.blob(repository, config, kinds[1]).json(), "layers": parts}
        return self._tagged(repository, tags, document)

    def index(self, repository, tags, children, docker=False):
        """An index of manifests that are there already: descriptors, or (descriptor, {"os", "architecture"})."""
        entries = []
        for child in children:
            descriptor, platform = child if isinstance(child, tuple) else (child, None)
            entries.append(descriptor.json(**({"platform": platform} if platform else {})))
        document = {"schemaVersion": 2, "mediaType": DOCKER_LIST if docker else OCI_INDEX, "manifests": entries}
        return self._tagged(repository, tags, document)

    def delete(self, repository, descriptor):
        self._send("DELETE", f"/v2/{repository}/manifests/{descriptor.digest}", repository, accept=(202,))

    def close(self):
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _tagged(self, repository, tags, document):
        for reference in tags or (None,):
            descriptor = self.manifest(repository, reference, document)
        return descriptor

    def _send(self, method, path, repository, body=b"", headers=None, accept=(200,)):
        headers = {**(headers or {}), **self._authorization(repository)}
        status, answer, data = self._exchange(method, path, body, headers)
        if status == 401 and self._answer_challenge(answer.get("www-authenticate", ""), repository):
            headers.update(self._authorization(repository))
            status, answer, data = self._exchange(method, path, body, headers)
        if status not in accept:
            raise RuntimeError(f"{method} {path}: {status} {data[:300]!r}")
        return status, answer, data

    def _exchange(self, method, path, body, headers):
        url = urllib.parse.urlsplit(path)
        place = self._base._replace(path="", query="") if not url.netloc else url
        target = url.path if url.netloc or url.path.startswith(self._base.path) else self._base.path + url.path
        connection = self._connection(place.scheme, place.netloc)
        connection.request(method, target + ("?" + url.query if url.query else ""), body, headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data

    def _connection(self, scheme, netloc):
        key = (scheme, netloc)
        if key not in self._connections:
            if scheme == "https":
                context = ssl.create_default_context(cafile=self._ca)
                if self._client:
                    context.load_cert_chain(*self._client)
                self._connections[key] = http.client.HTTPSConnection(netloc, context=context, timeout=30)
            else:
                self._connections[key] = http.client.HTTPConnection(netloc, timeout=30)
        return self._connections[key]

    def _authorization(self, repository):
        value = self._tokens.get(repository) or self._tokens.get("")
        return {"Authorization": value} if value else {}

    def _answer_challenge(self, challenge, repository):
        """Keeps what answers the challenge: Basic for the registry, a token for the repository."""
        basic = "Basic " + base64.b64encode(":".join(map(str, self._account)).encode()).decode()
        if not challenge.lower().startswith("bearer "):
            changed = self._tokens.get("") != basic
            self._tokens[""] = basic
            return changed
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        scope = f"repository:{repository}:pull,push,delete"
        query = urllib.parse.urlencode({"service": fields["service"], "scope": scope})
        status, _, data = self._exchange("GET", f"{fields['realm']}?{query}", b"",
                                         {"Authorization": basic} if self._account[0] else {})
        if status == 200:
            document = json.loads(data)
            self._tokens[repository] = "Bearer " + (document.get("token") or document["access_token"])
        return status == 200


def push_many(registry, repositories, tags=("v1",), workers=4, distinct=False):
    """Many small repositories quickly: one config and one layer, mounted everywhere, and a manifest per tag.

    `distinct` gives every tag a manifest of its own (statistics level deep then reads each).
    """
    repositories = list(repositories)
    first, origin = repositories[0], Pusher(registry)
    config = origin.blob(first, b'{"architecture":"amd64","os":"linux"}', OCI_CONFIG)
    layer = origin.blob(first, b"one layer for all", OCI_LAYER)
    origin.close()
    pushers = threading.local()
    opened = []

    def push(repository):
        if not hasattr(pushers, "mine"):
            pushers.mine = Pusher(registry)
            opened.append(pushers.mine)
        for descriptor in (config, layer) if repository != first else ():
            pushers.mine.mount(repository, descriptor, first)
        for tag in tags:
            document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                        "config": config.json(), "layers": [layer.json()]}
            if distinct:
                document["annotations"] = {"name": f"{repository}:{tag}"}
            pushers.mine.manifest(repository, tag, document)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(push, repositories):
            pass
    for pusher in opened:
        pusher.close()
