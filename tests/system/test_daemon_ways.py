"""The two ways of the source document through the daemon: from a workspace, and from the platform.

The Harbor is the simulated one, or the one that PORTOLAN_TEST_HARBOR names.
"""

import json
import re
import subprocess
from urllib.parse import urlsplit

import pytest
from rigs import DockerRegistry
from rigs.daemon import Daemon
from rigs.process import program, wait_for
from rigs.simulated_harbor import HarborUnderTest, SimulatedHarbor


@pytest.fixture
def daemon(start, portolan):
    return start(Daemon, portolan)


def test_a_workspace_integrates_a_registry_without_a_password_for_its_members_alone(daemon, start):
    registry = start(DockerRegistry)
    registry.push().image("shop/web", ["1.0", "latest"])
    for name in ("payments", "others"):
        daemon.admin.must(201, "POST", "workspaces", {"name": name})
    owner = daemon.user("owner", {"payments": "workspace-admin"})
    viewer = daemon.user("viewer", {"payments": "workspace-viewer"})
    foreign = daemon.user("foreign", {"others": "workspace-admin"})
    stranger = daemon.user("stranger")
    draft = {"name": "hub", "type": "docker-registry", "address": registry.address}

    assert viewer("POST", "workspaces/payments/registries", draft).status == 403
    tried = owner.must(200, "POST", "workspaces/payments/registry-trials", draft)
    assert tried["validation"]["verdict"] in ("ok", "warn"), tried
    assert owner.get("workspaces/payments/registries")["items"] == []
    made = owner.must(201, "POST", "workspaces/payments/registries", draft)
    assert made["identity"] == "payments/hub"

    def images():
        return owner.get("workspaces/payments/images")["items"]
    wait_for(images, "the image in the selector")
    place = registry.address.removeprefix("http://")
    for member in (owner, viewer):
        assert [row["name"] for row in member.get("workspaces/payments/registries")["items"]] == ["hub"]
        assert member.get("workspaces/payments/registries/hub")["address"] == registry.address
        selected = member.get("workspaces/payments/images")["items"]
        assert [row["reference"] for row in selected] == [f"{place}/shop/web"]
        assert selected[0]["sources"] == [{"registry": "payments/hub", "reasons": ["own-registry"]}]
        path = "workspaces/payments/registries/hub/repositories/shop%2Fweb/tags"
        tags = wait_for(lambda: member.get(path)["items"], "the tags")
        assert sorted(row["name"] for row in tags) == ["1.0", "latest"]
        unknown = member("GET", "workspaces/payments/registries/hub/repositories/shop%2Fnone/tags")
        assert unknown.status == 404
        assert "registry payments/hub has no repository shop/none" in unknown.json()["detail"], unknown.text
        assert "portolan image repositories payments/hub" in unknown.json()["hint"], unknown.text
    registry.push().image("shop/web", ["1.1"])
    for member in (owner, viewer):  # The second finds them fresh, or joins the first.
        asked = member.must((202, 204), "POST", "workspaces/payments/registries/hub/repositories/shop%2Fweb/tags")
        assert asked is None or member.job(asked["id"])["state"] == "done"
    for nobody in (foreign, stranger):
        assert nobody.get("registries")["items"] == [] and nobody.get("images")["items"] == []
        assert nobody("GET", "search", q="web").json()["repositories"] == []
        for path in ("", "/hub", "/hub/spaces", "/hub/repositories", "/hub/overview", "/hub/events"):
            answer = nobody("GET", f"workspaces/payments/registries{path}")
            assert (answer.status, answer.code) == (404, "not_found"), path
    # The same address from another workspace is its own integration, and neither is told of the other.
    assert foreign("POST", "workspaces/others/registries", draft).status == 201
    assert owner("POST", "workspaces/payments/registries", {**draft, "name": "twin"}).status == 409
    assert daemon.admin("GET", "images").json()["items"] == [], "an admin uses images where he is a member"


