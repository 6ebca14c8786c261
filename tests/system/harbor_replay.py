"""Replays the recordings of a real Harbor core against the simulated one and tells differences.

The exchanges are in the order in which they were recorded; what was done between them and not
recorded (pushes, more users, faults) is in UNRECORDED, before the exchange that needed it.
"""

import base64
import hashlib
import http.client
import json
import pathlib
import re
from urllib.parse import urlsplit

from rigs.push import OCI_MANIFEST, Descriptor, digest_of
from rigs.simulated_harbor import ADMIN_PASSWORD, SimulatedHarbor
from rigs.simulated_harbor import __file__ as rig_file

RIG = pathlib.Path(rig_file).parent
RECORDED_HOST = "127.0.0.1:18080"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
UPLOAD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BASE_LAYER = 200247  # shared by most recorded images
OCI = "application/vnd.oci.image."

IDS = {
    "artifact_id", "child_id", "creator_ref", "entity_id", "id", "owner_id", "parent_id",
    "project_id", "registry_id", "repository_id", "subject_artifact_id", "user_id",
}
TIMES = {"creation_time", "current_time", "issued_at", "pull_time", "push_time", "update_time"}
# Values that belong to the machine, the version or a secret: only their type is compared.
FREE = {"access_secret", "error", "expires_at", "free", "harbor_version", "secret", "token", "total"}
UNORDERED = {"access", "permissions"}  # core gives a robot's rights in any order
COMPARED_HEADERS = (
    "Content-Type", "Docker-Content-Digest", "Etag", "Link", "Location", "Oci-Subject", "Range",
    "Www-Authenticate", "X-Total-Count",
)

LEAST_RIGHTS = {
    "lc": {"/": "catalog:read"},
    "lp": {"/": "project:list"},
    "lpr": {"*": "project:read"},
    "lprq": {"*": "project:read quota:read"},
    "lq": {"/": "quota:list"},
    "lqr": {"/": "quota:list,read"},
    "lral": {"*": "repository:list artifact:list"},
    "lrl": {"*": "repository:list"},
    "lrr": {"*": "repository:read"},
    "lv": {"/": "system-volumes:read"},
    "lmin": {
        "/": "quota:list project:list catalog:read system-volumes:read",
        "*": "project:read quota:read repository:list,read artifact:list,read tag:list",
    },
}


def load():
    document = json.loads((RIG / "recordings" / "recordings.json").read_text())
    for exchange in document["exchanges"]:
        exchange["shown"] = document["bodies"][exchange["shown"]]
    return document["exchanges"]


def not_served():
    """[(name or prefix*, reason)] of not_served.txt."""
    lines = (RIG / "not_served.txt").read_text().splitlines()
    parts = [line.partition("  ") for line in lines if line and not line.startswith("#")]
    return [(name, reason.strip()) for name, _, reason in parts]


