"""The Harbor plugin through the built binary, as each kind of caller.

Tests that ask for `world` run against the Harbor that the environment names, or a simulated one. Those that ask for
`simulated` need what only a simulation has: parts that are down.
"""

import ssl
import time
from urllib.parse import urlsplit

import pytest
from harbor_world import (  # noqa: F401 (fixtures)
    LEAST,
    PASSWORD,
    PROJECT_RIGHTS,
    all_of,
    ask,
    assert_totals,
    before,
    checks_of,
    document,
    numbers,
    registry_of,
    requests_of,
    short,
    simulated,
    truth,
    world,
)
from rigs.certificates import Authority
from rigs.docker_registry import DockerRegistry
from rigs.hostile import Upstream


# statistics, as each caller


@pytest.mark.parametrize("level", ["normal", "deep"])
def test_an_administrator_is_told_every_number(ask, world, level):
    found, spaces, complete = numbers(ask("stats", world.admin, "--level", level))
    assert complete
    assert_totals(found, truth(world.admin), "registry")
    total = world.admin.get("/statistics")["total_storage_consumption"]
    assert short(found["storage_bytes", "deduplicated"]) == (total, "known", "registry")
    for word, (repositories, artifacts, tags) in world.counts.items():
        space = spaces[getattr(world, word)]
        assert short(space["repositories", None]) == (repositories, "known", "registry")
        assert short(space["artifacts", None]) == (artifacts, "known", "registry")
        used = world.used(getattr(world, word))
        assert short(space["storage_bytes", "deduplicated"]) == (used, "known", "registry")
        if level == "deep":
            assert short(space["tags", None]) == (tags, "known", "registry")
        else:
            assert short(space["tags", None]) == (None, "unknown", "registry")
            assert "--level deep" in space["tags", None]["hint"]
    if level == "normal":
        assert short(found["tags", None]) == (None, "unknown", "registry")


def test_the_images_of_an_index_are_weighed_once(ask, world):
    _, spaces, _ = numbers(ask("stats", world.admin, "--level", "deep"))
    rows = world.admin.get(f"/projects/{world.team}/repositories/a%252Fb/artifacts")
    index = next(row for row in rows if row["references"])
    app = sum(row["size"] for row in world.admin.get(f"/projects/{world.team}/repositories/app/artifacts"))
    assert len(rows) == 2  # the tagged image of the index is listed beside it
    assert spaces[world.team]["storage_bytes", "logical"]["value"] == index["size"] + app


def test_quick_tells_sums_for_four_requests(ask, world):
    for caller, visibility in ((world.admin, "registry"), (world.dev, "account"), (world.lone, "account")):
        found, spaces, complete = numbers(ask("stats", caller, "--level", "quick"))
        expected = truth(caller)
        del expected["artifacts"]
        assert_totals(found, expected, visibility)
        assert short(found["artifacts", None]) == (None, "unknown", visibility)
        assert spaces == {} and complete


def test_quick_of_a_robot_is_not_the_zero_that_harbor_answers(ask, world):
    robot = world.robot(LEAST)
    assert robot.get("/statistics")["private_project_count"] == 0
    found, _, _ = numbers(ask("stats", robot, "--level", "quick"))
    expected = truth(robot)
    del expected["artifacts"]
    assert expected["spaces_private"] >= 2
    assert_totals(found, expected, "account")


def test_a_user_is_told_what_the_account_sees_and_no_zero_for_the_rest(ask, world):
    found, spaces, complete = numbers(ask("stats", world.dev))
    assert complete
    assert_totals(found, truth(world.dev), "account")
    assert short(found["storage_bytes", "deduplicated"]) == (None, "forbidden", "registry")
    assert world.other not in spaces
    used = world.used(world.team)
    assert short(spaces[world.team]["storage_bytes", "deduplicated"]) == (used, "known", "account")
    assert short(spaces[world.open]["storage_bytes", "deduplicated"]) == (None, "forbidden", "account")
    assert short(spaces[world.team]["artifacts", None]) == (5, "known", "account")


def test_a_user_without_a_project_sees_the_public_ones(ask, world):
    found, spaces, _ = numbers(ask("stats", world.lone, "--level", "deep"))
    assert_totals(found, truth(world.lone), "account")
    assert world.team not in spaces
    assert short(spaces[world.open]["tags", None]) == (2, "known", "account")
    assert short(spaces[world.open]["storage_bytes", "deduplicated"]) == (None, "forbidden", "account")


@pytest.mark.parametrize("rights", [LEAST, "project"])
def test_a_robot_is_told_everything_of_its_projects_but_the_registrys_storage(ask, world, rights):
    robot = world.robot({world.team: PROJECT_RIGHTS} if rights == "project" else rights)
    found, spaces, complete = numbers(ask("stats", robot, "--level", "deep"))
    assert complete
    assert_totals(found, truth(robot), "account")
    assert short(found["storage_bytes", "deduplicated"]) == (None, "forbidden", "registry")
    team = spaces[world.team]
    assert short(team["tags", None]) == (4, "known", "account")
    assert short(team["storage_bytes", "deduplicated"]) == (world.used(world.team), "known", "account")
    assert (world.other in spaces) == (rights != "project")


