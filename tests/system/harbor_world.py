"""What the Harbor tests share: a world with known numbers, callers, and readers of the program's answers."""

import json

import pytest
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
