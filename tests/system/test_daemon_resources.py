"""What every resource of the API keeps to: its ETag, and the pages of its lists; webhooks; the audit's export."""

import collections
import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rigs import DockerRegistry
from rigs.daemon import Daemon
from rigs.hostile import Upstream, answers
from rigs.process import wait_for

NEVER = {"health_s": -1, "statistics_s": -1, "deep_s": -1, "catalogue_s": -1}
HUB = {"name": "hub", "type": "docker-registry", "address": "http://127.0.0.1:9", "schedule": NEVER}


@pytest.fixture
def daemon(start, portolan):
    return start(Daemon, portolan)


RESOURCES = {  # path: (list, body, change)
    "users/vic": ("users", {"name": "vic"}, {"display_name": "Vic"}),
    "workspaces/shop": ("workspaces", {"name": "shop"}, {"description": "x"}),
    "webhooks/{id}": ("webhooks", {"name": "hook", "url": "http://127.0.0.1:9"}, {"enabled": False}),
    "registries/hub": ("registries", HUB, {"description": "x"}),
    "registries/hub/spaces/app": ("registries/hub/spaces", {"name": "app", "declare": True}, {"visibility": "public"}),
}


@pytest.mark.parametrize("path", RESOURCES)
def test_an_etag_is_of_one_row_and_one_revision_of_it(daemon, path):
    admin, (collection, body, change) = daemon.admin, RESOURCES[path]
    query = {"validate": "skip"} if collection == "registries" else {}
    if path.startswith("registries/hub/"):
        admin.must(201, "POST", "registries", HUB, validate="skip")
    made = admin("POST", collection, body, **query)
    first, path = made.headers["ETag"], path.replace("{id}", str(made.json().get("id")))
    shown = admin("GET", path).headers["ETag"]
    assert shown.startswith(first[:-1] + ":"), "the same revision, with what is shown of it"
    assert admin("GET", path, headers={"If-None-Match": shown}).status == 304
    gone = {"confirm": path.rpartition("/")[2]} if "/spaces/" in path else {}
    assert admin("DELETE", path, headers={"If-Match": shown}, **gone).status in (202, 204)
    again = admin("POST", collection, body, **query)
    second, path = again.headers["ETag"], again.headers["Location"]
    assert second != first, "made again under its name it is another one"

    stale = admin("PATCH", path, change, headers={"If-Match": shown})
    assert (stale.status, stale.code, stale.headers["ETag"]) == (412, "precondition_failed", second)
    row, revision = second.strip('"').split(".")
    for wrong in (f'"{revision}"', f'"{row}"', f'"{row}.{revision}0"'):
        assert admin("PATCH", path, change, headers={"If-Match": wrong}).status == 412, wrong
    shown = admin("GET", path).headers["ETag"]
    changed = admin("PATCH", path, change, headers={"If-Match": shown}).headers["ETag"]
    assert changed != second and admin("GET", path).headers["ETag"].startswith(changed[:-1] + ":")
    assert admin("PATCH", path, change, headers={"If-Match": second}).status == 412
    assert admin("DELETE", path, headers={"If-Match": second}, **gone).status == 412


CLIENTS, ROUNDS = 12, 12


