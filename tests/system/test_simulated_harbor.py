"""What the simulated Harbor does beyond single recorded answers.

Tests that ask for `harbor` hold for a real one too, and are held against it when the environment names one; those
that ask for `simulated` are of the simulation's own handles, costs and faults.
"""

import base64
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
from rigs.certificates import Authority
from rigs.process import wait_for
from rigs.push import digest_of
from rigs.simulated_harbor import ADMIN_PASSWORD, HarborClient, HarborUnderTest, SimulatedHarbor
from rigs.simulated_harbor.client import access_list

TOKEN = "/service/token?service=harbor-registry"
WHO = "/api/v2.0/users/current"
PASSWORD = "Test1Password"
TESTS = os.path.dirname(os.path.dirname(__file__))


@pytest.fixture
def harbor():
    with HarborUnderTest() as harbor:
        yield harbor


@pytest.fixture
def simulated():
    with SimulatedHarbor() as harbor:
        yield harbor


def project(harbor, **options):
    """The name of a new project."""
    name = harbor.client.unique("project")
    harbor.client.make_project(name, **options)
    return name


def user(harbor):
    return harbor.client.make_user(harbor.client.unique("user"), PASSWORD)


def used_by(harbor, name):
    return harbor.client.get(f"/projects/{name}/summary")["quota"]["used"]["storage"]


def status(client, path, method="GET"):
    return client.request(method, path)[0]


# logging in


def test_a_wrong_password_locks_the_right_one_out_for_a_while(harbor):
    dev = user(harbor)
    wrong = dev.as_caller(dev.username, "wrong")
    waiting = threading.Thread(target=status, args=(wrong, TOKEN))
    begun = time.monotonic()
    waiting.start()
    wait_for(lambda: status(dev, WHO) == 401, "the lock to begin", 5)
    waiting.join()
    if harbor.simulated is None:
        assert time.monotonic() - begun >= 1.5
    wait_for(lambda: status(dev, WHO) == 200, "the lock to end", 5)


def test_a_lock_refuses_at_once_and_lasts_as_long_as_the_wrong_login_is_told():
    with SimulatedHarbor(lockout=1.0) as harbor:
        dev = user(harbor)
        waiting = threading.Thread(target=status, args=(dev.as_caller(dev.username, "wrong"), TOKEN))
        begun = time.monotonic()
        waiting.start()
        wait_for(lambda: status(dev, WHO) == 401, "the lock to begin", 5)
        assert time.monotonic() - begun < 1.0
        waiting.join()
        assert time.monotonic() - begun >= 1.0


def test_a_wrong_robot_secret_waits_and_locks_nobody(harbor):
    robot, _ = harbor.client.make_robot(harbor.client.unique("reader"), {"/": "project:list"})
    wrong = robot.as_caller(robot.username, "wrong")
    begun = time.monotonic()
    assert status(wrong, TOKEN) == 401
    assert time.monotonic() - begun >= (1.5 if harbor.simulated is None else 0.1)
    assert status(robot, TOKEN) == 200


def test_an_email_address_is_a_login_name_and_case_matters(harbor):
    dev = user(harbor)
    assert status(dev.as_caller(f"{dev.username}@example.org", PASSWORD), WHO) == 200
    assert status(dev.as_caller(dev.username.capitalize(), PASSWORD), WHO) == 401


def test_a_wrong_password_still_lists_public_projects_without_an_error(harbor):
    open_, closed = project(harbor, public=True), project(harbor)
    dev = user(harbor)
    harbor.client.add_member(closed, dev.username, 2)
    assert {open_, closed} <= {p["name"] for p in dev.get("/projects?page_size=100&sort=-project_id")}
    seen = {p["name"] for p in dev.as_caller(dev.username, "wrong").get("/projects?page_size=100&sort=-project_id")}
    assert open_ in seen and closed not in seen


# tokens


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def token_of(client, *scopes):
    query = "".join(f"&scope={scope}" for scope in scopes)
    return json.loads(client.expect([200], "GET", TOKEN + query)[1])["token"]


def bearer(harbor, token, path, method="GET"):
    nobody = HarborClient(harbor.url, "", "")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.oci.image.manifest.v1+json"}
    return nobody.request(method, path, headers=headers)[0]


