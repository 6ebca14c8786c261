"""What a simulated Harbor knows: users, projects, robots, repositories, artifacts and blobs.

Nothing here knows HTTP or who is asking. One event loop owns a State; it is not locked.
"""

import itertools
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone

from rigs import push
from rigs.push import digest_of

ZERO_TIME = "0001-01-01T00:00:00.000Z"
INDEX_TYPES = {push.OCI_INDEX, push.DOCKER_LIST}
IMAGE_CONFIGS = {push.OCI_CONFIG, push.DOCKER_CONFIG}


def now():
    stamp = datetime.now(timezone.utc)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"


def json_object(data):
    """The object in data, or an empty one for anything else."""
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def parts_of(document):
    """The descriptors of a manifest's layers and configuration."""
    config = [document["config"]] if "config" in document else []
    return [*document.get("layers", []), *config]


@dataclass
class User:
    id: int
    username: str
    password: str
    email: str = ""
    realname: str = ""
    comment: str = ""
    sysadmin: bool = False
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)


@dataclass
class Member:
    id: int
    user_id: int
    role: int


@dataclass
class Project:
    id: int
    name: str
    owner_id: int
    metadata: dict
    quota_id: int
    limit: int = -1
    registry_id: int = 0
    members: list = field(default_factory=list)
    repositories: dict = field(default_factory=dict)  # full name -> Repository
    blobs: dict = field(default_factory=dict)  # digest -> size, what the quota counts
    links: set = field(default_factory=set)  # (repository, digest) of blobs, until a collection
    used: int = 0
    created: str = field(default_factory=now)
    quota_updated: str = field(default_factory=now)

    @property
    def public(self):
        return self.metadata.get("public") == "true"


@dataclass
class Tag:
    id: int
    name: str
    artifact_id: int
    push_time: str = field(default_factory=now)
    pull_time: str = ZERO_TIME


@dataclass
class Artifact:
    id: int
    digest: str
    manifest: bytes
    media_type: str  # of the manifest
    document: dict
    size: int
    blobs: dict  # digest -> size of everything it holds in the project's quota
    config: dict = field(default_factory=dict)
    push_time: str = field(default_factory=now)
    pull_time: str = ZERO_TIME
    tags: dict = field(default_factory=dict)

    @property
    def subject(self):
        return self.document.get("subject", {}).get("digest", "")

    @property
    def config_type(self):
        return self.document.get("config", {}).get("mediaType", "")

    @property
    def artifact_type(self):
        return self.document.get("artifactType") or self.config_type

    @property
    def children(self):
        return self.document.get("manifests", []) if self.media_type in INDEX_TYPES else []


@dataclass
class Repository:
    id: int
    name: str  # with its project
    project: Project
    description: str = ""
    pull_count: int = 0
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)
    artifacts: dict = field(default_factory=dict)  # digest -> Artifact

    @property
    def short_name(self):
        return self.name.split("/", 1)[1]

    def tags(self):
        return {name: a for a in self.artifacts.values() for name in a.tags}

    def find(self, reference):
        """The artifact of a digest or tag, or None."""
        if reference in self.artifacts:
            return self.artifacts[reference]
        return next((a for a in self.artifacts.values() if reference in a.tags), None)

    def children(self):
        return {c["digest"] for a in self.artifacts.values() for c in a.children}

    def accessories(self):
        return [a for a in self.artifacts.values() if a.subject in self.artifacts]

    def listed(self):
        """What lists and counts show: no untagged child of an index and no accessory."""
        children = self.children()
        return [
            a
            for a in self.artifacts.values()
            if (a.tags or a.digest not in children) and a.subject not in self.artifacts
        ]


@dataclass
class Robot:
    id: int
    name: str  # full, with prefix and project
    level: str
    permissions: list
    secret: str
    duration: int
    project_id: int = 0
    description: str = ""
    disabled: bool = False
    creator_type: str = "local"
    creator_ref: int = 1
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)
    expires_at: int = -1

    def __post_init__(self):
        self.allow(self.permissions)

    def allow(self, permissions):
        """Several entries of one namespace become one."""
        merged = {}
        for entry in permissions:
            held = merged.setdefault(entry["namespace"], entry | {"access": []})
            held["access"] += [a for a in entry["access"] if a not in held["access"]]
        self.permissions = list(merged.values())
        # "/", "*" or project name -> set of (resource, action)
        self.grants = {
            name: {(a["resource"], a["action"]) for a in entry["access"]}
            for name, entry in merged.items()
        }

    def live(self, days):
        """Days from its creation, however late that is said; -1: for ever."""
        self.duration = days
        begun = datetime.fromisoformat(self.created).timestamp()
        self.expires_at = -1 if days < 0 else int(begun) + days * 86400

    @property
    def usable(self):
        return not self.disabled and (self.expires_at < 0 or time.time() < self.expires_at)


