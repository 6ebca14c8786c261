"""Spaces and robots of the Harbor plugin, made over the daemon's road (tests/drivers/changes.cpp).

Everything but the tests marked [simulated] runs unchanged against the Harbor that the environment names.
"""

import json
import os
import shutil
import subprocess
import time
from urllib.parse import urlsplit

import pytest
from harbor_world import before, requests_of
from rigs.simulated_harbor import HarborClient, HarborUnderTest, SimulatedHarbor

DAY_MS = 86_400_000


class Refused(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.hint = error["code"], error["message"], error["hint"]


class Changes:
    """changes("create_space", name, "private") as the plugin gives it; raises Refused."""

    def __init__(self, build, caller):
        self.build, self.caller = build, caller

    def as_caller(self, caller):
        return Changes(self.build, caller)

    def __call__(self, *words):
        line = [self.build / "bin/driver_changes", self.build / "lib/portolan/plugins", "harbor", self.caller.url,
                self.caller.username, *map(str, words)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PORTOLAN_DRIVER_PASSWORD": self.caller.password})
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if "error" in answer:
            assert self.caller.password not in done.stdout
            raise Refused(answer["error"])
        return answer["result"]


@pytest.fixture(scope="module")
def harbor():
    with HarborUnderTest() as under_test:
        yield under_test


@pytest.fixture(scope="module")
def admin(harbor):
    return harbor.client


@pytest.fixture
def changes(portolan, admin):
    return Changes(portolan.build, admin)


@pytest.fixture
def simulated(portolan):
    with SimulatedHarbor() as harbor:
        harbor.changes = Changes(portolan.build, harbor.client)
        yield harbor


@pytest.fixture
def name(admin):
    """A project name of this test's, gone at its end."""
    made = admin.unique("made")
    yield made
    if admin.request("HEAD", f"/api/v2.0/projects?project_name={made}")[0] == 200:
        admin.remove_repositories(f"/api/v2.0/projects/{made}")
        admin.request("DELETE", f"/api/v2.0/projects/{made}")


@pytest.fixture
def prefix(admin, changes):
    """What this test's robots are called; they are gone at its end."""
    made = admin.unique("portolan")
    yield made
    for robot in changes("list_robots", made):
        changes("revoke_robot", robot["id"])


@pytest.fixture(scope="module")
def projects(admin):
    """Two private projects with an image app:v1 in each."""
    made = [admin.unique(word) for word in ("blue", "green")]
    for project in made:
        admin.make_project(project)
        admin.push_image(f"{project}/app", "v1")
    return made


def refused(changes, *words):
    with pytest.raises(Refused) as caught:
        changes(*words)
    assert caught.value.message and caught.value.hint
    return caught.value


# spaces


def test_a_space_is_made_once_and_read_back(changes, admin, name):
    made = changes("create_space", name, "private")
    row = admin.get(f"/projects/{name}")
    assert row["metadata"]["public"] == "false"
    assert made == {"name": name, "id": str(row["project_id"]), "visibility": "private", "repositories": 0}
    assert changes("create_space", name, "private") == made
    error = refused(changes, "create_space", name, "public")
    assert error.code == "conflict" and "private" in error.message
    assert admin.get(f"/projects/{name}")["metadata"]["public"] == "false"


def test_a_space_is_opened_and_closed(changes, admin, name):
    assert changes("create_space", name, "public")["visibility"] == "public"
    for word, flag in (("private", "false"), ("private", "false"), ("public", "true")):
        assert changes("set_visibility", name, word)["visibility"] == word
        assert admin.get(f"/projects/{name}")["metadata"]["public"] == flag


def test_a_space_that_holds_images_stays(changes, admin, name):
    changes("create_space", name, "private")
    for repository in ("a", "b"):
        admin.push_image(f"{name}/{repository}", "v1")
    error = refused(changes, "remove_space", name)
    assert error.code == "conflict" and "2 repositories" in error.message
    admin.remove_repositories(f"/api/v2.0/projects/{name}")
    for _ in range(2):  # gone already is fine
        assert changes("remove_space", name) is None
    assert refused(changes, "set_visibility", name, "public").code == "not_found"


def test_a_name_of_digits_is_no_id(changes, admin, name):
    changes("create_space", name, "private")
    digits = str(admin.get(f"/projects/{name}")["project_id"])
    changes("create_space", digits, "private")
    try:
        changes("set_visibility", digits, "public")
        assert admin.get(f"/projects/{name}")["metadata"]["public"] == "false"
    finally:
        changes("remove_space", digits)
    assert admin.get(f"/projects/{name}")["name"] == name


@pytest.mark.parametrize("wrong", ["Upper", "two words", "*", "a/b", "trailing-"])
def test_a_name_that_harbor_cannot_have_is_an_invalid_argument(changes, wrong):
    assert refused(changes, "create_space", wrong, "private").code == "invalid_argument"


def test_a_robot_with_the_rights_makes_spaces_too(changes, admin, name):
    rights = {"/": "project:list,create", "*": "project:read,update,delete"}
    robot = changes.as_caller(admin.make_robot(admin.unique("maker"), rights)[0])
    assert robot("create_space", name, "private")["visibility"] == "private"
    assert robot("set_visibility", name, "public")["visibility"] == "public"
    for _ in range(2):  # Harbor tells a robot 403 of a project that is gone
        robot("remove_space", name)


def test_who_may_not_is_told_so(changes, admin, projects, prefix):
    dev = changes.as_caller(admin.make_user(admin.unique("dev"), "Some-password-1"))
    for words in (("remove_space", projects[0]), ("set_visibility", projects[0], "public"),
                  ("issue_robot", prefix, 0, projects[0]), ("list_robots", prefix)):
        assert refused(dev, *words).code == "forbidden"
    assert admin.get(f"/projects/{projects[0]}")["metadata"]["public"] == "false"
    assert dev("remove_space", admin.unique("nothing")) is None


# robots


def skopeo(*words):
    """True when it worked; False when it was refused."""
    done = subprocess.run(["skopeo", *map(str, words)], capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return True
    assert "unauthorized" in done.stderr or "denied" in done.stderr or "invalid username" in done.stderr, done.stderr
    return False


class Node:
    """What a cluster's node can do with a login."""

    def __init__(self, admin, robot, folder):
        self.host, self.folder = urlsplit(admin.url).netloc, folder
        self.login = f"{robot['username']}:{robot['secret']}"

    def pull(self, image, to="pulled"):
        target = self.folder / to
        shutil.rmtree(target, ignore_errors=True)
        return skopeo("copy", "--src-tls-verify=false", f"--src-creds={self.login}", f"docker://{self.host}/{image}",
                      f"dir:{target}") and (target / "manifest.json").exists()

    def push(self, image):
        return skopeo("copy", "--dest-tls-verify=false", f"--dest-creds={self.login}", f"dir:{self.folder / 'kept'}",
                      f"docker://{self.host}/{image}")


def test_a_robot_pulls_what_it_was_given_and_nothing_else(changes, admin, projects, prefix, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo: apt-get install skopeo")
    blue, green = projects
    robot = changes("issue_robot", f"{prefix}-w1", 0, blue)
    assert robot["username"].endswith(f"{prefix}-w1") and robot["expires_ms"] == -1
    node = Node(admin, robot, tmp_path)
    assert node.pull(f"{blue}/app:v1", to="kept")
    assert not node.pull(f"{green}/app:v1")
    assert not node.push(f"{blue}/app:v2")

    both = changes("rewrite_robot", robot["id"], blue, f"{green}+push")
    assert (both["id"], both["username"], both["secret"]) == (robot["id"], robot["username"], "")
    assert node.pull(f"{blue}/app:v1") and node.pull(f"{green}/app:v1")
    assert node.push(f"{green}/new:v2") and node.pull(f"{green}/new:v2")
    assert not node.push(f"{blue}/app:v2")

    changes("rewrite_robot", robot["id"], green)
    assert not node.pull(f"{blue}/app:v1")
    assert node.pull(f"{green}/app:v1") and not node.push(f"{green}/new:v3")

    for _ in range(2):  # gone already is fine
        changes("revoke_robot", robot["id"])
    assert not node.pull(f"{green}/app:v1")
    assert refused(changes, "rewrite_robot", robot["id"], blue).code == "not_found"


def test_a_space_made_public_is_pulled_by_anybody(changes, admin, projects, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo: apt-get install skopeo")
    image = f"docker://{urlsplit(admin.url).netloc}/{projects[0]}/app:v1"
    line = ("copy", "--src-tls-verify=false", image, f"dir:{tmp_path / 'pulled'}")
    assert not skopeo(*line)
    changes("set_visibility", projects[0], "public")
    assert skopeo(*line)
    changes("set_visibility", projects[0], "private")
    assert not skopeo(*line)


def test_what_a_robot_may_is_exactly_what_it_was_given(changes, admin, projects, prefix):
    blue, green = projects
    robot = changes("issue_robot", prefix, 7, blue, f"{green}+push", blue)
    assert abs(robot["expires_ms"] - time.time() * 1000 - 7 * DAY_MS) < 600_000
    view = admin.get(f"/robots/{robot['id']}")
    rights = {entry["namespace"]: sorted(access["action"] for access in entry["access"])
              for entry in view["permissions"]}
    assert rights == {blue: ["pull"], green: ["pull", "push"]}
    assert (view["level"], view["disable"], view["name"]) == ("system", False, robot["username"])
    assert {entry["kind"] for entry in view["permissions"]} == {"project"}
    changes("rewrite_robot", robot["id"], green)
    after = admin.get(f"/robots/{robot['id']}")
    assert (after["description"], after["duration"]) == (view["description"], view["duration"])
    assert [entry["namespace"] for entry in after["permissions"]] == [green]


def test_a_robot_that_cannot_be_issued_says_why(changes, projects, prefix):
    changes("issue_robot", prefix, 0, projects[0])
    assert refused(changes, "issue_robot", prefix, 0, projects[0]).code == "conflict"
    assert refused(changes, "issue_robot", prefix.upper(), 0, projects[0]).code == "invalid_argument"
    assert refused(changes, "issue_robot", f"{prefix}-2", 0).code == "invalid_argument"
    assert refused(changes, "issue_robot", f"{prefix}-2", 0, "*").code == "invalid_argument"
    error = refused(changes, "issue_robot", f"{prefix}-2", 0, projects[0], f"{prefix}-nothing")
    assert error.code == "not_found" and f"{prefix}-nothing" in error.message
    assert len(changes("list_robots", prefix)) == 1


def test_a_space_of_the_same_name_is_another_one(changes, admin, name, prefix, projects):
    changes("create_space", name, "private")
    robot = changes("issue_robot", prefix, 0, name, projects[0])
    changes("remove_space", name)
    changes("create_space", name, "private")
    rights = [entry["namespace"] for entry in admin.get(f"/robots/{robot['id']}")["permissions"]]
    assert rights == [projects[0]]
    changes("rewrite_robot", robot["id"], name, projects[0])
    changes("remove_space", name)
    error = refused(changes, "rewrite_robot", robot["id"], name)
    assert error.code == "not_found" and name in error.message


def test_robots_are_found_by_the_beginning_of_their_name(changes, admin, projects, prefix):
    ours = [changes("issue_robot", f"{prefix}-{number}", 0, projects[0]) for number in range(2)]
    changes("issue_robot", f"{prefix}x", 0, projects[0])
    found = changes("list_robots", f"{prefix}-")
    assert sorted((r["id"], r["username"], r["secret"]) for r in found) == sorted(
        (r["id"], r["username"], "") for r in ours)
    assert changes("list_robots", f"x-{prefix}") == []


# what goes wrong


def test_read_only_mode_is_named(changes, admin, name, prefix, projects):
    admin.expect([200], "PUT", "/api/v2.0/configurations", {"read_only": True})
    try:
        for words in (("create_space", name, "private"), ("remove_space", projects[0]),
                      ("set_visibility", projects[0], "public"), ("issue_robot", prefix, 0, projects[0])):
            error = refused(changes, *words)
            assert error.code == "unavailable" and "read-only" in error.message
        assert changes("list_robots", prefix) == []
    finally:
        admin.expect([200], "PUT", "/api/v2.0/configurations", {"read_only": False})


def test_a_wrong_password_is_tried_once(changes, harbor, admin, name):
    user = admin.make_user(admin.unique("locked"), "Some-password-1")
    with before(harbor) as front:
        wrong = HarborClient(front.home, user.username, "Not-the-one-1")
        assert refused(changes.as_caller(wrong), "create_space", name, "private").code == "unauthorized"
    assert requests_of(front)["GET /api/v2.0/users/current"] == 1
    assert "POST /api/v2.0/projects" not in requests_of(front)


# what only a simulation lets one do


def test_all_pages_of_robots_are_read_and_harbors_prefix_is_known(simulated):  # [simulated]
    client, changes = simulated.client, simulated.changes
    client.make_project("team")
    client.expect([200], "PUT", "/api/v2.0/configurations", {"robot_name_prefix": "bot-x$"})
    for number in range(230):
        client.make_robot(f"{'ours' if number % 2 else 'other'}-{number}", {"/": "project:list"})
    issued = changes("issue_robot", "ours-team", 0, "team")
    assert issued["username"] == "bot-x$ours-team"
    found = changes("list_robots", "ours-")
    assert len(found) == 116 and issued["username"] in {robot["username"] for robot in found}


def test_a_database_that_is_down_is_unavailable(simulated):  # [simulated]
    simulated.take_down("database")
    for words in (("create_space", "other", "private"), ("issue_robot", "ci", 0, "team")):
        assert refused(simulated.changes, *words).code == "unavailable"