def test_a_token_gives_all_that_its_owner_may_whatever_was_asked(harbor):
    name, dev = project(harbor), user(harbor)
    harbor.client.add_member(name, dev.username, 2)
    [entry] = claims_of(token_of(dev, f"repository:{name}/app:pull"))["access"]
    assert sorted(entry["actions"]) == ["pull", "push"]
    [entry] = claims_of(token_of(dev, "repository:other/app:pull"))["access"]
    assert entry["actions"] == []


def test_a_token_opens_the_whole_project_of_its_repository_and_an_altered_one_nothing(harbor):
    name, other = project(harbor), project(harbor)
    for repository in (f"{name}/app", f"{name}/deep/app", f"{other}/app"):
        harbor.client.push_image(repository, "v1")
    token = token_of(harbor.client, f"repository:{name}/app:pull")
    assert bearer(harbor, token, f"/v2/{name}/app/manifests/v1") == 200
    assert bearer(harbor, token, f"/v2/{name}/deep/app/manifests/v1") == 200
    assert bearer(harbor, token, f"/v2/{other}/app/manifests/v1") == 401
    opened = project(harbor, public=True)
    harbor.client.push_image(f"{opened}/app", "v1")
    assert bearer(harbor, token, f"/v2/{opened}/app/manifests/v1") == 401
    assert bearer(harbor, "garbage", f"/v2/{opened}/app/manifests/v1") == 200  # as anybody may
    assert bearer(harbor, token[:-8] + "AAAAAAAA", f"/v2/{name}/app/manifests/v1") == 401


def test_a_blob_is_mounted_within_a_project_and_from_another_that_the_token_names(harbor):
    name, other = project(harbor), project(harbor)
    harbor.client.push_image(f"{name}/app", "v1", [b"to be mounted"])
    blob = digest_of(b"to be mounted")

    def mount(scopes, target, source, digest=blob):
        token = token_of(harbor.client, *(f"repository:{scope}:pull,push" for scope in scopes))
        return bearer(harbor, token, f"/v2/{target}/blobs/uploads/?mount={digest}&from={source}", "POST")

    assert mount([f"{name}/new"], f"{name}/new", f"{name}/nothing") == 202
    assert mount([f"{name}/new"], f"{name}/new", f"{name}/app", digest_of(b"unknown")) == 202
    assert mount([f"{name}/new"], f"{name}/new", f"{name}/app") == 201
    assert mount([f"{other}/app"], f"{other}/app", f"{name}/app") == 401
    assert mount([f"{other}/app", f"{name}/app"], f"{other}/app", f"{name}/app") == 201


def test_a_deleted_robot_is_refused_but_its_token_pulls_on(harbor):
    admin, name = harbor.client, project(harbor)
    admin.push_image(f"{name}/app", "v1")
    robot, number = admin.make_robot("puller", {name: "repository:pull"})
    token = token_of(robot, f"repository:{name}/app:pull")
    admin.expect([200], "DELETE", f"/api/v2.0/robots/{number}")
    assert status(robot, TOKEN) == 401
    assert bearer(harbor, token, f"/v2/{name}/app/manifests/v1") == 200


# state


@pytest.mark.parametrize("accept, expected", [
    ("*/*", 200), ("application/json;q=0.1", 200), ("text/html, application/*", 200), ("text/html", 422), ("", 422),
    ("application/json;q=0", 422),
])
def test_who_accepts_no_json_is_refused(harbor, accept, expected):
    assert harbor.client.request("GET", "/api/v2.0/users/current", headers={"Accept": accept})[0] == expected


def test_a_cookie_makes_a_change_fail(harbor):
    headers, _ = harbor.client.expect([200], "GET", WHO)
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    wanted = {"project_name": harbor.client.unique("project")}
    assert harbor.client.request("POST", "/api/v2.0/projects", wanted, cookie)[0] == 403
    harbor.client.make("/api/v2.0/projects", wanted)


