"""What every resource of the API keeps to: its ETag, and the pages of its lists."""

import pytest
from rigs.daemon import Daemon

NEVER = {"health_s": -1, "statistics_s": -1, "deep_s": -1, "catalogue_s": -1}
HUB = {"name": "hub", "type": "docker-registry", "address": "http://127.0.0.1:9", "schedule": NEVER}


@pytest.fixture
def daemon(start, portolan):
    return start(Daemon, portolan)


RESOURCES = {  # path: (list, body, change)
    "users/vic": ("users", {"name": "vic"}, {"display_name": "Vic"}),
    "workspaces/shop": ("workspaces", {"name": "shop"}, {"description": "x"}),
    "registries/hub": ("registries", HUB, {"description": "x"}),
    "registries/hub/spaces/app": ("registries/hub/spaces", {"name": "app", "declare": True}, {"visibility": "public"}),
}


@pytest.mark.parametrize("path", RESOURCES)
def test_an_etag_is_of_one_row_and_one_revision_of_it(daemon, path):
    admin, (collection, body, change) = daemon.admin, RESOURCES[path]
    query = {"validate": "skip"} if collection == "registries" else {}
    if path.startswith("registries/hub/"):
        admin.must(201, "POST", "registries", HUB, validate="skip")
    first = admin("POST", collection, body, **query).headers["ETag"]
    assert admin("GET", path).headers["ETag"] == first
    gone = {"confirm": path.rpartition("/")[2]} if "/spaces/" in path else {}
    assert admin("DELETE", path, headers={"If-Match": first}, **gone).status in (202, 204)
    second = admin("POST", collection, body, **query).headers["ETag"]
    assert second != first, "made again under its name it is another one"

    stale = admin("PATCH", path, change, headers={"If-Match": first})
    assert (stale.status, stale.code, stale.headers["ETag"]) == (412, "precondition_failed", second)
    row, revision = second.strip('"').split(".")
    for wrong in (f'"{revision}"', f'"{row}"', f'"{row}.{revision}0"'):
        assert admin("PATCH", path, change, headers={"If-Match": wrong}).status == 412, wrong
    changed = admin("PATCH", path, change, headers={"If-Match": second}).headers["ETag"]
    assert changed == admin("GET", path).headers["ETag"] != second
    assert admin("PATCH", path, change, headers={"If-Match": second}).status == 412
    assert admin("DELETE", path, headers={"If-Match": second}, **gone).status == 412


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
        if not limits or path == "/api/v1/search":
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