@pytest.mark.parametrize("path", RESOURCES)
def test_of_many_writes_to_one_revision_exactly_one_wins(daemon, path):
    """Patches and deletes at once, all with the ETag that was read: what the first one did is never lost."""
    admin, (collection, body, _) = daemon.admin, RESOURCES[path]
    more = {"validate": "skip"} if collection == "registries" else {}
    if path.startswith("registries/hub/"):
        admin.must(201, "POST", "registries", HUB, validate="skip")
    gone = {"confirm": "app"} if "/spaces/" in path else {}
    start_line = threading.Barrier(CLIENTS)
    wins, place = collections.Counter(), None

    def change(number, shown):
        """What differs from what is shown, and from what the others write where it can."""
        if "/spaces/" in path:
            return {"visibility": "private" if shown["visibility"] == "public" else "public"}
        if collection == "webhooks":
            return {"kinds": [f"of.{number}"]}
        return {"display_name" if collection == "users" else "description": f"of {number}"}

    def write(number, remove, etag, shown):
        start_line.wait(30)
        if remove:
            return "DELETE", admin("DELETE", place, headers={"If-Match": etag}, **gone)
        return "PATCH", admin("PATCH", place, change(number, shown), headers={"If-Match": etag}, **more)

    with ThreadPoolExecutor(CLIENTS) as clients:
        for turn in range(ROUNDS):
            if place is None:
                place = admin("POST", collection, body, **more).headers["Location"]
            before = admin("GET", place)
            etag, shown = before.headers["ETag"], before.json()
            done = [one.result() for one in [
                clients.submit(write, f"{turn}.{n}", n % 3 == turn % 3, etag, shown) for n in range(CLIENTS)]]
            told = collections.Counter((method, answer.status) for method, answer in done)
            won = [method for method, answer in done if answer.status < 300]
            assert len(won) == 1, told
            assert {answer.status for _, answer in done} <= {200, 204, 404, 412}, told
            after = admin("GET", place)
            if won == ["DELETE"]:
                assert after.status == 404, told
                place = None
            else:
                assert (404 not in {answer.status for _, answer in done}) and after.status == 200, told
                winner = next(answer for _, answer in done if answer.status == 200)
                assert after.headers["ETag"].startswith(winner.headers["ETag"][:-1]), told
            wins.update(won)
    assert sum(wins.values()) == ROUNDS


def test_not_modified_is_said_only_while_all_that_is_shown_is_the_same(daemon):
    admin = daemon.admin
    admin.must(201, "POST", "registries", HUB, validate="skip")
    admin.must(201, "POST", "registries/hub/spaces", {"name": "app", "declare": True})
    admin.must(201, "POST", "workspaces", {"name": "shop"})

    def changes(path, act):
        before = admin("GET", path)
        assert admin("GET", path, headers={"If-None-Match": before.headers["ETag"]}).status == 304
        act()
        after = admin("GET", path, headers={"If-None-Match": before.headers["ETag"]})
        assert after.status == 200 and after.text != before.text, path
        as_revision = {"If-Match": before.headers["ETag"]}
        assert admin("PATCH", path, {}, headers=as_revision).status in (200, 422), "no revision of the row moved"

    changes("registries/hub", lambda: admin.job(admin.must(202, "POST", "registries/hub/check", {})["id"]))
    changes("registries/hub/spaces/app",
            lambda: admin.must(201, "POST", "registries/hub/spaces/app/bindings", {"workspace": "shop"}))