def test_a_shared_layer_is_counted_once_in_the_registry_and_in_each_project(harbor):
    client, layer = harbor.client, secrets.token_bytes(5000)
    config = json.dumps({"architecture": "amd64", "os": "linux", "comment": client.unique("config")}).encode()
    before = client.get("/statistics")["total_storage_consumption"]
    one, two = project(harbor), project(harbor)
    for name in (one, two):
        for repository in ("a", "b"):
            client.push_image(f"{name}/{repository}", "v1", [layer], config)
    used = [used_by(harbor, name) for name in (one, two)]
    [artifact] = client.get(f"/projects/{one}/repositories/a/artifacts")
    assert used == [artifact["size"]] * 2
    assert client.get("/statistics")["total_storage_consumption"] == before + artifact["size"]
    client.expect([200], "DELETE", f"/api/v2.0/projects/{two}/repositories/a")
    client.expect([200], "DELETE", f"/api/v2.0/projects/{two}/repositories/b")
    assert used_by(harbor, two) == 0
    assert client.get("/statistics")["total_storage_consumption"] == before + artifact["size"]


def test_a_tag_moves_and_leaves_its_old_image_untagged(harbor):
    name = project(harbor)
    harbor.client.push_image(f"{name}/app", "v1", [b"old"])
    harbor.client.push_image(f"{name}/app", "v1", [b"new"])
    untagged = harbor.client.get(f"/projects/{name}/repositories/app/artifacts?q=tags%3Dnil")
    assert len(untagged) == 1
    assert harbor.client.get(f"/projects/{name}/repositories/app")["artifact_count"] == 2


def test_a_child_stays_with_its_index_and_goes_with_the_last_one_unless_it_is_tagged(harbor):
    name = project(harbor)
    pusher, repository = harbor.client.pusher, f"{name}/app"
    images = {tag: pusher.image(repository, tags, [tag.encode()])
              for tag, tags in (("own", []), ("shared", []), ("tagged", ["arm"]))}
    pusher.index(repository, ["one"], images.values())
    pusher.index(repository, ["two"], [images["shared"]])
    artifacts = f"/api/v2.0/projects/{name}/repositories/app/artifacts"

    def there():
        return [tag for tag, image in images.items() if status(harbor.client, f"{artifacts}/{image.digest}") == 200]

    used = used_by(harbor, name)
    assert status(harbor.client, f"{artifacts}/{images['own'].digest}", "DELETE") == 412
    assert status(harbor.client, f"{artifacts}/one", "DELETE") == 200
    assert there() == ["shared", "tagged"]
    assert used_by(harbor, name) < used - images["own"].size
    assert status(harbor.client, f"{artifacts}/two", "DELETE") == 200
    assert there() == ["tagged"]


def test_blobs_are_given_out_by_their_own_repository_also_after_their_image(harbor):
    name, data = project(harbor), secrets.token_bytes(100)
    path = f"/blobs/{digest_of(data)}"
    config = b'{"architecture":"amd64","os":"linux"}'
    harbor.client.push_image(f"{name}/app", "v1", [data], config)
    used = used_by(harbor, name)
    assert status(harbor.client, f"/v2/{name}/app{path}", "HEAD") == 200
    assert status(harbor.client, f"/v2/{name}/other{path}", "HEAD") == 404
    harbor.client.expect([200], "DELETE", f"/api/v2.0/projects/{name}/repositories/app/artifacts/v1")
    assert used_by(harbor, name) == 0
    assert status(harbor.client, f"/v2/{name}/app{path}", "HEAD") == 200
    harbor.client.push_image(f"{name}/app", "v1", [data], config)
    assert used_by(harbor, name) == used
    harbor.client.pusher.blob(f"{name}/app", b"of no image")
    harbor.client.expect([200], "DELETE", f"/api/v2.0/projects/{name}/repositories/app")
    assert used_by(harbor, name) == len(b"of no image")  # until Harbor collects its garbage


def test_a_full_quota_refuses_a_blob(harbor):
    name = project(harbor, storage_limit=1000)
    with pytest.raises(RuntimeError, match="403.*will exceed"):
        harbor.client.push_image(f"{name}/app", "v1", [b"x" * 2000])


def test_the_newest_image_of_each_repository(harbor):
    name = project(harbor)
    for repository in ("a", "b"):
        for tag in ("v1", "v2"):
            harbor.client.push_image(f"{name}/{repository}", tag)
    kind = "media_type%3Dapplication/vnd.oci.image.config.v1%252Bjson"  # q is decoded twice
    found = harbor.client.get(f"/projects/{name}/artifacts?latest_in_repository=true&q={kind}")
    assert [tag["name"] for artifact in found for tag in artifact["tags"]] == ["v2", "v2"]


