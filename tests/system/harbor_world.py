"""What the Harbor tests share: a world with known numbers, callers, and readers of the program's answers."""

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest
from rigs.hostile import Upstream
from rigs.push import push_many
from rigs.simulated_harbor import HarborUnderTest, SimulatedHarbor

PASSWORD = "kanarie-7f3a-Correct-horse"
PROJECT_RIGHTS = "project:read quota:read repository:list,read artifact:list,read tag:list"
LEAST = {"/": "quota:list project:list catalog:read system-volumes:read", "*": PROJECT_RIGHTS}


class World:
    """A public, a private and an empty project, whose numbers are known, on a Harbor that others may use too."""

    def __init__(self, harbor):
        self.harbor, self.admin = harbor, harbor.client
        self.open, self.team, self.other = (self.admin.unique(name) for name in ("open", "team", "other"))
        self.admin.make_project(self.open, public=True)
        self.admin.make_project(self.team)
        self.admin.make_project(self.other)
        pusher = self.admin.pusher
        pusher.image(f"{self.open}/web", ["v1", "latest"], [b"shared layer"])
        pusher.image(f"{self.team}/app", ["v1"], [b"shared layer", b"one"])
        pusher.image(f"{self.team}/app", ["v2"], [b"shared layer", b"two"])
        pusher.image(f"{self.team}/app", [], [b"untagged"])
        children = [pusher.image(f"{self.team}/a/b", tags, [text]) for tags, text in (([], b"x"), (["arm"], b"yy"))]
        pusher.index(f"{self.team}/a/b", ["multi"], children)
        self.dev = self.admin.make_user(self.admin.unique("dev"), PASSWORD)
        self.lone = self.admin.make_user(self.admin.unique("lone"), PASSWORD)
        self.admin.add_member(self.team, self.dev.username, 2)

    #: space -> (repositories, artifacts, tags): an index is one artifact, its tagged child another
    counts = {"open": (1, 1, 2), "team": (2, 5, 4), "other": (0, 0, 0)}

    def robot(self, permissions, **options):
        return self.admin.make_robot(self.admin.unique("robot"), permissions, **options)[0]

    def used(self, project):
        return self.admin.get(f"/projects/{project}/summary")["quota"]["used"]["storage"]


class Crowd:
    """More than a page of projects, the first with more than a page of repositories, all made through the API."""

    projects, repositories, tags = 106, 130, ("v1", "v2", "v3")

    def __init__(self, harbor):
        self.harbor, self.admin = harbor, harbor.client
        rights = {"/": "project:create", "*": "project:read,delete repository:list,read,pull,push,delete"}
        # Each request with a password would cost a real Harbor a hundred times as much.
        self.maker, _ = self.admin.make_robot(self.admin.unique("maker"), rights)
        prefix = self.admin.unique("crowd")
        self.names = [f"{prefix}-{number:03}" for number in range(self.projects)]
        for name in self.names:
            self.maker.make_project(name)
        self.images = [f"{self.names[0]}/r{number:03}" for number in range(self.repositories)]
        push_many(self.maker, self.images, self.tags)

    def remove(self):
        self.maker.remove_made()
        self.maker.close()


@pytest.fixture(scope="module")
def crowd():
    with HarborUnderTest() as harbor:
        crowd = Crowd(harbor)
        try:
            yield crowd
        finally:
            crowd.remove()


def before(harbor, tls=None):
    """A front end before a Harbor that is spoken to without TLS: it sees every request, and may speak TLS itself."""
    place = urlsplit(harbor.url)
    return Upstream({}, backend=(place.hostname, place.port), tls=tls)


def requests_of(front):
    """How often each "METHOD path" was asked."""
    return Counter(f"{seen.method} {urlsplit(seen.target).path}" for seen in front.seen)


@pytest.fixture(scope="module")
def world():
    with HarborUnderTest() as harbor:
        yield World(harbor)


@pytest.fixture
def simulated():
    with SimulatedHarbor() as harbor:
        yield harbor


@pytest.fixture
def ask(portolan):
    """ask(command, caller, *options) -> Result, with the caller's password in the environment."""

    def run(command, caller, *options, address=None, output="json", **more):
        return portolan(*line(command, caller, *options, address=address, output=output),
                        env={"HARBOR_PASSWORD": caller.password}, secrets=(caller.password,), **more)

    return run


def line(command, caller, *options, address=None, output="json"):
    words = command.split() + ["--type", "harbor", "--address", address or caller.url, "--username", caller.username]
    return [*words, "--password-from", "env:HARBOR_PASSWORD", "--allow-plain-http", "-o", output, *options]


def document(folder, caller, address=None):
    spec = {"name": "harbor", "type": "harbor", "address": address or caller.url, "allowPlainHttp": True,
            "credentials": {"username": caller.username, "passwordFrom": {"env": "HARBOR_PASSWORD"}}}
    file = folder / "fleet.json"
    file.write_text(json.dumps({"apiVersion": "portolan.dev/v1", "kind": "Manifest", "metadata": {"name": "test"},
                                "spec": {"registries": [spec]}}))
    return file


def registry_of(result):
    return result.json()["registries"][0]


def checks_of(result):
    return {check["name"]: check for check in registry_of(result)["validation"]["checks"]}


def by_name(measures):
    found = {(m["name"], m["kind"]): m for m in measures}
    assert len(found) == len(measures)
    return found


def numbers(result):
    """({(name, kind): measure}, {space: {(name, kind): measure}}, complete)"""
    assert result.code == 0, result.stderr + result.stdout
    statistics = registry_of(result)["statistics"]
    spaces = {s["name"]: by_name(s["measures"]) for s in statistics["spaces"]}
    return by_name(statistics["measures"]), spaces, statistics["complete"]


def short(measure):
    return measure["value"], measure["state"], measure["visibility"]


def all_of(caller, path):
    rows, page = [], 1
    while found := caller.get(f"{path}?page={page}&page_size=100"):
        rows, page = rows + found, page + 1
        if len(found) < 100:
            break
    return rows


def truth(caller):
    """What the caller's own lists add up to, counted by other means than the plugin's."""
    projects, repositories = all_of(caller, "/projects"), all_of(caller, "/repositories")
    public = [p for p in projects if p["metadata"]["public"] == "true"]
    return {
        "spaces": len(projects),
        "spaces_public": len(public),
        "spaces_private": len(projects) - len(public),
        "repositories": len(repositories),
        "repositories_public": sum(p["repo_count"] for p in public),
        "repositories_private": len(repositories) - sum(p["repo_count"] for p in public),
        "artifacts": sum(r["artifact_count"] for r in repositories),
    }


def assert_totals(found, expected, visibility):
    for name, value in expected.items():
        assert short(found[name, None]) == (value, "known", visibility), name