def test_an_image_that_is_integrated_twice_is_one_row_on_pages_of_any_size(daemon, start):
    registry = start(DockerRegistry)
    for name in ("shop/api", "shop/web", "tools/lint"):
        registry.push().image(name, ["1"])
    daemon.admin.must(201, "POST", "workspaces", {"name": "payments"})
    owner = daemon.user("owner", {"payments": "workspace-admin"})
    draft = {"name": "hub", "type": "docker-registry", "address": registry.address}
    owner.must(201, "POST", "workspaces/payments/registries", draft)
    daemon.admin.must(201, "POST", "registries", {**draft, "default_visibility": "public"})
    place = registry.address.removeprefix("http://")

    def rows(limit):
        found, path = [], f"workspaces/payments/images?limit={limit}"
        while path:
            page = owner("GET", path)
            assert page.status == 200 and len(page.json()["items"]) <= limit, page.text
            found += page.json()["items"]
            link = re.search(r'<([^>]+)>; rel="next"', page.headers["Link"] or "")
            path = link and urlsplit(link[1])._replace(scheme="", netloc="").geturl()
        return found

    def both():
        found = rows(50)
        return len(found) == 3 and all(len(row["sources"]) == 2 for row in found)
    wait_for(both, "the images from both sides")
    for limit in (1, 2, 3):
        found = rows(limit)
        assert [row["reference"] for row in found] == [f"{place}/{name}" for name in
                                                       ("shop/api", "shop/web", "tools/lint")]
        for row in found:
            assert sorted((source["registry"], *source["reasons"]) for source in row["sources"]) == [
                ("hub", "public"), ("payments/hub", "own-registry")]