def test_a_robot_that_may_only_pull_is_told_what_it_may_not_know(ask, world):
    robot = world.robot({world.team: "repository:pull"})
    _, spaces, _ = numbers(ask("stats", robot, "--level", "deep"))
    team = spaces[world.team]
    assert short(team["repositories", None]) == (2, "known", "account")
    assert short(team["tags", None]) == (None, "forbidden", "account")
    assert short(team["storage_bytes", "deduplicated"]) == (None, "forbidden", "account")
    assert short(team["storage_bytes", "logical"]) == (None, "forbidden", "account")


# wrong and ended credentials


def test_a_wrong_password_fails_and_brings_no_numbers(ask, world):
    wrong = world.dev.as_caller(world.dev.username, "Not-the-one-1")
    assert [p["name"] for p in wrong.get("/projects")]  # the trap: 200, with what is public
    time.sleep(2 if world.harbor.simulated is None else 0.2)  # Harbor locks the name for a while
    result = ask("stats", wrong)
    assert result.code == 1
    assert registry_of(result)["error"]["code"] == "unauthorized"
    assert registry_of(result).get("statistics") is None
    result = ask("validate", wrong)
    assert result.code == 1
    assert checks_of(result)["credentials"]["state"] == "fail"
    assert checks_of(result)["credentials"]["code"] == "unauthorized"
    assert registry_of(result)["validation"]["verdict"] == "fail"


def test_a_run_tries_a_wrong_password_once(portolan, world, tmp_path):
    user = world.admin.make_user(world.admin.unique("locked"), PASSWORD)
    wrong = user.as_caller(user.username, "Not-the-one-1")
    with before(world.harbor) as front:
        file = document(tmp_path, wrong, front.home)
        result = portolan("run", "-f", file, "-o", "json", env={"HARBOR_PASSWORD": wrong.password})
    assert result.code == 1
    assert checks_of(result)["credentials"]["state"] == "fail"
    assert registry_of(result)["statistics"] is None
    asked = requests_of(front)
    assert asked["GET /api/v2.0/users/current"] == 1
    assert "GET /api/v2.0/systeminfo" not in asked and "GET /service/token" not in asked


def test_a_robot_that_is_disabled_or_deleted_is_refused(ask, world):
    robot, number = world.admin.make_robot(world.admin.unique("ci"), {"/": "project:list"})
    assert ask("validate", robot).code == 0
    view = world.admin.get(f"/robots/{number}") | {"disable": True}
    world.admin.expect([200], "PUT", f"/api/v2.0/robots/{number}", view)
    assert checks_of(ask("validate", robot))["credentials"]["state"] == "fail"
    world.admin.expect([200], "DELETE", f"/api/v2.0/robots/{number}")
    check = checks_of(ask("validate", robot))["credentials"]
    assert check["state"] == "fail" and "robot$" in check["hint"]


@pytest.mark.parametrize("days, state", [(3, "warn"), (13, "warn"), (20, "ok"), (-1, "ok")])
@pytest.mark.parametrize("level", ["system", "project"])
def test_a_robot_that_ends_within_two_weeks_is_a_warning(ask, world, days, state, level):
    rights = {"/": "robot:list project:list"} if level == "system" else {world.team: "robot:list project:read"}
    robot = world.robot(rights, duration=days)
    check = checks_of(ask("validate", robot, "--depth", "quick"))["credentials"]
    assert check["state"] == state, check
    assert ("days" in check["message"]) == (state == "warn")


# validation


def test_a_healthy_harbor_has_ten_checks_and_no_fault(ask, world):
    for caller, account in ((world.admin, "administrator"), (world.dev, "user"), (world.robot(LEAST), "robot")):
        result = ask("validate", caller)
        checks = checks_of(result)
        assert len(checks) >= 10 and result.code == 0
        order = list(checks)
        for name in ("identity", "api-version", "credentials", "permissions.spaces", "permissions.catalog",
                     "permissions.storage", "permissions.statistics", "permissions.pull", "permissions.anonymous",
                     "capabilities"):
            assert name in order
        assert account in checks["credentials"]["message"]
        assert {checks[name]["state"] for name in ("identity", "api-version", "credentials", "permissions.spaces",
                                                   "permissions.catalog", "permissions.storage")} == {"ok"}
        assert checks["permissions.anonymous"]["state"] == "warn"  # there is a public repository
        assert checks["permissions.statistics"]["state"] == ("ok" if caller is world.admin else "skipped")
    assert "robot" in checks_of(ask("validate", world.dev))["credentials"]["message"]


def test_a_robot_with_too_few_rights_is_told_which(ask, world):
    checks = checks_of(ask("validate", world.robot({world.team: "repository:pull"})))
    assert checks["permissions.storage"]["state"] == "warn"
    assert "quota:read" in checks["permissions.storage"]["hint"]
    assert checks["permissions.pull"]["state"] == "ok"