def covers(pattern, name):
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class Replay:
    """One pass over all exchanges: differences[name] = [what differs]."""

    def __init__(self, harbor: SimulatedHarbor, exchanges):
        self.harbor_, self.admin_ = harbor, harbor.client
        self.exchanges_, self.steps_ = exchanges, dict(UNRECORDED)
        self.recorded_ = {exchange["name"]: exchange for exchange in exchanges}
        self.digests_ = {}  # recorded -> ours
        self.manifests_ = {}  # "repository:tag" -> document
        self.pushed_ = {}  # "repository:tag" -> descriptor
        self.passwords_ = {"admin": ADMIN_PASSWORD, "typo": "Right1Password"}
        self.logins_ = {"wrong": ("typo", "Wrong1Password"), "admin": ("admin", ADMIN_PASSWORD)}
        self.old_secret_ = self.upload_ = self.pull_token_ = ""
        self.connection_ = http.client.HTTPConnection("127.0.0.1", harbor.port)
        self.differences = {}

    def run(self):
        for exchange in self.exchanges_:
            name = exchange["name"]
            for pattern in [pattern for pattern in self.steps_ if covers(pattern, name)]:
                self.steps_.pop(pattern)(self)
            status, headers, body = self.send(exchange)
            self.learn(exchange, status, body)
            self.differences[name] = differences(exchange, status, headers, body)
        self.connection_.close()
        self.admin_.close()
        return self.differences

    # one exchange

    def send(self, exchange):
        body = self.ours(self.body(exchange)).encode("utf-8")
        if exchange["name"] == "v2_blob_put_quota_exceeded__z":
            body = b"q" * 200253
        self.connection_.putrequest(
            exchange["method"], self.target(exchange, body), skip_host=True, skip_accept_encoding=True
        )
        headers = [[name, self.ours(value)] for name, value in exchange.get("headers", [])]
        if not any(name == "Host" for name, _ in headers):
            headers.append(["Host", RECORDED_HOST])
        headers.insert(0, ["Accept", "*/*"])  # whoever recorded them sent it with each request
        if authorization := self.authorization(exchange):
            headers.append(["Authorization", authorization])
        if body or exchange["method"] in ("POST", "PUT", "PATCH"):
            headers.append(["Content-Length", str(len(body))])
        for name, value in headers:
            self.connection_.putheader(name, value)
        self.connection_.endheaders(body)
        response = self.connection_.getresponse()
        data = response.read()
        if response.will_close:
            self.connection_.close()
        return response.status, response.headers, data

    def ours(self, text):
        return DIGEST.sub(lambda match: self.digests_.get(match[0], match[0]), text)

    def body(self, exchange):
        """The recorded body with a real secret where one was taken out."""
        weak = exchange["name"] == "robot_patch__weak_secret__admin"
        text = exchange.get("body", "")
        return text.replace("PLACEHOLDER", "weak" if weak else "Some1Password")

    def target(self, exchange, body):
        if exchange["name"] == "v2_blob_put_quota_exceeded__z":
            digest = hashlib.sha256(body).hexdigest()
            return f"{self.upload_}&digest=sha256:{digest}"
        target = self.ours(exchange["target"])
        if exchange["method"] == "PUT" and "/manifests/sha256:" in target:
            digest = hashlib.sha256(self.ours(self.body(exchange)).encode()).hexdigest()
            return DIGEST.sub(f"sha256:{digest}", target)
        return target

    def authorization(self, exchange):
        if exchange.get("bearer"):
            return "Bearer " + self.token(exchange)
        if exchange["name"].startswith("auth__basic_garbage"):
            return "Basic not-base64!"
        caller = exchange["caller"]
        if caller == "anonymous":
            return ""
        name, password = self.logins_.get(caller) or ("robot$priv+pullonly", "Bad1Secret")
        if caller == "pullold":
            password = self.old_secret_
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    def token(self, exchange):
        name = exchange["name"]
        if "garbage" in name:
            return "garbage"
        if name == "auth__bearer_empty_api":
            return ""
        if name.startswith(("pullrobot_bearer", "robot_deleted__bearer")):
            return self.pull_token_
        path = urlsplit(exchange["target"]).path.split("/")
        scope = f"repository:{path[2]}/{path[3]}:pull,push" if len(path) > 4 else ""
        client = self.admin_.as_caller(*self.logins_.get(name.rpartition("__")[2], self.logins_["admin"]))
        try:
            return self.token_of(client, scope)
        finally:
            client.close()

    @staticmethod
    def token_of(client, scope):
        path = "/service/token?service=harbor-registry" + (f"&scope={scope}" if scope else "")
        return json.loads(client.expect([200], "GET", path)[1])["token"]

    def learn(self, exchange, status, body):
        """Remembers the secrets that answers show."""
        name = exchange["name"]
        if status not in (200, 201):
            return
        callers = {"robot_create__system_max__admin": "sysrobot",
                   "robot_create__project_max_priv__admin": "projrobot",
                   "robot_create__pullonly_priv__admin": "pullrobot"}
        if name in callers:
            made = json.loads(body)
            self.logins_[callers[name]] = (made["name"], made["secret"])
        if name == "robot_patch__empty_body__admin":
            robot, self.old_secret_ = self.logins_["pullrobot"]
            self.logins_["pullrobot"] = (robot, json.loads(body)["secret"])
        if name == "robot_patch__own_secret__admin":
            self.logins_["pullrobot"] = (self.logins_["pullrobot"][0], "Some1Password")

    # what was done and not recorded

    def add_users(self):
        self.logins_["dev"] = ("dev", "Some1Password")
        for name in ("lone", "padm", "typo"):
            self.admin_.make_user(name, self.passwords_.get(name, "Some1Password"))
            self.logins_.setdefault(name, (name, "Some1Password"))

    def push_images(self):
        for name, author, size, shared in IMAGES:
            self.push_image(name, author, size, shared)
        children = []
        for name, architecture in (("pub/multi:k1", "amd64"), ("pub/multi:k2", "arm64")):
            children.append((self.pushed_[name], {"architecture": architecture, "os": "linux"}))
        made = self.admin_.pusher.index("pub/multi", ["idx"], children)
        self.digests_[self.recorded_["artifact_index__admin"]["shown"]["digest"]] = made.digest
        for name, author, size, shared in LATER_IMAGES:
            self.push_image(name, author, size, shared)

    def push_image(self, name, author, size, shared):
        """An image of the recorded size in bytes; its layers' bytes are our own."""
        repository, _, tag = name.partition(":")
        config = config_of(author, 2 if shared else 1, "arm64" if author == "k2" else "amd64")
        layers = [b"b" * BASE_LAYER] if shared else []
        rest = size - len(config) - sum(map(len, layers))
        manifest, length = None, 0
        for _ in range(3):  # the manifest's length depends on the digits of the last size
            manifest = manifest_of(config, [*layers, filler(name, rest - length)])
            length = len(json.dumps(manifest))
        pusher = self.admin_.pusher
        for data in (config, *layers, filler(name, rest - length)):
            pusher.blob(repository, data)
        made = pusher.manifest(repository, None if tag in UNTAGGED else tag, manifest)
        self.pushed_[name], self.manifests_[name] = made, manifest
        self.digests_[self.recorded_digest(author)] = made.digest
        self.digests_.setdefault(self.recorded_config(author), digest_of(config))

    def recorded_digest(self, author):
        for name in RECORDED_ARTIFACTS:
            for artifact in self.recorded_[name]["shown"]:
                if artifact.get("extra_attrs", {}).get("author") == f"probe{author}":
                    return artifact["digest"]
        return ""

    def recorded_config(self, author):
        manifests = {"priv/appv1": "pullrobot__own_manifest"}
        if author not in manifests:
            return ""
        return self.recorded_[manifests[author]]["shown"]["config"]["digest"]

    def pull_and_copy(self):
        headers = {"Accept": OCI_MANIFEST}
        self.admin_.expect([200], "GET", "/v2/priv/app/manifests/v1", headers=headers)
        manifest, pusher = self.manifests_["priv/app:v1"], self.admin_.pusher
        for part in [manifest["config"], *manifest["layers"]]:
            descriptor = Descriptor(part["mediaType"], part["digest"], part["size"])
            pusher.mount("priv/skop", descriptor, "priv/app")
        pusher.manifest("priv/skop", "s1", manifest)

    def start_upload(self):
        started, _ = self.admin_.expect([202], "POST", "/v2/z/big/blobs/uploads/")
        place = urlsplit(started["Location"])
        self.upload_ = f"{place.path}?{place.query}"

    def take_pull_token(self):
        client = self.admin_.as_caller(*self.logins_["pullrobot"])
        scopes = ("repository:priv/app:pull", "repository:pub/web:pull")
        self.pull_token_ = self.token_of(client, "&scope=".join(scopes))
        client.close()

    def push_parts(self, name):
        """The blobs of a recorded manifest, ours in its place with the same sizes."""
        exchange = self.recorded_[name]
        repository = "/".join(exchange["target"].split("/")[2:4])
        manifest = json.loads(exchange["body"])
        for part in [manifest["config"], *manifest["layers"]]:
            if not part.get("urls"):
                blob = filler(part["digest"], part["size"])
                self.digests_[part["digest"]] = self.admin_.pusher.blob(repository, blob).digest

    def push_foreign_parts(self):
        self.push_parts("v2_put_manifest_foreign_layer")

    def push_subject_parts(self):
        self.push_parts("v2_put_manifest_with_subject")

    def remove_second_tag(self):
        path = "/api/v2.0/projects/priv/repositories/app/artifacts/v2/tags/v2b"
        self.admin_.expect([200], "DELETE", path)

    def hang_components(self):
        self.harbor_.take_down("jobservice", "portal", "registryctl", "volume")

    def seed_thousands(self):
        self.harbor_.take_down()
        self.harbor_.seed_many(projects=1000, registries=1000)

    def make_least_robots(self):
        for name, rights in LEAST_RIGHTS.items():
            client, _ = self.admin_.make_robot(name, rights)
            self.logins_[name] = (client.username, client.password)