def test_jobs_and_events_are_filtered_over_what_one_sees(daemon):
    admin = daemon.admin
    for name in ("shop", "other"):
        admin.must(201, "POST", "workspaces", {"name": name})
        admin.must(201, "POST", f"workspaces/{name}/registries", {**HUB, "name": "own"}, validate="skip")
        admin.job(admin.must(202, "POST", f"workspaces/{name}/registries/own/catalogue")["id"])
    admin.must(201, "POST", "registries", HUB, validate="skip")
    admin.job(admin.must(202, "POST", "registries/hub/catalogue")["id"])
    member = daemon.user("member", {"shop": "workspace-admin"})

    def ids(caller, path, **filters):
        return [row["id"] for row in caller.get(path, **filters)["items"]]

    for path in ("jobs", "events"):
        everything = ids(admin, path)
        parts = [ids(admin, path, registry=name) for name in ("hub", "shop/own", "other/own")]
        assert all(parts) and len(set(sum(parts, []))) == len(sum(parts, [])), path
        assert set(sum(parts, [])) <= set(everything), path
        assert ids(admin, path, workspace="shop") == ids(admin, path, registry="shop/own") == parts[1], path
        kinds = {row["kind"] for row in admin.get(path)["items"]}
        assert sorted(sum((ids(admin, path, kind=kind) for kind in kinds), [])) == sorted(everything), path
        assert ids(admin, path, registry="shop/own", workspace="other") == [], path
        mine = ids(member, path)
        assert mine and mine == ids(member, path, registry="shop/own") == ids(member, path, workspace="shop"), path
        foreign = [member("GET", path, **one) for one in (
            {"registry": "hub"}, {"registry": "other/own"}, {"workspace": "other"},
            {"registry": "none"}, {"registry": "none/own"}, {"workspace": "none"})]
        assert {(answer.status, answer.text) for answer in foreign} == {(200, foreign[0].text)}, path
        assert foreign[0].json()["items"] == [], path
    states = [ids(admin, "jobs", state=state) for state in ("queued", "running", "done", "failed", "cancelled")]
    assert sorted(sum(states, [])) == sorted(ids(admin, "jobs")) and len([one for one in states if one]) >= 1
    assert admin("GET", "jobs", state="lost").status == 400
    assert ids(admin, "events", search="other/") == ids(admin, "events", registry="other/own")

    told = daemon.portolan("job", "list", "--registry", "shop/own", "--state", "failed", "-o", "json")
    assert told.code == 0, told.stderr
    listed = json.loads(told.stdout)
    rows = listed["items"] if isinstance(listed, dict) else listed
    assert [row["id"] for row in rows] == ids(admin, "jobs", registry="shop/own", state="failed")
    told = daemon.portolan("event", "list", "--workspace", "other", "--kind", "registry.created")
    assert told.code == 0 and "other/own" in told.stdout and "shop/own" not in told.stdout, told.stdout


def test_the_events_of_a_removed_registry_are_found_by_its_name(daemon):
    admin = daemon.admin
    admin.must(201, "POST", "workspaces", {"name": "shop"})
    member, auditor = daemon.user("member", {"shop": "workspace-admin"}), daemon.user("auditor", auditor=True)

    def kinds(caller, registry):
        return [row["kind"] for row in caller.get("events", registry=registry)["items"]
                if row["kind"] != "registry.health"]

    for place, name in ("registries", "hub"), ("workspaces/shop/registries", "shop/hub"):
        admin.must(201, "POST", place, HUB, validate="skip")
        admin.must(204, "DELETE", f"{place}/hub")
        for caller in admin, auditor:
            assert kinds(caller, name) == ["registry.removed", "registry.created"], (caller.name, name)
    assert kinds(member, "shop/hub") == ["registry.removed", "registry.created"]
    foreign = [member("GET", "events", registry=name) for name in ("hub", "none")]
    assert foreign[0].text == foreign[1].text and foreign[0].json()["items"] == []
    told = daemon.portolan("event", "list", "--registry", "hub")
    assert told.code == 0 and "registry.removed" in told.stdout and "shop/hub" not in told.stdout, told.stdout

    # Another one takes the name: it does not hide what was, and the own list of it is its own.
    admin.must(201, "POST", "registries", HUB, validate="skip")
    assert kinds(admin, "hub") == ["registry.created", "registry.removed", "registry.created"]
    assert [row["kind"] for row in admin.get("registries/hub/events")["items"]
            if row["kind"] != "registry.health"] == ["registry.created"]
    assert kinds(admin, "shop/hub") == ["registry.removed", "registry.created"]


def test_repositories_are_listed_by_the_spaces_that_one_sees(daemon, start):
    admin, registry = daemon.admin, start(DockerRegistry)
    for image in ("shop/web", "shop/api", "lab/web"):
        registry.push().image(image, ["1"])
    admin.must(201, "POST", "registries", {"name": "hub", "type": "docker-registry", "address": registry.address})
    wait_for(lambda: len(admin.get("registries/hub/repositories")["items"]) == 3, "the catalogue")
    admin.must(201, "POST", "workspaces", {"name": "team"})
    admin.must(201, "POST", "registries/hub/spaces/shop/bindings", {"workspace": "team"})
    member = daemon.user("member", {"team": "workspace-viewer"})

    def names(caller, **filters):
        return [row["name"] for row in caller.get("registries/hub/repositories", **filters)["items"]]
    assert names(admin, space="lab") == ["lab/web"] and names(admin, space="none") == []
    assert names(admin, space="shop", search="web") == ["shop/web"]
    assert names(member) == names(member, space="shop") == ["shop/api", "shop/web"]
    assert names(member, space="lab") == [], "a foreign space answers as one that is not there"
    listed = daemon.portolan("image", "repositories", "hub", "--space", "lab")
    assert listed.code == 0 and "lab/web" in listed.stdout and "shop" not in listed.stdout, listed.stdout


