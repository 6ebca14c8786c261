"""What the simulated Harbor does beyond single recorded answers."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from rigs.certificates import Authority
from rigs.process import wait_for
from rigs.simulated_harbor import ADMIN_PASSWORD, HarborClient, SimulatedHarbor

TOKEN = "/service/token?service=harbor-registry"
WHO = "/api/v2.0/users/current"
TESTS = os.path.dirname(os.path.dirname(__file__))


@pytest.fixture
def harbor():
    with SimulatedHarbor() as started:
        yield started


def status(client, path, method="GET"):
    return client.request(method, path)[0]


# logging in


def test_a_wrong_password_locks_the_right_one_out_for_a_while():
    with SimulatedHarbor(lockout=1.0) as harbor:
        user = harbor.client.make_user("dev", "Test1Password")
        wrong = user.as_caller("dev", "wrong")
        begun = time.monotonic()
        waiting = threading.Thread(target=status, args=(wrong, TOKEN))
        waiting.start()
        wait_for(lambda: status(user, WHO) == 401, "the lock to begin", 5)
        assert time.monotonic() - begun < 1.0  # the refusal is at once
        waiting.join()
        assert time.monotonic() - begun >= 1.0
        wait_for(lambda: status(user, WHO) == 200, "the lock to end", 5)


def test_a_wrong_robot_secret_waits_and_locks_nobody():
    with SimulatedHarbor(lockout=0.3) as harbor:
        robot, _ = harbor.client.make_robot("reader", {"/": "project:list"})
        wrong = robot.as_caller(robot.username, "wrong")
        begun = time.monotonic()
        assert status(wrong, TOKEN) == 401
        assert time.monotonic() - begun >= 0.3
        assert status(robot, TOKEN) == 200


def test_an_email_address_is_a_login_name_and_case_matters(harbor):
    user = harbor.client.make_user("dev", "Test1Password")
    assert status(user.as_caller("dev@example.org", "Test1Password"), WHO) == 200
    assert status(user.as_caller("Dev", "Test1Password"), WHO) == 401


def test_a_wrong_password_still_lists_public_projects_without_an_error(harbor):
    harbor.client.make_project("pub", public=True)
    harbor.client.make_project("priv")
    wrong = harbor.client.as_caller("admin", "wrong")
    assert [p["name"] for p in wrong.get("/projects")] == ["library", "pub"]


# tokens


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def token_of(client, scope):
    return json.loads(client.expect([200], "GET", f"{TOKEN}&scope={scope}")[1])["token"]


def bearer(harbor, token, path):
    nobody = HarborClient(harbor.url, "", "")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.oci.image.manifest.v1+json"}
    return nobody.request("GET", path, headers=headers)[0]


def test_a_token_gives_all_that_its_owner_may_whatever_was_asked(harbor):
    harbor.client.make_project("priv")
    user = harbor.client.make_user("dev", "Test1Password")
    harbor.client.add_member("priv", "dev", 2)
    [entry] = claims_of(token_of(user, "repository:priv/app:pull"))["access"]
    assert sorted(entry["actions"]) == ["pull", "push"]
    [entry] = claims_of(token_of(user, "repository:other/app:pull"))["access"]
    assert entry["actions"] == []


def test_a_token_opens_its_repository_and_an_altered_one_nothing(harbor):
    harbor.client.make_project("priv")
    harbor.client.push_image("priv/app", "v1")
    token = token_of(harbor.client, "repository:priv/app:pull")
    assert bearer(harbor, token, "/v2/priv/app/manifests/v1") == 200
    assert bearer(harbor, token, "/v2/priv/other/tags/list") == 401
    assert bearer(harbor, token[:-8] + "AAAAAAAA", "/v2/priv/app/manifests/v1") == 401


def test_a_deleted_robot_is_refused_but_its_token_pulls_on(harbor):
    admin = harbor.client
    admin.make_project("priv")
    admin.push_image("priv/app", "v1")
    robot, number = admin.make_robot("puller", {"priv": "repository:pull"})
    token = token_of(robot, "repository:priv/app:pull")
    admin.expect([200], "DELETE", f"/api/v2.0/robots/{number}")
    assert status(robot, TOKEN) == 401
    assert bearer(harbor, token, "/v2/priv/app/manifests/v1") == 200


# state


def test_a_cookie_makes_a_change_fail(harbor):
    headers, _ = harbor.client.expect([200], "GET", WHO)
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    project = {"project_name": "priv"}
    assert harbor.client.request("POST", "/api/v2.0/projects", project, cookie)[0] == 403
    assert harbor.client.request("POST", "/api/v2.0/projects", project)[0] == 201


def test_a_shared_layer_is_counted_once_in_the_registry_and_in_each_project(harbor):
    client, layer, config = harbor.client, b"x" * 5000, b'{"architecture":"amd64","os":"linux"}'
    for project in ("one", "two"):
        client.make_project(project)
        for repository in ("a", "b"):
            client.push_image(f"{project}/{repository}", "v1", [layer], config)
    used = [client.get(f"/projects/{name}/summary")["quota"]["used"]["storage"] for name in ("one", "two")]
    [artifact] = client.get("/projects/one/repositories/a/artifacts")
    assert used == [artifact["size"]] * 2
    assert client.get("/statistics")["total_storage_consumption"] == artifact["size"]
    client.expect([200], "DELETE", "/api/v2.0/projects/two/repositories/a")
    client.expect([200], "DELETE", "/api/v2.0/projects/two/repositories/b")
    assert client.get("/projects/two/summary")["quota"]["used"]["storage"] == 0
    assert client.get("/statistics")["total_storage_consumption"] == artifact["size"]


def test_a_tag_moves_and_leaves_its_old_image_untagged(harbor):
    harbor.client.make_project("priv")
    harbor.client.push_image("priv/app", "v1", [b"old"])
    harbor.client.push_image("priv/app", "v1", [b"new"])
    untagged = harbor.client.get("/projects/priv/repositories/app/artifacts?q=tags%3Dnil")
    assert len(untagged) == 1
    assert harbor.client.get("/projects/priv/repositories/app")["artifact_count"] == 2


def test_a_child_of_an_index_stays(harbor):
    harbor.client.make_project("priv")
    child = harbor.client.push_image("priv/app", None)
    harbor.client.pusher.index("priv/app", ["all"], [child])
    artifacts = "/api/v2.0/projects/priv/repositories/app/artifacts"
    assert status(harbor.client, f"{artifacts}/{child.digest}", "DELETE") == 412
    assert status(harbor.client, f"{artifacts}/all", "DELETE") == 200
    assert status(harbor.client, f"{artifacts}/{child.digest}", "DELETE") == 200


def test_a_full_quota_refuses_a_blob(harbor):
    harbor.client.make_project("small", storage_limit=1000)
    with pytest.raises(RuntimeError, match="403.*will exceed"):
        harbor.client.push_image("small/app", "v1", [b"x" * 2000])


def test_the_newest_image_of_each_repository(harbor):
    harbor.client.make_project("priv")
    for repository in ("a", "b"):
        for tag in ("v1", "v2"):
            harbor.client.push_image(f"priv/{repository}", tag)
    kind = "media_type%3Dapplication/vnd.oci.image.config.v1%252Bjson"  # q is decoded twice
    found = harbor.client.get(f"/projects/priv/artifacts?latest_in_repository=true&q={kind}")
    assert [tag["name"] for artifact in found for tag in artifact["tags"]] == ["v2", "v2"]


def test_a_robot_is_given_other_projects_and_keeps_its_secret(harbor):
    admin = harbor.client
    for name in ("one", "two"):
        admin.make_project(name)
    robot, number = admin.make_robot("mover", {"one": "repository:list", "/": "catalog:read"})
    made = admin.get(f"/robots/{number}")
    entry = {"kind": "project", "namespace": "two", "access": [{"resource": "repository", "action": "list"}]}
    path = f"/api/v2.0/robots/{number}"
    admin.expect([200], "PUT", path, made | {"permissions": [entry]})
    assert status(robot, "/api/v2.0/projects/two/repositories") == 200
    assert status(robot, "/api/v2.0/projects/one/repositories") == 403
    assert admin.request("PUT", path, made | {"permissions": []})[0] == 400


# faults and counts


def test_a_database_that_is_down_makes_a_good_password_look_wrong(harbor):
    harbor.take_down("database")
    assert status(harbor.client, WHO) == status(harbor.client, TOKEN) == 401
    assert status(harbor.client, "/api/v2.0/systeminfo") == 500
    assert status(harbor.client, "/api/v2.0/ping") == 200
    health = {c["name"]: c["status"] for c in harbor.client.get("/health")["components"]}
    assert (health["database"], health["core"]) == ("unhealthy", "healthy")
    harbor.take_down()
    assert status(harbor.client, WHO) == 200


def test_requests_are_counted_by_method_and_path_without_their_query(harbor):
    harbor.reset_requests()
    harbor.client.get("/projects?page=1")
    harbor.client.get("/projects?page=2")
    harbor.client.get("/statistics")
    expected = {"GET /api/v2.0/projects": 2, "GET /api/v2.0/statistics": 1}
    assert harbor.requests() == expected


def test_a_thousand_projects_are_there_in_seconds(harbor):
    begun = time.monotonic()
    harbor.seed_many(projects=1000, repositories=1000, tags=5)
    assert time.monotonic() - begun < 10
    assert harbor.client.get("/statistics")["total_repo_count"] == 1000
    pages = [harbor.client.get(f"/repositories?page={n}&page_size=100") for n in range(1, 11)]
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
    harbor.client.make_project("priv")
    harbor.client.push_image("priv/app", "v1", [b"layer"])
    login = f"admin:{ADMIN_PASSWORD}"
    place, folder = f"docker://127.0.0.1:{harbor.port}/priv", f"oci:{tmp_path}/image:v1"
    for options in (
        ["--src-tls-verify=false", "--src-creds", login, f"{place}/app:v1", folder],
        ["--dest-tls-verify=false", "--dest-creds", login, folder, f"{place}/deep/copy:v2"],
    ):
        subprocess.run(["skopeo", "copy", *options], check=True, capture_output=True, timeout=60)
    [copy] = harbor.client.get("/projects/priv/repositories/deep%252Fcopy/artifacts")
    assert [tag["name"] for tag in copy["tags"]] == ["v2"]
    assert harbor.client.get("/projects/priv/repositories/app")["pull_count"] == 1


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


def test_many_connections_are_kept_alive(harbor):
    connections = [http.client.HTTPConnection("127.0.0.1", harbor.port) for _ in range(50)]
    for _ in range(3):
        for connection in connections:
            connection.request("GET", "/api/v2.0/ping")
        for connection in connections:
            assert connection.getresponse().read() == b"Pong"
            assert connection.sock is not None
    for connection in connections:
        connection.close()