class QuotaExceeded(Exception):
    """Says how many bytes were too many for which use and limit."""

    def __init__(self, adding, used, limit):
        super().__init__()
        self.adding, self.used, self.limit = adding, used, limit


class Referenced(Exception):
    """An artifact is part of an index and stays."""


class State:
    def __init__(self, admin_password):
        self.users = {}
        self.projects = {}
        self.by_name = {}
        self.robots = {}
        self.registries = {}  # id -> what the API shows of a registry endpoint
        self.blobs = {}  # digest -> bytes, of the whole registry
        self.uploads = {}  # id -> bytearray
        self.counted = {}  # digest -> size: blobs and manifests, deleted ones included
        self.ids_ = {}
        self.settings = {
            "project_creation_restriction": "everyone",
            "quota_per_project_enable": True,
            "read_only": False,
            "banner_message": "",
            "robot_name_prefix": "robot$",
        }
        admin = self.add_user("admin", admin_password, realname="system admin")
        admin.comment, admin.sysadmin = "admin user", True
        self.next_id("user")  # Harbor's second user is "anonymous"
        self.add_project("library", admin.id, {"public": "true"})

    def next_id(self, kind):
        return next(self.ids_.setdefault(kind, itertools.count(1)))

    # users and projects

    def add_user(self, username, password, email="", realname="", comment=""):
        user = User(self.next_id("user"), username, password, email, realname, comment)
        self.users[user.id] = user
        return user

    def find_user(self, login):
        """By name or e-mail address; case matters."""
        users = self.users.values()
        return next((u for u in users if login in (u.username, u.email)), None) if login else None

    def add_project(self, name, owner_id, metadata, limit=-1):
        project = Project(
            self.next_id("project"), name, owner_id, metadata, self.next_id("quota"), limit
        )
        self.projects[project.id] = self.by_name[name] = project
        self.add_member(project, owner_id, 1)
        return project

    def add_member(self, project, user_id, role):
        member = Member(self.next_id("member"), user_id, role)
        project.members.append(member)
        return member

    def delete_project(self, project):
        del self.projects[project.id], self.by_name[project.name]
        for robot in list(self.robots.values()):
            if robot.project_id == project.id:
                del self.robots[robot.id]
            robot.allow([p for p in robot.permissions if p["namespace"] != project.name])

    def repositories(self):
        return [r for project in self.projects.values() for r in project.repositories.values()]

    # robots

    def add_robot(self, name, level, permissions, duration, **more):
        robot = Robot(
            self.next_id("robot"), name, level, permissions, self.new_secret(), duration, **more
        )
        robot.live(duration)
        self.robots[robot.id] = robot
        return robot

    def find_robot(self, name):
        return next((r for r in self.robots.values() if r.name == name), None)

    @staticmethod
    def new_secret():
        return "A1a" + secrets.token_hex(15)[:29]

    # repositories, artifacts and blobs

    def add_blob(self, project, repository_name, data, digest):
        """Stores a blob for a repository; raises QuotaExceeded."""
        self.charge(project, {digest: len(data)})
        self.blobs[digest] = data
        project.links.add((repository_name, digest))

    def charge(self, project, blobs):
        """Counts blobs that the project does not hold yet; raises QuotaExceeded."""
        new = {d: size for d, size in blobs.items() if d not in project.blobs}
        adding = sum(new.values())
        if project.limit >= 0 and project.used + adding > project.limit:
            raise QuotaExceeded(adding, project.used, project.limit)
        project.blobs.update(new)
        project.used += adding
        project.quota_updated = now()
        self.counted.update(blobs)

    def repository(self, project, name):
        """The repository of that full name, made when it is new."""
        if name not in project.repositories:
            project.repositories[name] = Repository(self.next_id("repository"), name, project)
        return project.repositories[name]

    def missing_parts(self, project, repository_name, document):
        """Digests that a manifest names and the repository does not hold."""
        known = project.repositories.get(repository_name)
        children = [m["digest"] for m in document.get("manifests", [])]
        missing = [d for d in children if not known or d not in known.artifacts]
        stored = [p for p in parts_of(document) if p["mediaType"] != push.DOCKER_FOREIGN]
        digests = [part["digest"] for part in stored]
        return missing + [d for d in digests if (repository_name, d) not in project.links]

    def put_manifest(self, project, name, reference, data, media_type):
        """Stores a manifest, tags it when reference is a tag; returns its artifact."""
        document = json.loads(data)
        digest = digest_of(data)
        repository = project.repositories.get(name)
        artifact = repository.artifacts.get(digest) if repository else None
        if artifact is None:
            known = repository.artifacts if repository else {}
            artifact = self.make_artifact(known, digest, data, document, media_type)
            self.charge(project, artifact.blobs)
            repository = self.repository(project, name)
            repository.artifacts[digest] = artifact
            repository.updated = now()
        if not reference.startswith("sha256:"):
            self.tag(repository, artifact, reference)
        return artifact

    def make_artifact(self, known, digest, data, document, media_type):
        parts = parts_of(document)
        blobs = {p["digest"]: p["size"] for p in parts if p["mediaType"] != push.DOCKER_FOREIGN}
        blobs[digest] = len(data)
        size = len(data) + sum(p["size"] for p in parts)
        for child in document.get("manifests", []):
            held = known[child["digest"]]
            blobs.update(held.blobs)
            size += held.size
        made = Artifact(self.next_id("artifact"), digest, data, media_type, document, size, blobs)
        if made.config_type in IMAGE_CONFIGS:
            made.config = json_object(self.blobs.get(document["config"]["digest"], b""))
        return made

    def tag(self, repository, artifact, name):
        """A push of what is there already moves the tag's time, not the repository's."""
        for other in repository.artifacts.values():
            if other is not artifact:
                other.tags.pop(name, None)
        if name in artifact.tags:
            artifact.tags[name].push_time = now()
        else:
            artifact.tags[name] = Tag(self.next_id("tag"), name, artifact.id)
            repository.updated = now()

    @staticmethod
    def untag(repository, artifact, name):
        del artifact.tags[name]
        repository.updated = now()

    def delete_artifact(self, repository, artifact):
        """With the untagged children that no other index has. Raises Referenced for a child of an index."""
        if artifact.digest in repository.children():
            raise Referenced
        del repository.artifacts[artifact.digest]
        repository.updated = now()
        self.release(repository.project, artifact.blobs)
        for entry in artifact.children:
            child = repository.artifacts.get(entry["digest"])
            if child and not child.tags and child.digest not in repository.children():
                self.delete_artifact(repository, child)

    def delete_repository(self, repository):
        del repository.project.repositories[repository.name]
        gone = {d for artifact in repository.artifacts.values() for d in artifact.blobs}
        self.release(repository.project, gone)

    def release(self, project, gone):
        """Drops from the quota what is gone with an artifact and held by no other of the project."""
        repositories = project.repositories.values()
        held = {d for r in repositories for artifact in r.artifacts.values() for d in artifact.blobs}
        project.blobs = {d: s for d, s in project.blobs.items() if d in held or d not in gone}
        project.used = sum(project.blobs.values())
        project.quota_updated = now()

    # the simulation's own door: many projects without many requests

    def seed_many(self, projects=0, repositories=0, tags=0, registries=0, public_every=10):
        """Adds p0000.. with repositories spread evenly; each tag is an image of its own."""
        for number in range(registries):
            self.add_registry(f"reg{number:04d}")
        names = [f"p{number:04d}" for number in range(projects)]
        for number, name in enumerate(names):
            public = "true" if number % public_every == 0 else "false"
            self.add_project(name, 1, {"public": public})
        for number in range(repositories):
            project = self.by_name[names[number % projects]]
            self.seed_images(project, f"{project.name}/r{number:04d}", tags)

    def add_registry(self, name):
        number, made = self.next_id("registry"), now()
        self.registries[number] = {"id": number, "name": name, "type": "docker-registry"}
        self.registries[number] |= {"url": "http://127.0.0.1:5000", "insecure": True}
        self.registries[number] |= {"credential": {}, "status": "healthy"}
        self.registries[number] |= {"creation_time": made, "update_time": made}

    def seed_images(self, project, name, tags):
        self.repository(project, name)
        for number in range(1, tags + 1):
            layer = f"{name} layer {number}".encode()
            config = json.dumps({"architecture": "amd64", "os": "linux", "author": name}).encode()
            parts = []
            for data in (config, layer):
                self.add_blob(project, name, data, digest_of(data))
                parts.append({"digest": digest_of(data), "size": len(data)})
            parts[0]["mediaType"], parts[1]["mediaType"] = push.OCI_CONFIG, push.OCI_LAYER
            manifest = {"schemaVersion": 2, "mediaType": push.OCI_MANIFEST}
            manifest |= {"config": parts[0], "layers": parts[1:]}
            data = json.dumps(manifest).encode()
            self.put_manifest(project, name, f"v{number}", data, push.OCI_MANIFEST)