def test_pages_are_as_long_as_the_settings_say(start, portolan):
    daemon = start(Daemon, portolan, {"limits.page": 2, "limits.page-max": 3})
    admin, description = daemon.admin, daemon.admin.get("openapi.json")
    admin.must(201, "POST", "workspaces", {"name": "shop"})
    for n in range(4):
        daemon.user(f"user-{n}", {"shop": "workspace-viewer"})
        admin.must(204, "PUT", f"workspaces/shop/namespaces/east/n-{n}")
        admin.must(201, "POST", "tokens", {"name": f"more {n}"})
        admin.must(201, "POST", "webhooks", {"name": f"hook-{n}", "url": "http://127.0.0.1:9"})
    paged = 0
    for path, item in description["paths"].items():
        limits = [one for one in item.get("get", {}).get("parameters", []) if one["name"] == "limit"]
        if not limits or path in ("/api/v1/search", "/api/v1/audit/export"):
            continue
        paged += 1
        schema = limits[0]["schema"]
        assert (schema["default"], schema["maximum"]) == (2, 3), path
    assert paged > 15
    for path in ("users", "workspaces/shop/members", "workspaces/shop/namespaces", "tokens", "webhooks", "audit"):
        assert len(admin.get(path)["items"]) == 2, path
        refused = admin("GET", path, limit=4)
        assert refused.status == 400 and "3" in refused.json()["errors"][0]["detail"], refused.text
        whole, target = [], f"/api/v1/{path}?limit=3"
        while target:
            answer = admin("GET", target)
            whole += [str(sorted(row.items(), key=str)) for row in answer.json()["items"]]
            target = (answer.headers["Link"] or "").partition("<")[2].partition(">")[0]
        assert len(whole) == len(set(whole)) > 3, path
        if path != "audit":
            assert len(whole) in (4, 5), path


def test_a_webhook_is_changed_and_another_url_asks_for_the_secret(daemon):
    admin = daemon.admin
    secret = {"secret": "a secret that is long"}
    hook = admin.must(201, "POST", "webhooks", {"name": "hook", "url": "http://127.0.0.1:9/a", **secret})["id"]
    other = {"url": "http://127.0.0.1:9/b"}
    refused = admin("PATCH", f"webhooks/{hook}", other)
    assert (refused.status, refused.code, refused.json()["where"]) == (422, "invalid_config", "/secret"), refused.text
    assert admin.get(f"webhooks/{hook}")["url"] == "http://127.0.0.1:9/a"
    changed = admin.must(200, "PATCH", f"webhooks/{hook}", {**other, **secret, "kinds": ["registry.created"]})
    assert (changed["url"], changed["kinds"], changed["enabled"]) == (other["url"], ["registry.created"], True)
    assert secret["secret"] not in str(changed)
    assert admin.must(200, "PATCH", f"webhooks/{hook}", {**other, "kinds": []})["kinds"] == [], "the same URL"
    assert admin("PATCH", f"webhooks/{hook}", {"url": "no url"}).code == "invalid_config"
    assert daemon.portolan("webhook", "disable", str(hook)).code == 0
    assert admin.get(f"webhooks/{hook}")["enabled"] is False
    moved = daemon.portolan("webhook", "update", str(hook), "--url", "http://127.0.0.1:9/c", "--secret-from", "env:S",
                            env={"S": secret["secret"]})
    assert moved.code == 0, moved.stderr
    assert admin.get(f"webhooks/{hook}")["url"] == "http://127.0.0.1:9/c"
    audit = admin.get("audit", action="webhook.update")["items"]
    assert len(audit) == 4 and secret["secret"] not in str(audit)
    assert admin("PATCH", "webhooks/999", {"enabled": True}).status == 404