class Pull:
    """Pulls with skopeo as a node would with a pull secret: the file is all that it has."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0

    def __call__(self, reference, dockerconfig):
        self.number += 1
        auth = self.folder / f"auth-{self.number}.json"
        auth.write_text(json.dumps(dockerconfig))
        command = [program("skopeo", "skopeo"), "--insecure-policy", "copy", "--src-tls-verify=false", "--authfile",
                   auth, f"docker://{reference}", f"dir:{self.folder}/image-{self.number}"]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


@pytest.fixture
def harbor():
    with HarborUnderTest() as harbor:
        yield harbor


def integrate(daemon, harbor, name="harbor"):
    draft = {"name": name, "type": "harbor", "address": harbor.url, "allow_plain_http": True,
             "credentials": {"username": harbor.client.username, "password": harbor.client.password}}
    made = daemon.admin.must(201, "POST", "registries", draft)
    assert made["tried"]["validation"]["verdict"] in ("ok", "warn")
    assert harbor.client.password not in json.dumps(made)
    return made


def done(caller, answer):
    """The body of an answer; a job that it started has ended well."""
    if answer.get("state") in ("queued", "running", "done"):
        job = caller.job(answer["id"])
    elif answer.get("job"):
        job = caller.job(answer["job"]["id"])
    else:
        return answer
    assert job["state"] == "done", job
    return job


def test_metrics_count_spaces_by_what_the_registry_says_of_them(start, portolan):
    with SimulatedHarbor() as harbor:
        daemon = start(Daemon, portolan)
        for name, public in (("tools", True), ("ledger", False), ("vault", False)):
            harbor.client.make_project(name, public=public)
        said = harbor.client.get("/statistics")
        integrate(daemon, harbor)
        def told():
            found = re.findall(r'portolan_registry_spaces\{registry="harbor",visibility="(\w+)"\} (\d+)',
                               daemon.admin("GET", "/metrics").text)
            return {word: int(count) for word, count in found}
        wait_for(told, "its numbers")
        assert told() == {"public": said["public_project_count"], "private": said["private_project_count"]}
        assert told()["private"] == 2


def space_of(admin, space):
    return admin.get(f"registries/harbor/spaces/{space}")


def secret_of(caller):
    """The pull secret of payments once nothing is on its way any more."""
    def settled():
        secret = caller.get("workspaces/payments/pull-secret")
        pending = [row for row in secret["missing"] if row["reason"] == "credential_pending"]
        return None if pending else secret
    return wait_for(settled, "a pull secret without anything pending")


def test_the_platform_integrates_harbor_binds_pulls_unbinds_publishes_and_deletes(daemon, harbor, tmp_path):
    admin, pull = daemon.admin, Pull(tmp_path)
    integrate(daemon, harbor)
    admin.must(201, "POST", "workspaces", {"name": "payments"})
    editor = daemon.user("editor", {"payments": "workspace-editor"})
    stranger = daemon.user("stranger")
    admin.must(204, "PUT", "workspaces/payments/namespaces/east/shop")

    space = harbor.client.unique("portolan-space")
    made = admin.must((201, 202), "POST", "registries/harbor/spaces", {"name": space, "visibility": "private"})
    harbor.client.made_.append(f"/api/v2.0/projects/{space}")
    done(admin, made)
    wait_for(lambda: admin("GET", f"registries/harbor/spaces/{space}").status == 200, "the space in the catalogue")
    assert space_of(admin, space)["enforcement"] == "registry"
    upstream = harbor.client.get(f"/projects/{space}")
    assert upstream["metadata"]["public"] == "false"
    harbor.client.push_image(f"{space}/app", "v1")
    assert editor("GET", f"registries/harbor/spaces/{space}").status == 404

    admin.must(201, "POST", f"registries/harbor/spaces/{space}/bindings", {"workspace": "payments"})
    assert editor.get(f"registries/harbor/spaces/{space}")["visibility"] == "private"
    secret = secret_of(editor)
    host = harbor.url.split("//")[1]
    assert list(secret["dockerconfigjson"]["auths"]) == [host] and not secret["missing"], secret
    assert harbor.client.password not in json.dumps(secret)
    reference = f"{host}/{space}/app:v1"
    pulled = pull(reference, secret["dockerconfigjson"])
    assert pulled.returncode == 0, pulled.stderr
    assert pull(reference, {"auths": {}}).returncode != 0, "the space is open to everybody: the test shows nothing"
    by_namespace = editor.get("workspaces/payments/pull-secret", namespace="east/shop")
    assert by_namespace["dockerconfigjson"] == secret["dockerconfigjson"]
    assert editor("GET", "workspaces/payments/pull-secret", namespace="east/other").status == 404

    # Guarded: what is bound and not empty does not go.
    refused = admin("DELETE", f"registries/harbor/spaces/{space}", confirm=space)
    assert refused.status == 409 and "payments" in refused.text, refused.text

    admin.must(204, "DELETE", f"registries/harbor/spaces/{space}/bindings/payments")
    assert editor("GET", f"registries/harbor/spaces/{space}").status == 404
    assert secret_of(editor)["dockerconfigjson"]["auths"] == {}
    wait_for(lambda: all(row["state"] not in ("queued", "running") for row in admin.get("jobs")["items"]
                         if row["kind"] == "robot.sync"), "the revocation upstream")
    wait_for(lambda: pull(reference, secret["dockerconfigjson"]).returncode != 0, "the old credential to be refused")

    published = admin.must((200, 202), "PATCH", f"registries/harbor/spaces/{space}",
                           {"visibility": "public", "upstream": True})
    assert any("pull" in notice for notice in published["notices"]), published
    done(admin, published)
    wait_for(lambda: harbor.client.get(f"/projects/{space}")["metadata"]["public"] == "true", "Harbor's own flag")
    assert stranger.get(f"registries/harbor/spaces/{space}")["visibility"] == "public"
    assert pull(reference, {"auths": {}}).returncode == 0

    not_empty = admin("DELETE", f"registries/harbor/spaces/{space}", confirm=space)
    if not_empty.status == 202:
        assert admin.job(not_empty.json()["id"])["state"] == "failed", not_empty.text
    else:
        assert not_empty.status == 409, not_empty.text
    harbor.client.expect((200,), "DELETE", f"/api/v2.0/projects/{space}/repositories/app")
    assert admin("DELETE", f"registries/harbor/spaces/{space}", confirm="wrong").status in (400, 409, 422)
    gone = admin.must((202, 204), "DELETE", f"registries/harbor/spaces/{space}", confirm=space)
    done(admin, gone or {})
    status, _, _ = harbor.client.request("GET", f"/api/v2.0/projects/{space}")
    assert status in (403, 404)

    left = admin.must((202, 204), "DELETE", "registries/harbor", cascade="true")
    done(admin, left or {})
    assert admin("GET", "registries/harbor").status == 404
    robots = [row["name"] for row in harbor.client.get("/robots?page_size=100") if space in json.dumps(row)]
    assert robots == [], "a robot of ours is left behind"


def test_a_rotation_makes_a_new_credential_and_the_old_one_works_for_its_grace(daemon, harbor, tmp_path):
    admin, pull = daemon.admin, Pull(tmp_path)
    space = harbor.client.unique("portolan-space")
    harbor.client.make_project(space)
    harbor.client.push_image(f"{space}/app", "v1")
    integrate(daemon, harbor)
    admin.must(201, "POST", "workspaces", {"name": "payments"})
    owner = daemon.user("owner", {"payments": "workspace-admin"})
    editor = daemon.user("editor", {"payments": "workspace-editor"})
    done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))
    nothing = owner("POST", "workspaces/payments/pull-secret/rotate")
    assert (nothing.status, nothing.code) == (409, "conflict"), nothing.text
    admin.must(201, "POST", f"registries/harbor/spaces/{space}/bindings", {"workspace": "payments"})
    reference = f"{harbor.url.split('//')[1]}/{space}/app:v1"

    def rotate(old, caller):
        turned = daemon.portolan("workspace", "rotate-credential", "payments", "--watch", caller=caller)
        assert turned.code == 0, turned.stderr
        return wait_for(lambda: secret_of(editor)["dockerconfigjson"] != old and secret_of(editor)["dockerconfigjson"],
                        "another credential")

    def pulls(secret):
        return pull(reference, secret).returncode == 0

    assert editor("POST", "workspaces/payments/pull-secret/rotate").status == 403
    first = secret_of(editor)["dockerconfigjson"]
    daemon.settings["robots.grace"] = "1h"
    daemon.restart()
    second = rotate(first, owner)
    assert pulls(second) and pulls(first), "the old one works on within its grace"
    daemon.settings["robots.grace"] = "0ms"
    daemon.restart()
    third = rotate(second, admin)
    assert pulls(third)
    wait_for(lambda: not pulls(second), "the end of the one whose grace is over", 60)
    assert pulls(first), "its grace was an hour"
    shown = [row["action"] for row in admin.get("audit", action="robot.rotate")["items"]]
    assert shown == ["robot.rotate"] * 2


def test_a_project_deleted_behind_portolans_back_keeps_no_other_from_being_pulled(daemon, harbor, tmp_path):
    admin, pull = daemon.admin, Pull(tmp_path)
    kept, lost, new = spaces = [harbor.client.unique(f"portolan-{word}") for word in ("kept", "lost", "new")]
    for space in spaces:
        harbor.client.make_project(space)
    harbor.client.push_image(f"{new}/app", "v1")
    integrate(daemon, harbor)
    admin.must(201, "POST", "workspaces", {"name": "payments"})
    editor = daemon.user("editor", {"payments": "workspace-editor"})
    done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))

    def bind(space):
        admin.must(201, "POST", f"registries/harbor/spaces/{space}/bindings", {"workspace": "payments"})

    bind(kept)
    bind(lost)
    assert secret_of(editor)["missing"] == []
    harbor.client.expect([200], "DELETE", f"/api/v2.0/projects/{lost}")
    bind(new)
    secret = secret_of(editor)
    assert [(row["space"], row["reason"]) for row in secret["missing"]] == [(lost, "space_gone")], secret
    pulled = pull(f"{harbor.url.split('//')[1]}/{new}/app:v1", secret["dockerconfigjson"])
    assert pulled.returncode == 0, pulled.stderr
    shown = {row["space"]: row["broken"] for row in editor.get("workspaces/payments/bindings")["items"]}
    assert shown == {kept: False, lost: True, new: False}
    assert space_of(admin, lost)["gone_at"] is not None
    harbor.client.make_project(lost)
    done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))
    assert space_of(admin, lost)["gone_at"] is None, "another one of the name, to which no binding passed over"
    assert [row["reason"] for row in secret_of(editor)["missing"]] == ["space_gone"]
    admin.must(204, "DELETE", f"registries/harbor/spaces/{lost}/bindings/payments")
    assert secret_of(editor)["missing"] == []


def test_a_registry_with_bindings_is_not_removed_without_saying_what_follows(daemon, harbor):
    admin = daemon.admin
    space = harbor.client.unique("portolan-space")
    harbor.client.make_project(space)
    integrate(daemon, harbor)
    admin.must(201, "POST", "workspaces", {"name": "payments"})
    done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))
    admin.must(201, "POST", f"registries/harbor/spaces/{space}/bindings", {"workspace": "payments"})
    refused = admin("DELETE", "registries/harbor")
    assert refused.status == 409 and space in refused.text and "payments" in refused.text
    refused = admin("DELETE", "workspaces/payments")
    assert refused.status == 409 and space in refused.text
    done(admin, admin.must((202, 204), "DELETE", "registries/harbor", cascade="true") or {})
    wait_for(lambda: admin("GET", "registries/harbor").status == 404, "the registry to go")
    assert harbor.client.get(f"/projects/{space}")["name"] == space, "nothing upstream but robots goes"


def test_a_workspace_with_robots_at_a_dead_registry_is_abandoned(daemon):
    """Its removal says what it waits for, and goes on without the dead; no workspace hangs on one."""
    admin = daemon.admin
    with SimulatedHarbor() as harbor:
        harbor.client.make_project("portolan-dead")
        integrate(daemon, harbor)
        admin.must(201, "POST", "workspaces", {"name": "payments"})
        daemon.user("editor", {"payments": "workspace-editor"})
        done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))
        admin.must(201, "POST", "registries/harbor/spaces/portolan-dead/bindings", {"workspace": "payments"})
        robots = wait_for(lambda: harbor.client.get("/robots?page_size=100"), "the robot")
    refused = admin("DELETE", "workspaces/payments")
    name = robots[0]["name"]
    assert refused.status == 409 and "binding harbor/portolan-dead" in refused.text and name in refused.text
    job = admin.must(202, "DELETE", "workspaces/payments", cascade="true")["job"]

    def obstacle():
        row = admin.get(f"jobs/{job}")
        return row if row["state"] == "queued" and row["error"] else None
    row = wait_for(obstacle, "what stands in the way")
    assert row["error"]["code"] == "unreachable" and "1 at harbor" in row["error"]["message"], row
    assert "abandon" in row["error"]["hint"] and row["run_at"]
    assert admin("GET", "workspaces/payments").status == 200
    left = daemon.portolan("workspace", "remove", "payments", "--abandon", "--watch", "-o", "json")
    assert left.code == 0, left.stderr
    wait_for(lambda: admin("GET", "workspaces/payments").status == 404, "the workspace to go")
    ended = admin.get("jobs", kind="workspace.remove")["items"]
    assert [(each["state"], each["output"]) for each in ended] == [("done", {"robots_left": [name]}),
                                                                  ("cancelled", None)]
    assert daemon.admin("DELETE", "registries/harbor").status == 204, "nothing hangs on it any more"


def endpoint_of(harbor):
    """The id of a registry that projects of `harbor` can mirror: itself."""
    if harbor.simulated:
        harbor.simulated.seed_many(registries=1)
    else:
        login = {"type": "basic", "access_key": harbor.client.username, "access_secret": harbor.client.password}
        harbor.client.make("/api/v2.0/registries", {"name": harbor.client.unique("mirrored"), "type": "docker-registry",
                                                    "url": harbor.url, "insecure": True, "credential": login})
    return harbor.client.get("/registries?page_size=100&sort=-id")[0]["id"]


def test_nothing_can_be_pushed_to_a_proxy_cache_and_portolan_says_so_first(daemon, harbor):
    admin, client = daemon.admin, harbor.client
    mirror, plain = client.unique("portolan-mirror"), client.unique("portolan-space")
    client.make_project(mirror, registry_id=endpoint_of(harbor))
    client.make_project(plain)
    integrate(daemon, harbor)
    admin.must(201, "POST", "workspaces", {"name": "payments"})
    done(admin, admin.must(202, "POST", "registries/harbor/catalogue"))
    assert space_of(admin, mirror)["proxy_cache"] is True and space_of(admin, plain)["proxy_cache"] is False

    def bind(space, access):
        return admin("POST", f"registries/harbor/spaces/{space}/bindings", {"workspace": "payments", "access": access})
    refused = bind(mirror, "push")
    assert (refused.status, refused.code) == (409, "conflict") and "it is a proxy cache" in refused.text
    assert bind(mirror, "pull").status == 201 and bind(plain, "push").status == 201
    editor = daemon.user("editor", {"payments": "workspace-editor"})
    refused = editor("POST", f"registries/harbor/spaces/{mirror}/push", {"workspace": "payments"})
    assert (refused.status, refused.code) == (409, "conflict") and "it is a proxy cache" in refused.text