def test_a_database_that_is_down_is_unavailable_and_no_wrong_password(ask, simulated):  # [fault]
    simulated.take_down("database")
    for command in ("validate", "stats"):
        result = ask(command, simulated.client)
        text = result.stdout + result.stderr
        assert "unauthorized" not in text and '"unavailable"' in text, text
    result = ask("validate", simulated.client)
    check = checks_of(result)["credentials"]
    assert check["state"] == "unknown" and check["code"] == "unavailable" and "database" in check["message"]


def test_a_component_that_is_unwell_is_named(ask, simulated):  # [fault]
    simulated.take_down("redis")
    check = checks_of(ask("validate", simulated.client))["capabilities"]
    assert check["state"] == "warn" and "redis" in check["message"]


def test_a_read_only_harbor_is_a_warning_and_still_counted(ask, world):
    world.admin.expect([200], "PUT", "/api/v2.0/configurations", {"read_only": True})
    try:
        check = checks_of(ask("validate", world.admin))["capabilities"]
        assert check["state"] == "warn" and "read-only" in check["message"]
        assert numbers(ask("stats", world.admin))[2]
    finally:
        world.admin.expect([200], "PUT", "/api/v2.0/configurations", {"read_only": False})
    assert checks_of(ask("validate", world.admin))["capabilities"]["state"] == "ok"


# names, addresses, other types


def test_projects_of_digits_and_nested_names_are_counted_right(ask, world):
    admin = world.admin
    name = str(admin.get(f"/projects/{world.other}")["project_id"])  # as the id of another project
    admin.make_project(name)
    admin.push_image(f"{name}/6/7/8", "v1")
    member = {"role_id": 3, "member_user": {"username": world.lone.username}}
    by_name_header = {"X-Is-Resource-Name": "true"}
    admin.expect([201], "POST", f"/api/v2.0/projects/{name}/members", member, by_name_header)
    rows = all_of(admin, "/quotas")
    used = next(q["used"]["storage"] for q in rows if q["ref"]["name"] == name)
    for caller in (world.admin, world.lone, world.robot(LEAST)):
        _, spaces, complete = numbers(ask("stats", caller, "--level", "deep"))
        assert complete
        assert spaces[name]["tags", None]["value"] == spaces[name]["repositories", None]["value"] == 1
        assert spaces[name]["storage_bytes", "deduplicated"]["value"] == used > 0
    tags = ask(f"tags {name}/6/7/8", admin).json()["tags"]
    assert [tag["name"] for tag in tags] == ["v1"]


@pytest.mark.parametrize("pasted", ["/harbor/projects", "/harbor/projects/1/repositories", "/api/v2.0", "/v2", "/"])
def test_an_address_from_the_browser_becomes_harbors_own(portolan, world, tmp_path, pasted):
    file = document(tmp_path, world.admin, world.admin.url + pasted)
    result = portolan("run", "-f", file, "-o", "json", env={"HARBOR_PASSWORD": world.admin.password})
    assert numbers(result)[2]
    integration = registry_of(result)["integration"]
    assert (integration["address"], integration["product"]) == (world.admin.url, "Harbor")


def test_a_private_authority_is_trusted_when_named(ask, world, tmp_path):
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.server())
    with before(world.harbor, tls) as front:
        refused = ask("stats", world.admin, address=front.home)
        assert refused.code == 1 and registry_of(refused)["error"]["code"] == "tls"
        assert front.seen == []
        named = ("--ca", str(authority.file))
        assert numbers(ask("stats", world.admin, *named, address=front.home))[2]
        assert checks_of(ask("validate", world.admin, *named, address=front.home))["tls"]["state"] == "ok"


def test_a_front_end_that_leads_elsewhere_is_named_and_the_password_not_doubted(ask, world):
    async def to_https(exchange):
        await exchange.reply(308, b"", [("Location", f"https://harbor.example:8443{exchange.path}?x=1")])

    place = urlsplit(world.admin.url)
    with Upstream({"/api/v2.0/.*": to_https}, backend=(place.hostname, place.port)) as front:
        result = ask("validate", world.admin, address=front.home)
    problem = registry_of(result)["error"] or checks_of(result)["credentials"]
    assert problem["code"] == "policy" and problem["hint"].endswith(": https://harbor.example:8443")


def test_detect_knows_a_harbor(portolan, world):
    result = portolan("detect", world.admin.url, "-o", "json")
    assert result.code == 0
    assert '"harbor"' in result.stdout


def test_the_other_type_names_this_one(portolan, ask, world, start):
    result = portolan("validate", "--type", "docker-registry", "--address", world.admin.url, "-o", "json")
    identity = checks_of(result)["identity"]
    assert identity["state"] == "warn" and "harbor" in identity["hint"]
    plain = start(DockerRegistry)
    result = ask("validate", world.admin, address=plain.address)
    identity = checks_of(result)["identity"]
    assert result.code == 1
    assert identity["state"] == "fail" and "docker-registry" in identity["hint"]


# the catalogue


def test_an_unknown_repository_is_not_an_empty_one(ask, world):
    for name in (f"{world.team}/nothing", "alone"):
        result = ask(f"tags {name}", world.admin)
        assert result.code == 1 and f"no repository {name}" in result.stderr, result.stderr