# robots


def grants(*names, access="repository:pull"):
    return [{"kind": "project", "namespace": name, "access": access_list(access)} for name in names]


def opened(robot, *names):
    """Which of the projects a fresh token of the robot opens."""
    tokens = {name: token_of(robot, f"repository:{name}/app:pull") for name in names}
    return [name for name in names if claims_of(tokens[name])["access"][0]["actions"]]


def test_a_robot_is_given_other_projects_and_keeps_its_secret(harbor):
    admin, (one, two, three) = harbor.client, (project(harbor) for _ in range(3))
    robot, number = admin.make_robot(admin.unique("mover"), {one: "repository:pull", two: "repository:pull"})
    assert opened(robot, one, two, three) == [one, two]
    made, path = admin.get(f"/robots/{number}"), f"/api/v2.0/robots/{number}"
    admin.expect([200], "PUT", path, made | {"permissions": grants(two, three)})
    assert opened(robot, one, two, three) == [two, three]
    refused = [(400, []), (400, grants(one, access="")), (404, grants(one, admin.unique("missing")))]
    for code, permissions in refused:
        assert admin.request("PUT", path, made | {"permissions": permissions})[0] == code
    assert opened(robot, one, two, three) == [two, three]  # what is refused changes nothing
    admin.expect([200], "PUT", path, made | {"permissions": grants(one, one)})
    assert [entry["namespace"] for entry in admin.get(f"/robots/{number}")["permissions"]] == [one]
    assert opened(robot, one, two, three) == [one]


def test_a_robot_lives_from_its_creation_on_and_is_enabled_unless_told(harbor):
    admin = harbor.client
    robot, number = admin.make_robot(admin.unique("robot"), {"/": "project:list"}, duration=7)
    path, made = f"/api/v2.0/robots/{number}", admin.get(f"/robots/{number}")
    admin.expect([200], "PUT", path, made | {"duration": 30, "disable": True})
    changed = admin.get(f"/robots/{number}")
    assert (changed["disable"], changed["expires_at"] - made["expires_at"]) == (True, 23 * 86400)
    del changed["duration"], changed["disable"]
    admin.expect([200], "PUT", path, changed)
    changed = admin.get(f"/robots/{number}")
    assert (changed["disable"], changed["duration"]) == (False, 30)
    for duration in (0, -2):
        assert admin.request("PUT", path, changed | {"duration": duration})[0] == 400
    assert status(robot, TOKEN) == 200


def test_a_robot_for_a_missing_project_is_not_made(harbor):
    admin, name = harbor.client, harbor.client.unique("robot")
    permissions = grants(project(harbor), admin.unique("missing"))
    robot = {"name": name, "level": "system", "duration": -1, "permissions": permissions}
    assert admin.request("POST", "/api/v2.0/robots", robot)[0] == 404
    assert admin.get(f"/robots?q=name=~{name}") == []


def test_a_deleted_project_is_gone_from_the_robots_that_had_it(harbor):
    admin, (one, two) = harbor.client, (project(harbor) for _ in range(2))
    robot, number = admin.make_robot(admin.unique("keeper"), {one: "repository:pull", two: "repository:pull"})
    admin.expect([200], "DELETE", f"/api/v2.0/projects/{one}")
    assert [entry["namespace"] for entry in admin.get(f"/robots/{number}")["permissions"]] == [two]
    admin.make_project(one)
    assert opened(robot, one, two) == [two]  # a new project of that name is another one


# faults and counts


def test_a_database_that_is_down_makes_a_good_password_look_wrong(simulated):
    simulated.take_down("database")
    assert status(simulated.client, WHO) == status(simulated.client, TOKEN) == 401
    assert status(simulated.client, "/api/v2.0/systeminfo") == 500
    assert status(simulated.client, "/api/v2.0/ping") == 200
    health = {c["name"]: c["status"] for c in simulated.client.get("/health")["components"]}
    assert (health["database"], health["core"]) == ("unhealthy", "healthy")
    simulated.take_down()
    assert status(simulated.client, WHO) == 200


