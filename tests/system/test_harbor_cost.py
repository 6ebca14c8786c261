"""What a collection costs a Harbor, and how it ends early: counts, budgets, deadlines, interrupts."""

import json
import signal
import time

from harbor_world import (  # noqa: F401 (fixtures)
    LEAST,
    PASSWORD,
    ask,
    by_name,
    line,
    numbers,
    registry_of,
    short,
    simulated,
)
from rigs.process import wait_for
from rigs.simulated_harbor import SimulatedHarbor


# cost, and how it ends


def total(harbor):
    return sum(harbor.requests().values())


def test_two_hundred_and_fifty_projects_are_read_in_three_pages(ask, simulated):
    simulated.seed_many(projects=249, repositories=250, tags=1)
    simulated.reset_requests()
    found, spaces, complete = numbers(ask("stats", simulated.client))
    assert complete and len(spaces) == 250
    assert found["spaces", None]["value"] == found["repositories", None]["value"] == 250
    asked = simulated.requests()
    assert {asked[f"GET /api/v2.0/{what}"] for what in ("projects", "repositories", "quotas")} == {3}


def test_a_thousand_projects_by_password_cost_few_requests(ask, simulated):
    simulated.seed_many(projects=999, repositories=1000, tags=1)  # and "library"
    for level, most in (("quick", 4), ("normal", 35)):
        simulated.reset_requests()
        found, _, complete = numbers(ask("stats", simulated.client, "--level", level))
        assert complete and found["spaces", None]["value"] == found["repositories", None]["value"] == 1000
        assert total(simulated) <= most, simulated.requests()


def test_a_user_of_many_projects_does_not_pay_for_each(ask, simulated):
    user = simulated.client.make_user("dev", PASSWORD)
    for number in range(30):
        simulated.client.make_project(f"mine{number:02d}")
        simulated.client.add_member(f"mine{number:02d}", "dev", 3)
    simulated.reset_requests()
    _, spaces, _ = numbers(ask("stats", user))
    assert total(simulated) <= 6
    assert "--level deep" in spaces["mine07"]["storage_bytes", "deduplicated"]["hint"]
    _, spaces, _ = numbers(ask("stats", user, "--level", "deep"))
    assert short(spaces["mine07"]["storage_bytes", "deduplicated"]) == (0, "known", "account")


def assert_lower_bound(result, projects, repositories, code=0):
    assert result.code == code, result.stderr + result.stdout
    statistics = registry_of(result)["statistics"]
    assert statistics["complete"] is False and registry_of(result)["error"] is None
    found = by_name(statistics["measures"])
    for (name, _), measure in found.items():
        assert measure["state"] != "partial" or 0 < measure["value"], name
        assert measure["state"] != "known" or measure["value"] is not None
    assert (found["spaces", None]["value"] or 0) <= projects
    assert (found["artifacts", None]["value"] or 0) <= repositories
    return found


def test_a_budget_ends_a_collection_with_what_was_reached(ask, simulated):
    simulated.seed_many(projects=999, repositories=1000, tags=1)
    simulated.reset_requests()
    found = assert_lower_bound(ask("stats", simulated.client, "--max-requests", "7"), 1000, 1000)
    assert total(simulated) == 7
    assert found["artifacts", None]["state"] in ("partial", "unknown")
    assert ask("stats", simulated.client, "--max-requests", "7", "--fail-on", "partial").code == 1
    robot, _ = simulated.client.make_robot("all", LEAST)
    found = assert_lower_bound(ask("stats", robot, "--max-requests", "7"), 1000, 1000)
    assert found["spaces", None]["state"] == "partial" and found["spaces", None]["value"] >= 100


def test_a_deadline_ends_a_collection_with_what_was_reached(ask):
    with SimulatedHarbor(password_cost=0.2) as harbor:
        harbor.seed_many(projects=999, repositories=1000, tags=1)
        began = time.monotonic()
        assert_lower_bound(ask("stats", harbor.client, "--timeout", "2s"), 1000, 1000)
        assert time.monotonic() - began < 3.5


def test_an_interrupt_ends_a_collection_with_what_was_reached(portolan):
    with SimulatedHarbor(password_cost=0.2) as harbor:
        harbor.seed_many(projects=999, repositories=1000, tags=1)
        process = portolan.start(*line("stats", harbor.client), env={"HARBOR_PASSWORD": harbor.admin_password})
        wait_for(lambda: harbor.requests().get("GET /api/v2.0/projects", 0) >= 3, "the collection to be under way", 20)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        assert time.monotonic() - began < 1.5 and process.returncode == 130
        statistics = json.loads(output)["registries"][0]["statistics"]
        assert statistics["complete"] is False
        found = by_name(statistics["measures"])
        assert found["spaces", None]["value"] == 1000  # /statistics had come
        assert found["artifacts", None]["state"] in ("partial", "unknown")
