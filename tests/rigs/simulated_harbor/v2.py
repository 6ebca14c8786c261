"""The registry API (`/v2/`) of the simulated Harbor: access first, then blobs and manifests."""

import json
import re
import uuid
from urllib.parse import quote, urlencode

from rigs.push import OCI_INDEX, OCI_MANIFEST, digest_of

from .http_server import ApiError, Response
from .state import QuotaExceeded, State, now

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
NAME = r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ROUTES = [
    (re.compile(rf"/v2/{NAME}/tags/list"), "tags"),
    (re.compile(rf"/v2/{NAME}/manifests/(?P<reference>[^/]+)"), "manifest"),
    (re.compile(rf"/v2/{NAME}/blobs/uploads/?"), "uploads"),
    (re.compile(rf"/v2/{NAME}/blobs/uploads/(?P<upload>[^/]+)"), "upload"),
    (re.compile(rf"/v2/{NAME}/blobs/(?P<digest>[^/]+)"), "blob"),
    (re.compile(rf"/v2/{NAME}/referrers/(?P<digest>[^/]+)"), "referrers"),
]
DATABASE_DOWN = (
    "failed to connect to `user=postgres database=registry`: 127.0.0.1:5432 (127.0.0.1): dial"
    " error: dial tcp 127.0.0.1:5432: connect: connection refused"
)