IMAGES = [
    ("priv/app:v1", "priv/appv1", 231461, True),
    ("priv/app:v2", "priv/appv2", 231467, True),
    ("priv/app:v3", "priv/appv3", 231470, True),
    ("priv/a/b:v1", "priv/a/bv1", 231465, True),
    ("priv/a/b:v2", "priv/a/bv2", 231467, True),
    ("priv/a/b:v3", "priv/a/bv3", 231465, True),
    ("pub/web:v1", "pub/webv1", 231467, True),
    ("pub/web:v2", "pub/webv2", 231457, True),
    ("pub/web:v3", "pub/webv3", 231464, True),
    ("pub/multi:k1", "k1", 40933, False),
    ("pub/multi:k2", "k2", 50944, False),
]
LATER_IMAGES = [
    ("12345/num:1", "num", 211412, True),
    ("pub/untag:untag", "untag", 12882, False),
    ("priv/empty:gone", "gone", 20930, False),
]
UNTAGGED = ("k1", "k2", "untag")
RECORDED_ARTIFACTS = (
    "project_artifacts_priv__admin", "artifacts_pub_web__admin", "artifacts_untag__plain__admin",
    "artifacts_multi__q_base_all__admin", "numeric__projects_12345_artifacts__name_true__admin",
)
# Before the first exchange that a pattern covers.
UNRECORDED = {
    "member_add__dev_developer_priv__admin": Replay.add_users,
    "artifact_delete__priv_empty__admin": Replay.push_images,
    "api_version__admin": Replay.pull_and_copy,
    "v2_blob_put_quota_exceeded__z": Replay.start_upload,
    "pullrobot_bearer__*": Replay.take_pull_token,
    "csrf__*": Replay.remove_second_tag,
    "v2_put_manifest_foreign_layer": Replay.push_foreign_parts,
    "v2_put_manifest_with_subject": Replay.push_subject_parts,
    "health__blackholed_components__anonymous": Replay.hang_components,
    "registries_page1_of_1000__sysrobot": Replay.seed_thousands,
    "leastpriv_*": Replay.make_least_robots,
    "outage_db_down*": lambda replay: replay.harbor_.take_down("database"),
    "outage_redis_down*": lambda replay: replay.harbor_.take_down("redis"),
    "outage_registry_down*": lambda replay: replay.harbor_.take_down("registry"),
}