def test_requests_are_counted_by_method_and_path_without_their_query(simulated):
    simulated.reset_requests()
    simulated.client.get("/projects?page=1")
    simulated.client.get("/projects?page=2")
    simulated.client.get("/statistics")
    expected = {"GET /api/v2.0/projects": 2, "GET /api/v2.0/statistics": 1}
    assert simulated.requests() == expected


def test_a_thousand_projects_are_there_in_seconds(simulated):
    begun = time.monotonic()
    simulated.seed_many(projects=1000, repositories=1000, tags=5)
    assert time.monotonic() - begun < 10
    assert simulated.client.get("/statistics")["total_repo_count"] == 1000
    pages = [simulated.client.get(f"/repositories?page={n}&page_size=100") for n in range(1, 11)]
    assert {r["artifact_count"] for page in pages for r in page} == {5}
    assert len({r["name"] for page in pages for r in page}) == 1000


def test_its_costs_are_paid_by_who_comes_with_a_password():
    with SimulatedHarbor(password_cost=0.5) as harbor:
        robot, _ = harbor.client.make_robot("reader", {"/": "project:list"})
        begun = time.monotonic()
        robot.get("/projects")
        assert time.monotonic() - begun < 0.5
        begun = time.monotonic()
        harbor.client.get("/projects")
        assert time.monotonic() - begun >= 0.5


# other ways in


def test_skopeo_pushes_and_pulls(harbor, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo: apt-get install skopeo")
    name, admin = project(harbor), harbor.client
    admin.push_image(f"{name}/app", "v1", [b"layer"])
    login = f"{admin.username}:{admin.password}"
    place, folder = f"docker://{urlsplit(harbor.url).netloc}/{name}", f"oci:{tmp_path}/image:v1"
    for options in (
        ["--src-tls-verify=false", "--src-creds", login, f"{place}/app:v1", folder],
        ["--dest-tls-verify=false", "--dest-creds", login, folder, f"{place}/deep/copy:v2"],
    ):
        subprocess.run(["skopeo", "copy", *options], check=True, capture_output=True, timeout=60)
    [copy] = admin.get(f"/projects/{name}/repositories/deep%252Fcopy/artifacts")
    assert [tag["name"] for tag in copy["tags"]] == ["v2"]
    wait_for(lambda: admin.get(f"/projects/{name}/repositories/app")["pull_count"] == 1, "the pull to be counted", 30)


def test_https_with_a_private_authority(tmp_path):
    authority = Authority(tmp_path)
    with SimulatedHarbor(certificate=authority.server(), authority=authority.file) as harbor:
        assert harbor.url.startswith("https://")
        harbor.client.make_project("priv")
        harbor.client.push_image("priv/app", "v1")
        assert harbor.client.get("/statistics")["total_repo_count"] == 1


def test_the_command_prints_its_address_and_ends_when_told(tmp_path):
    command = [sys.executable, "-m", "rigs.simulated_harbor", "--port", "0"]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip().removeprefix("simulated Harbor: ")
            client = HarborClient(url, "admin", ADMIN_PASSWORD)
            assert client.get("/statistics")["total_project_count"] == 1
            seed = json.dumps({"projects": 3}).encode()
            client.expect([200], "POST", "/_simulation/seed", seed)
            assert client.get("/statistics")["total_project_count"] == 4
            counted = json.loads(client.expect([200], "GET", "/_simulation/requests")[1])
            assert counted == {"GET /api/v2.0/statistics": 2}
            client.expect([200], "PUT", "/_simulation/faults", {"down": ["registry"]})
            assert status(client, "/v2/") == 502
            client.expect([200], "PUT", "/_simulation/faults", {"down": []})
            client.expect([200], "PUT", "/_simulation/costs", {"password_cost": 0.2})
            begun = time.monotonic()
            assert status(client, "/v2/") == 200
            assert time.monotonic() - begun >= 0.2
        finally:
            process.terminate()
        assert process.wait(10) == 0


def test_many_connections_are_kept_alive(simulated):
    connections = [http.client.HTTPConnection("127.0.0.1", simulated.port) for _ in range(50)]
    for _ in range(3):
        for connection in connections:
            connection.request("GET", "/api/v2.0/ping")
        for connection in connections:
            assert connection.getresponse().read() == b"Pong"
            assert connection.sock is not None
    for connection in connections:
        connection.close()