def test_a_webhook_is_refused_an_address_that_is_not_allowed_and_shows_its_last_delivery(daemon):
    admin = daemon.admin
    for url in ("http://169.254.169.254/latest", "http://10.1.2.3/", "http://[fd00::1]:8080/", "http://0.0.0.0:9/"):
        refused = admin("POST", "webhooks", {"name": "hook", "url": url})
        assert (refused.status, refused.code, refused.json()["where"]) == (422, "policy", "/url"), refused.text
        assert "network.allow" in refused.json()["hint"]
    assert admin.get("webhooks")["items"] == []
    hook = {"name": "hook", "url": "http://127.0.0.1:9", "kinds": ["space.declared"]}
    made = admin.must(201, "POST", "webhooks", hook)
    assert made["last_delivery"] is None
    path = f"webhooks/{made['id']}"
    refused = admin("PATCH", path, {"url": "http://10.1.2.3/", "secret": "a secret that is long"})
    assert (refused.status, refused.code, refused.json()["where"]) == (422, "policy", "/url"), refused.text
    assert admin.get(path)["url"] == hook["url"]
    admin.must(201, "POST", "registries", HUB, validate="skip")
    admin.must(201, "POST", "registries/hub/spaces", {"name": "app", "declare": True})
    last = wait_for(lambda: admin.get(path)["last_delivery"], "the delivery to be tried")
    assert (last["taken"], last["status"], last["code"]) == (False, None, "unreachable"), last
    assert last["at"] < last["next_try_at"] and last["message"]
    assert admin.get("webhooks")["items"][0]["last_delivery"]["code"] == "unreachable"
    listed = daemon.portolan("webhook", "list")
    assert listed.code == 0 and "NEXT TRY" in listed.stdout and last["message"][:20] in listed.stdout, listed.stdout


def test_the_overview_says_what_to_call_next_with_what_the_caller_knows(daemon):
    admin = daemon.admin
    admin.must(201, "POST", "registries", HUB, validate="skip")

    def overview(caller=admin):
        shown = caller.get("registries/hub/overview")
        return {step["step"]: step for step in shown["quick_start"]}, shown["links"]

    steps, links = overview()
    assert [step["done"] for step in steps.values()] == [False] * 3
    assert steps["space"]["next"]["command"] == "portolan space create hub SPACE --declare"
    assert "{workspace}" in steps["application"]["next"]["path"]
    statistics = "/api/v1/registries/hub/statistics"
    assert links == {"statistics": statistics, "series": statistics + "/series?measure={measure}"}
    admin.must(200, "GET", links["series"].replace("{measure}", "repositories"))

    command = steps["space"]["next"]["command"].replace("SPACE", "app").split()[1:]
    assert daemon.portolan(*command).code == 0
    for name in ("other", "shop"):
        admin.must(201, "POST", "workspaces", {"name": name})
    member = daemon.user("member", {"shop": "workspace-admin"})
    admin.must(204, "PUT", "workspaces/other/namespaces/east/theirs")
    admin.must(201, "POST", "registries/hub/spaces/app/bindings", {"workspace": "other"})
    steps, _ = overview()
    assert all(step["done"] for step in steps.values())
    assert steps["application"]["next"]["path"] == "/api/v1/workspaces/other/pull-secret?namespace=east%2Ftheirs"

    command = steps["workspace"]["next"]["command"].replace("WORKSPACE", "shop").split()[1:]
    assert command == ["binding", "add", "hub", "app", "shop"] and daemon.portolan(*command).code == 0
    steps, links = overview(member)
    assert "other" not in str(steps) and links["series"] is None, "he does not know who else uses it"
    assert not steps["application"]["done"] and "/workspaces/shop/" in steps["application"]["next"]["path"]
    admin.must(204, "PUT", "workspaces/shop/namespaces/east/ours")
    steps, _ = overview(member)
    assert steps["application"]["done"]
    command = steps["application"]["next"]["command"]
    assert command == "portolan image pull-secret shop --namespace east/ours"
    assert daemon.portolan(*command.split()[1:], caller=member).code == 0
    member.must(200, "GET", steps["application"]["next"]["path"])


