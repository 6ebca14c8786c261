"""What a collection costs a Harbor, lists of several pages, and how they end early: budgets, deadlines, interrupts.

Tests that ask for `crowd` run against the Harbor that the environment names, or a simulated one. The others need what
only a simulation has: a thousand projects in a second, and a price of the password that holds a collection up.
"""

import json
import signal
import time

from harbor_world import (  # noqa: F401 (fixtures)
    LEAST,
    PASSWORD,
    all_of,
    ask,
    before,
    by_name,
    crowd,
    line,
    numbers,
    registry_of,
    requests_of,
    short,
    simulated,
)
from rigs.binary import SOON
from rigs.process import wait_for
from rigs.simulated_harbor import SimulatedHarbor


def pages(rows):
    return len(rows) // 100 + 1


# lists of several pages


def test_repositories_and_tags_are_listed_and_gone_on_with(ask, crowd):
    everything = [row["name"] for row in ask("repos", crowd.admin).json()["repositories"]]
    assert everything == sorted(everything) and set(crowd.images) <= set(everything)
    first = ask("repos", crowd.admin, "--limit", "113").json()
    rest = ask("repos", crowd.admin, "--cursor", first["cursor"]).json()
    assert len(first["repositories"]) == 113
    assert [row["name"] for row in first["repositories"] + rest["repositories"]] == everything
    only = ask("repos", crowd.admin, "--space", crowd.names[0]).json()["repositories"]
    assert [row["name"] for row in only] == crowd.images
    tags = ask(f"tags {crowd.images[0]}", crowd.admin, "--limit", "2").json()
    more = ask(f"tags {crowd.images[0]}", crowd.admin, "--cursor", tags["cursor"]).json()
    assert sorted(t["name"] for t in tags["tags"] + more["tags"]) == list(crowd.tags)
    assert all(t["digest"].startswith("sha256:") for t in tags["tags"])


def test_many_projects_are_read_a_hundred_at_a_time(ask, crowd):
    with before(crowd.harbor) as front:
        found, spaces, complete = numbers(ask("stats", crowd.admin, address=front.home))
    projects, repositories = all_of(crowd.admin, "/projects"), all_of(crowd.admin, "/repositories")
    assert complete and set(spaces) == {row["name"] for row in projects} >= set(crowd.names)
    assert found["spaces", None]["value"] == len(projects)
    assert found["repositories", None]["value"] == len(repositories) >= crowd.repositories
    asked = requests_of(front)
    assert asked["GET /api/v2.0/projects"] == asked["GET /api/v2.0/quotas"] == pages(projects)
    assert asked["GET /api/v2.0/repositories"] == pages(repositories)
    assert sum(asked.values()) == 4 + 2 * pages(projects) + pages(repositories)


# cost, and how it ends


def total(harbor):
    return sum(harbor.requests().values())


def test_a_thousand_projects_by_password_cost_few_requests(ask, simulated):
    simulated.seed_many(projects=999, repositories=1000, tags=1)  # and "library"
    for level, most in (("quick", 4), ("normal", 35)):
        simulated.reset_requests()
        found, _, complete = numbers(ask("stats", simulated.client, "--level", level))
        assert complete and found["spaces", None]["value"] == found["repositories", None]["value"] == 1000
        assert total(simulated) <= most, simulated.requests()


def test_a_user_of_many_projects_does_not_pay_for_each(ask, crowd):
    user = crowd.admin.make_user(crowd.admin.unique("dev"), PASSWORD)
    for name in crowd.names[1:13]:
        crowd.admin.add_member(name, user.username, 3)
    with before(crowd.harbor) as front:
        _, spaces, _ = numbers(ask("stats", user, address=front.home))
    lists = pages(all_of(user, "/projects")) + pages(all_of(user, "/repositories"))
    assert sum(requests_of(front).values()) <= 4 + lists
    assert "--level deep" in spaces[crowd.names[7]]["storage_bytes", "deduplicated"]["hint"]
    _, spaces, _ = numbers(ask("stats", user, "--level", "deep"))
    assert short(spaces[crowd.names[7]]["storage_bytes", "deduplicated"]) == (0, "known", "account")


def assert_lower_bound(result, projects, artifacts, code=0):
    assert result.code == code, result.stderr + result.stdout
    statistics = registry_of(result)["statistics"]
    assert statistics["complete"] is False and registry_of(result)["error"] is None
    found = by_name(statistics["measures"])
    for (name, _), measure in found.items():
        assert measure["state"] != "partial" or 0 < measure["value"], name
        assert measure["state"] != "known" or measure["value"] is not None
    assert (found["spaces", None]["value"] or 0) <= projects
    assert (found["artifacts", None]["value"] or 0) <= artifacts
    return found


def test_a_budget_ends_a_collection_with_what_was_reached(ask, crowd):
    most = len(all_of(crowd.admin, "/projects")), sum(r["artifact_count"] for r in all_of(crowd.admin, "/repositories"))
    with before(crowd.harbor) as front:
        found = assert_lower_bound(ask("stats", crowd.admin, "--max-requests", "6", address=front.home), *most)
        assert sum(requests_of(front).values()) == 6
    assert found["artifacts", None]["state"] in ("partial", "unknown")
    assert ask("stats", crowd.admin, "--max-requests", "6", "--fail-on", "partial").code == 1
    robot, _ = crowd.admin.make_robot(crowd.admin.unique("all"), LEAST)
    found = assert_lower_bound(ask("stats", robot, "--max-requests", "5"), *most)
    assert found["spaces", None]["state"] == "partial" and found["spaces", None]["value"] >= 100


def test_a_deadline_ends_a_collection_with_what_was_reached(ask):
    with SimulatedHarbor(password_cost=0.2) as harbor:
        harbor.seed_many(projects=999, repositories=1000, tags=1)
        began = time.monotonic()
        assert_lower_bound(ask("stats", harbor.client, "--timeout", "2s"), 1000, 1000)
        assert time.monotonic() - began < 2 + SOON


def test_an_interrupt_ends_a_collection_with_what_was_reached(portolan):
    with SimulatedHarbor(password_cost=0.2) as harbor:
        harbor.seed_many(projects=999, repositories=1000, tags=1)
        process = portolan.start(*line("stats", harbor.client), env={"HARBOR_PASSWORD": harbor.admin_password})
        wait_for(lambda: harbor.requests().get("GET /api/v2.0/projects", 0) >= 3, "the collection to be under way", 20)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SOON)
        assert process.returncode == 130
        statistics = json.loads(output)["registries"][0]["statistics"]
        assert statistics["complete"] is False
        found = by_name(statistics["measures"])
        assert found["spaces", None]["value"] == 1000  # /statistics had come
        assert found["artifacts", None]["state"] in ("partial", "unknown")
