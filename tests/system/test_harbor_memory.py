"""Deep collections of a Harbor that ask only for what moved since the one before, and stay true.

The daemon keeps the notes. What it says is held against a run without a daemon, which has none.
"""

import contextlib
import sqlite3

import pytest
from harbor_world import ask, before, by_name, numbers, short, simulated  # noqa: F401 (fixtures)
from rigs.daemon import Daemon
from rigs.simulated_harbor import HarborUnderTest

LIST = "/artifacts"


class Deep:
    """A daemon whose one registry is a Harbor."""

    def __init__(self, daemon, client, address):
        self.daemon, self.admin = daemon, daemon.admin
        draft = {"name": "harbor", "type": "harbor", "address": address, "allow_plain_http": True,
                 "credentials": {"username": client.username, "password": client.password}}
        self.admin.must(201, "POST", "registries", draft)

    def collect(self):
        """A deep collection: ({(name, kind): number}, {space: the same})."""
        job = self.admin.must(202, "POST", "registries/harbor/statistics", {"level": "deep"})
        assert self.admin.job(job["id"])["state"] == "done"
        found = self.admin.get("registries/harbor/statistics")
        assert (found["level"], found["complete"]) == ("deep", True)
        self.let_time_pass()
        return ({key: short(one) for key, one in by_name(found["measures"]).items()},
                {space["name"]: {key: short(one) for key, one in by_name(space["measures"]).items()}
                 for space in found["spaces"]})

    def let_time_pass(self):
        """A daemon that starts again a minute later: within half a minute it answers what it has."""
        self.daemon.terminate()
        with contextlib.closing(sqlite3.connect(self.daemon.store / "portolan.db")) as database, database:
            database.execute("UPDATE statistics SET taken_at_ms = taken_at_ms - 60000")
        self.daemon.launch()


@pytest.fixture
def deep(start, portolan):
    """By itself it does nothing that could come in between."""
    settings = {"statistics.interval": "0s", "catalogue.interval": "0s", "health.interval": "1h"}
    return lambda client, address: Deep(start(Daemon, portolan, settings=settings), client, address)


def without_a_daemon(ask, client):
    found, spaces, complete = numbers(ask("stats", client, "--level", "deep"))
    assert complete
    return ({key: short(one) for key, one in found.items()},
            {name: {key: short(one) for key, one in space.items()} for name, space in spaces.items()})


def lists_of_artifacts(front):
    return [seen.target.split("?")[0] for seen in front.seen if seen.target.split("?")[0].endswith(LIST)]


def test_unchanged_repositories_cost_no_request(deep, simulated):
    simulated.seed_many(projects=10, repositories=200, tags=2)
    collecting = deep(simulated.client, simulated.url)
    first = collecting.collect()
    assert first[0]["tags", None] == (400, "known", "registry")
    for _ in range(2):
        simulated.reset_requests()
        assert collecting.collect() == first
        asked = simulated.requests()
        assert not [path for path in asked if path.endswith(LIST)], asked
        # Totals, projects, quotas, three pages of repositories, and who we are: the daemon was started anew.
        assert sum(count for path, count in asked.items() if "ping" not in path) <= 10, asked


def test_what_moved_came_or_went_is_told_as_by_a_run_that_knows_nothing(deep, ask):
    with HarborUnderTest() as harbor:
        client = harbor.client
        project, other = client.unique("memory"), client.unique("memory")
        for name in (project, other):
            client.make_project(name)
        pusher = client.pusher
        for number in range(6):
            pusher.image(f"{project}/r{number}", ["v1", "v2"], [f"layer {number}".encode()])
        child = pusher.image(f"{other}/multi", ["arm"], [b"arm"])
        pusher.index(f"{other}/multi", ["multi"], [child])
        with before(harbor) as front:
            collecting = deep(client, front.home)
            collecting.collect()
            front.seen.clear()
            below = f"/api/v2.0/projects/{project}/repositories"
            old = client.get(f"/projects/{project}/repositories/r1/artifacts?with_tag=true")[0]["digest"]
            pusher.image(f"{project}/r0", ["v3"], [b"new"])                                    # pushed
            client.expect([200], "DELETE", f"{below}/r1/artifacts/{old}/tags/v2")              # a tag less
            image = client.get(f"/projects/{project}/repositories/r2/artifacts?with_tag=true")[0]["digest"]
            client.expect([201], "POST", f"{below}/r2/artifacts/{image}/tags", {"name": "v9"})  # a tag more
            client.expect([200], "DELETE", f"{below}/r3")                                      # gone,
            client.expect([200], "DELETE", f"{below}/r4")
            pusher.image(f"{project}/r4", ["other"], [b"another"])                             # and made anew
            pusher.image(f"{project}/r9", ["v1"], [b"nine"])                                   # new
            found = collecting.collect()
            lists = {path.split("/repositories/")[1].split("/")[0] for path in lists_of_artifacts(front)
                     if f"/projects/{project}/" in path or f"/projects/{other}/" in path}
            assert lists == {"r0", "r1", "r2", "r4", "r9"}
            expected = without_a_daemon(ask, client)
            assert found[1][project] == expected[1][project] and found[1][other] == expected[1][other]
            assert found[1][project]["tags", None][0] == 3 + 1 + 3 + 1 + 1 + 2
            if harbor.simulated:  # Others work on a real one.
                assert found == expected