@pytest.mark.parametrize("name", ["$(id)", "a b", "a;id", "-x"])
def test_the_overview_puts_no_name_into_a_command_that_a_shell_reads_otherwise(daemon, name):
    """Who pastes the command must not run what a registry wrote."""
    rules = {"/v2/": answers.ok("{}"), "/v2/_catalog": answers.ok({"repositories": [f"{name}/app"]})}
    with Upstream(rules) as upstream:
        draft = {"name": "hub", "type": "docker-registry", "address": upstream.home}
        daemon.admin.must(201, "POST", "registries", draft)
        wait_for(lambda: daemon.admin.get("registries/hub/spaces")["items"], "its space to be seen")
        steps = daemon.admin.get("registries/hub/overview")["quick_start"]
        assert steps[1]["next"]["command"] == "portolan binding add hub SPACE WORKSPACE", steps[1]


def chained(line):
    """The hash of an exported entry, made as docs/security.md says."""
    names = ("hash_before", "id", "at_ms", "actor", "action", "subject", "remote", "request_id", "outcome",
             "before_json", "after_json")
    parts = [str(line[name]).encode() for name in names]
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).hexdigest()


def test_the_audit_is_exported_proved_marked_and_goes_on(daemon):
    admin, auditor = daemon.admin, daemon.user("auditor", auditor=True)
    plain = daemon.user("plain")
    for n in range(5):
        admin.must(201, "POST", "workspaces", {"name": f"w-{n}"})
    before = admin.get("audit/verification")
    assert before["intact"] and before["first"] == 1 and before["exported"] is None and before["since"]
    file = daemon.folder / "audit.ndjson"
    made = daemon.portolan("audit", "export", "--to", str(file), "-o", "json")
    assert made.code == 0, made.stderr
    told = json.loads(made.stdout)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["id"] for line in lines] == list(range(1, told["entries"] + 1))
    assert lines[-1]["hash"] == told["hash"] and file.stat().st_mode & 0o777 == 0o600
    assert all(line["hash"] == chained(line) for line in lines)
    assert all(line["hash_before"] == before["hash"] for before, line in zip(lines, lines[1:]))
    assert [line["subject"] for line in lines if line["action"] == "workspace.create"] == [f"w-{n}" for n in range(5)]
    after = admin.get("audit/verification")
    assert (after["exported"], after["intact"]) == (told["through"], True)

    again = daemon.portolan("audit", "export", "--to", str(file))
    assert again.code != 0 and "exist" in again.stderr, "a file that is there is never written over"
    more = daemon.folder / "more.ndjson"
    assert daemon.portolan("audit", "export", "--to", str(more), "--no-mark", caller=auditor).code == 0
    new = [json.loads(line) for line in more.read_text().splitlines()]
    assert new[0]["id"] == told["through"] + 1 and new[0]["hash_before"] == told["hash"]
    assert admin.get("audit/verification")["exported"] == told["through"]
    assert daemon.portolan("audit", "export", "--to", str(daemon.folder / "no"), caller=auditor).code == 77
    assert plain("GET", "audit/export").status == 403 and plain("POST", "audit/exported", {}).status == 403

    wrong = admin("POST", "audit/exported", {"through": 1, "hash": "0" * 64})
    assert (wrong.status, wrong.code) == (409, "conflict")
    assert admin("POST", "audit/exported", {"through": 10**6, "hash": "0" * 64}).status == 404
    page = admin("GET", "audit/export", limit=2)
    assert page.headers["Content-Type"] == "application/x-ndjson" and len(page.text.splitlines()) == 2
    assert "after=2" in page.headers["Link"]