def human_size(count):
    """As Harbor's quota messages have it: 195.6 KiB."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def not_found(message, code="NOT_FOUND"):
    return ApiError(404, code, message)


class RegistryApi:
    def __init__(self, state: State, faults):
        self.state_ = state
        self.faults_ = faults

    def serve(self, request, caller):
        if request.path == "/v2":
            raise self.refused("un-recognized request: GET /v2")
        if request.path == "/v2/":
            return self.root(request, caller)
        if request.path == "/v2/_catalog":
            return self.catalog(request, caller)
        for pattern, kind in ROUTES:
            if match := pattern.fullmatch(request.path):
                name = match["name"]
                if "/" not in name:
                    raise ApiError(
                        400, "BAD_REQUEST", f"bad request: invalid repository name: {name}"
                    )
                self.authorise(request, caller, name, kind)
                method = getattr(self, f"{request.method.lower()}_{kind}", None)
                if method is None:
                    raise ApiError(405, "UNSUPPORTED", "The operation is unsupported.")
                return method(request, **match.groupdict())
        raise not_found("page not found")

    # access

    def refused(self, reason, challenge=""):
        message = f"{reason}: {reason}"
        return ApiError(
            401, "UNAUTHORIZED", message, VERSION | {"Www-Authenticate": challenge}
        )

    def challenge(self, request, scopes=()):
        """Bearer for who sent nothing, Basic for who sent something that was not enough."""
        if request.header("authorization"):
            return 'Basic realm="harbor"'
        host = request.header("host")
        parts = [f'realm="{request.scheme}://{host}/service/token"', 'service="harbor-registry"']
        if scopes:
            parts.append(f'scope="{" ".join(scopes)}"')
        return "Bearer " + ",".join(parts)

    def root(self, request, caller):
        if not caller.authenticated:
            raise self.refused("unauthorized", self.challenge(request))
        self.require_registry()
        return Response(200, VERSION | JSON, b"{}")

    def wanted(self, request, name, kind):
        """[(repository, action)] that a request needs."""
        if request.method in ("GET", "HEAD"):
            return [(name, "pull")]
        if request.method == "DELETE" and kind == "manifest":
            return [(name, "delete")]
        mount = request.param("mount") and request.param("from")
        return [(name, "push"), (request.param("from"), "pull")] if mount else [(name, "push")]

    def authorise(self, request, caller, name, kind):
        wanted = self.wanted(request, name, kind)
        action_names = {"pull": "pull", "push": "pull,push", "delete": "delete"}
        scopes = [f"repository:{n}:{action_names[action]}" for n, action in wanted]
        challenge = self.challenge(request, scopes)
        if wanted == [(name, "pull")] and not request.header("authorization"):
            raise self.refused("authorize header needed to send HEAD to repository", challenge)
        if "database" in self.faults_:
            raise self.refused(DATABASE_DOWN)
        for repository, action in wanted:
            project_name = repository.split("/")[0]
            project = self.state_.by_name.get(project_name)
            if project is None:
                raise self.refused(f"project {project_name} not found")
            if not self.allowed(caller, project, repository, action):
                reason = f"unauthorized to access repository: {repository}, action: {action}"
                raise self.refused(reason, challenge)

    def allowed(self, caller, project, repository, action):
        if caller.kind == "token":
            return caller.can_repository(repository, action)
        return caller.can(project, "repository", action)

    def require_registry(self):
        if "registry" in self.faults_:
            raise RegistryDown

    # catalogue and tags

    def number(self, request):
        """`n` or None; 400 for anything that is not a number."""
        text = request.param("n")
        if text is None:
            return None
        if not text.isdigit():
            raise ApiError(400, "BAD_REQUEST", "the N must be a positive int type")
        return int(text)

    def catalog(self, request, caller):
        if caller.kind == "token" or not (caller.sysadmin or caller.can_system("catalog", "read")):
            reason = "unauthorized to list catalog"
            raise self.refused(reason, 'Basic realm="harbor"')
        names = sorted(r.name for r in self.state_.repositories() if r.tags())
        n, last = self.number(request), request.param("last")
        if n is not None and last:
            if last not in names:
                message = f"the last: {last} should be a valid repository name."
                raise ApiError(400, "BAD_REQUEST", message)
            names = names[names.index(last) + 1 :]
        return self.listing(request, "/v2/_catalog", {"repositories": names}, n)

    def get_tags(self, request, name):
        repository = self.repository(name)
        tags, last = sorted(repository.tags()), request.param("last")
        if last:
            tags = [tag for tag in tags if tag > last]
        document = {"name": name, "tags": tags}
        return self.listing(request, f"/v2/{name}/tags/list", document, self.number(request))

    def listing(self, request, path, document, n):
        key = list(document)[-1]
        rows, headers = document[key], dict(JSON)
        if n is not None and 0 < n < len(rows):
            headers["Link"] = f'<{path}?{urlencode({"last": rows[n - 1], "n": n})}>; rel="next"'
        if n is not None:
            document[key] = rows[:n]
        return Response(200, headers, json.dumps(document, separators=(",", ":")).encode())

    # manifests

    def project(self, name):
        return self.state_.by_name[name.split("/")[0]]

    def repository(self, name):
        repository = self.project(name).repositories.get(name)
        if repository is None:
            raise not_found(f"repository {name} not found")
        return repository

    def artifact(self, name, reference):
        repository = self.repository(name)
        artifact = repository.find(reference)
        if artifact is None:
            mark = "@" if DIGEST.fullmatch(reference) else ":"
            raise not_found(f"artifact {name}{mark}{reference} not found")
        return repository, artifact

    def get_manifest(self, request, name, reference, counts=True):
        repository, artifact = self.artifact(name, reference)
        self.require_registry()
        etag = f'"{artifact.digest}"'
        if request.header("if-none-match") in (etag, artifact.digest):
            return Response(304)
        accepted = re.split(r"[,;\s]+", request.header("accept"))
        if artifact.media_type in (OCI_MANIFEST, OCI_INDEX) and artifact.media_type not in accepted:
            one, many = ("index", "indexes") if artifact.children else ("manifest", "manifests")
            message = f"OCI {one} found, but accept header does not support OCI {many}"
            raise ApiError(404, "MANIFEST_UNKNOWN", message, VERSION)
        if counts:
            self.count_pull(repository, artifact, reference)
        headers = {"Content-Type": artifact.media_type, "Etag": etag}
        headers |= VERSION | {"Docker-Content-Digest": artifact.digest}
        return Response(200, headers, artifact.manifest)

    def head_manifest(self, request, name, reference):
        return self.get_manifest(request, name, reference, counts=False)

    def count_pull(self, repository, artifact, reference):
        repository.pull_count += 1
        repository.updated = artifact.pull_time = now()
        if reference in artifact.tags:
            artifact.tags[reference].pull_time = artifact.pull_time

    def put_manifest(self, request, name, reference):
        project, body = self.project(name), request.body
        try:
            document = json.loads(body)
            missing = self.state_.missing_parts(project, name, document)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ApiError(400, "MANIFEST_INVALID", "manifest invalid", VERSION) from None
        if missing:
            message = "blob unknown to registry"
            raise ApiError(400, "MANIFEST_BLOB_UNKNOWN", message, VERSION)
        digest = digest_of(body)
        if DIGEST.fullmatch(reference) and reference != digest:
            raise ApiError(400, "DIGEST_INVALID", "provided digest did not match", VERSION)
        media_type = request.header("content-type") or document.get("mediaType", OCI_MANIFEST)
        try:
            artifact = self.state_.put_manifest(project, name, reference, body, media_type)
        except QuotaExceeded as error:
            raise self.over_quota(error) from None
        headers = VERSION | {"Docker-Content-Digest": digest}
        headers["Location"] = self.location(request, f"/v2/{name}/manifests/{digest}")
        if artifact.subject:
            headers["Oci-Subject"] = artifact.subject
        return Response(201, headers)

    def delete_manifest(self, request, name, reference):
        if not DIGEST.fullmatch(reference):
            message = f"unsupported digest {reference}: invalid checksum digest format"
            raise ApiError(400, "UNSUPPORTED", message, VERSION)
        repository, artifact = self.artifact(name, reference)
        self.state_.delete_artifact(repository, artifact)
        return Response(202, dict(VERSION))

    def get_referrers(self, request, name, digest):
        repository = self.repository(name)
        manifests = [
            {
                "mediaType": a.media_type,
                "digest": a.digest,
                "size": len(a.manifest),
                "artifactType": a.document.get("artifactType", ""),
            }
            for a in repository.artifacts.values()
            if a.subject == digest
        ]
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        headers = {"Content-Type": OCI_INDEX, "X-Total-Count": str(len(manifests))}
        return Response(200, headers, json.dumps(document, separators=(",", ":")).encode())

    # blobs

    def get_blob(self, request, name, digest):
        self.require_registry()
        if (name, digest) not in self.project(name).links:
            raise ApiError(404, "BLOB_UNKNOWN", "blob unknown to registry", VERSION)
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        headers |= VERSION | {"Docker-Content-Digest": digest, "Etag": f'"{digest}"'}
        headers["Cache-Control"] = "max-age=31536000"
        return Response(200, headers, self.state_.blobs[digest])

    head_blob = get_blob

    def location(self, request, path):
        """Absolute from the Host header. (Core writes http even behind a front end's https.)"""
        return f"{request.scheme}://{request.header('host')}{path}"

    def upload_answer(self, request, name, upload, status):
        data = self.state_.uploads[upload]
        path = f"/v2/{name}/blobs/uploads/{upload}?_state={quote(upload)}"
        headers = VERSION | {"Location": self.location(request, path)}
        headers |= {"Docker-Upload-Uuid": upload, "Range": f"0-{max(0, len(data) - 1)}"}
        return Response(status, headers)

    def post_uploads(self, request, name):
        self.require_registry()
        mount, source = request.param("mount"), request.param("from")
        if mount and source and (source, mount) in self.project(source).links:
            return self.keep_blob(request, name, self.state_.blobs[mount], mount)
        upload = str(uuid.uuid4())
        self.state_.uploads[upload] = bytearray()
        return self.upload_answer(request, name, upload, 202)

    def known_upload(self, upload):
        if upload not in self.state_.uploads:
            raise ApiError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", VERSION)
        return self.state_.uploads[upload]

    def patch_upload(self, request, name, upload):
        self.known_upload(upload).extend(request.body)
        return self.upload_answer(request, name, upload, 202)

    def get_upload(self, request, name, upload):
        self.known_upload(upload)
        return self.upload_answer(request, name, upload, 204)

    def delete_upload(self, request, name, upload):
        self.known_upload(upload)
        del self.state_.uploads[upload]
        return Response(204, dict(VERSION))

    def put_upload(self, request, name, upload):
        data = bytes(self.known_upload(upload)) + request.body
        digest = request.param("digest", "")
        if digest_of(data) != digest:
            message = "provided digest did not match uploaded content"
            raise ApiError(400, "DIGEST_INVALID", message, VERSION)
        del self.state_.uploads[upload]
        return self.keep_blob(request, name, data, digest)

    def keep_blob(self, request, name, data, digest):
        try:
            self.state_.add_blob(self.project(name), name, data, digest)
        except QuotaExceeded as error:
            raise self.over_quota(error) from None
        headers = VERSION | {"Docker-Content-Digest": digest}
        headers["Location"] = self.location(request, f"/v2/{name}/blobs/{digest}")
        return Response(201, headers)

    def over_quota(self, error):
        message = (
            f"adding {human_size(error.adding)} of storage resource, which when updated to current"
            f" usage of {human_size(error.used)} will exceed the configured upper limit of"
            f" {human_size(error.limit)}."
        )
        return ApiError(403, "DENIED", message)


class RegistryDown(Exception):
    """Core answers 502 with an empty body when its registry is gone."""