def filler(name, size):
    return (name.encode() * (size // len(name) + 1))[:size]


def config_of(author, layers, architecture):
    """The recorded configurations, byte for byte but for the layers' digests."""
    created = "2026-01-01T00:00:00Z"
    config = {"architecture": architecture, "os": "linux", "created": created}
    config |= {"author": f"probe{author}", "config": {"Env": ["A=1"]}}
    config["rootfs"] = {"type": "layers", "diff_ids": [digest_of(bytes([n])) for n in range(layers)]}
    config["history"] = [{"created": created}] * layers
    return json.dumps(config).encode()


def manifest_of(config, layers):
    parts = [("config.v1+json", config), *(("layer.v1.tar+gzip", layer) for layer in layers)]
    described = [
        {"mediaType": OCI + kind, "digest": digest_of(data), "size": len(data)} for kind, data in parts
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    return document | {"config": described[0], "layers": described[1:]}


# comparing


def general(text):
    """A text without digests, upload ids and what else is ours alone."""
    text = UPLOAD.sub("<upload>", DIGEST.sub("<digest>", text))
    text = re.sub(r"but \[(.*)\] are", lambda match: str(sorted(match[1].split(","))), text)
    if "dial tcp" in text:
        text = re.sub(r"127\.0\.0\.1:\d+", "<address>", text)
    return re.sub(r"_state=[^&]*", "_state=<state>", text)


def differences(exchange, status, headers, body):
    """What of an answer is not as recorded, each as a line."""
    found = []
    if status != exchange["status"]:
        found.append(f"status: recorded {exchange['status']}, here {status} {body[:200]!r}")
    for name in COMPARED_HEADERS:
        recorded, ours = exchange["answer"].get(name), headers.get(name)
        if general(recorded or "") != general(ours or "") or (recorded is None) != (ours is None):
            found.append(f"{name}: recorded {recorded!r}, here {ours!r}")
    if exchange["method"] != "HEAD":
        found += body_differences(exchange["shown"], body)
    return found


def body_differences(recorded, body):
    if recorded == "html page":
        return [] if b"<html>" in body.lower() else [f"body: recorded a page, here {body[:80]!r}"]
    text = body.decode("utf-8", "replace")
    if isinstance(recorded, str):
        return [] if general(recorded).strip() == general(text).strip() else [f"body: {recorded!r}, here {text!r}"]
    try:
        return list(value_differences("", recorded, json.loads(text)))
    except ValueError:
        return [f"body: recorded JSON, here {text[:80]!r}"]


def entry_order(entry):
    return [str(entry.get(key)) for key in ("kind", "namespace", "resource", "action")]


def value_differences(path, recorded, ours):
    key = path.rpartition(".")[2]
    if type(recorded) is not type(ours):
        yield f"{path}: recorded {recorded!r}, here {ours!r}"
    elif isinstance(recorded, dict):
        if recorded.keys() != ours.keys():
            yield f"{path}: keys {sorted(recorded.keys() ^ ours.keys())} on one side only"
        for name in recorded.keys() & ours.keys():
            yield from value_differences(f"{path}.{name}", recorded[name], ours[name])
    elif isinstance(recorded, list):
        if key in UNORDERED:
            recorded, ours = (sorted(entries, key=entry_order) for entries in (recorded, ours))
        if len(recorded) != len(ours):
            yield f"{path}: recorded {len(recorded)} entries, here {len(ours)}"
        for number, pair in enumerate(zip(recorded, ours)):
            yield from value_differences(f"{path}[{number}]", *pair)
    elif key in TIMES:
        if (recorded[:4] == "0001") != (ours[:4] == "0001") or len(recorded) != len(ours):
            yield f"{path}: recorded {recorded}, here {ours}"
    elif key in IDS or key in FREE:
        return
    elif general(str(recorded)) != general(str(ours)):
        yield f"{path}: recorded {recorded!r}, here {ours!r}"
