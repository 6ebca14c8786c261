"""kill -9 of the daemon while it changes a Harbor, and whether both sides agree again afterwards.

    python -m rigs.side_effects --kills 100 --build "$PWD/.build/dev"
"""

import argparse
import base64
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import random
import re
import sqlite3
import sys
import threading
import time
from urllib.parse import urlsplit

from rigs.binary import Portolan
from rigs.daemon import Daemon
from rigs.hammer import everything
from rigs.process import wait_for
from rigs.simulated_harbor import SimulatedHarbor

#: Nothing is asked of a Harbor but what the test asks for.
QUIET = {"health.interval": "1h", "statistics.interval": "0s", "catalogue.interval": "0s",
         "robots.grace": "1s", "server.rate-per-address": 100000, "server.rate-burst": 100000}
#: What Harbor is asked while it changes: (method, path) of the request that is kept on its way.
CREATE_PROJECT = ("POST", "/api/v2.0/projects")
CHANGE_PROJECT = ("PUT", "/api/v2.0/projects/[^/]+")
DELETE_PROJECT = ("DELETE", "/api/v2.0/projects/[^/]+")
CREATE_ROBOT = ("POST", "/api/v2.0/robots")
CHANGE_ROBOT = ("PUT", "/api/v2.0/robots/[0-9]+")
DELETE_ROBOT = ("DELETE", "/api/v2.0/robots/[0-9]+")


class Place:
    """A Harbor of its own, integrated by the platform, and a workspace of the same name."""

    def __init__(self, daemon, harbor, name):
        self.daemon, self.harbor, self.name = daemon, harbor, name
        self.admin = daemon.admin
        draft = {"name": name, "type": "harbor", "address": harbor.url, "timeouts": {"statistics_ms": 10000},
                 "credentials": {"username": "admin", "password": harbor.client.password}}
        self.admin.must(201, "POST", "registries", draft, validate="skip")
        self.admin.must(201, "POST", "workspaces", {"name": name})
        self.admin.must(204, "PUT", f"workspaces/{name}/members/root", {"role": "workspace-editor"})
        self.path = f"registries/{name}"

    # What people ask for; each returns once the daemon has acknowledged it.

    def create(self, space):
        return self.admin.must(201, "POST", f"{self.path}/spaces", {"name": space, "visibility": "private"})

    def delete(self, space):
        return self.admin.must((202, 204), "DELETE", f"{self.path}/spaces/{space}", confirm=space)

    def publish(self, space):
        return self.admin.must((200, 202), "PATCH", f"{self.path}/spaces/{space}",
                               {"visibility": "public", "upstream": True})

    def bind(self, space, access="pull"):
        return self.admin.must(201, "POST", f"{self.path}/spaces/{space}/bindings",
                               {"workspace": self.name, "access": access})

    def unbind(self, space):
        return self.admin.must(204, "DELETE", f"{self.path}/spaces/{space}/bindings/{self.name}")

    def push(self, space):
        return self.admin.must(201, "POST", f"{self.path}/spaces/{space}/push", {"workspace": self.name})

    def rotate(self):
        return self.admin.must(202, "POST", f"workspaces/{self.name}/pull-secret/rotate")

    # What is there

    def spaces(self):
        """{name: row} of those that the daemon takes to be there."""
        rows = everything(self.admin, f"{self.path}/spaces")
        there = [row for row in rows if row["gone_at"] is None]
        assert len(there) == len({row["name"] for row in there}), there
        return {row["name"]: row for row in there}

    def projects(self):
        found = everything_of(self.harbor.client, "/projects")
        return {row["name"]: row for row in found if row["name"] != "library"}

    def robots(self):
        """{"push" or "pull": [robot]} of those that the daemon made."""
        found = {"pull": [], "push": []}
        for row in everything_of(self.harbor.client, "/robots"):
            ours = re.fullmatch(r"robot\$portolan-\w+(-push)?-r\d+-w\d+-\w+", row["name"])
            if ours:
                found["push" if ours[1] else "pull"].append(row)
        return found

    def bound(self):
        answer = self.admin("GET", f"workspaces/{self.name}/bindings")
        rows = answer.json()["items"] if answer.status == 200 else []  # The workspace may have gone.
        return {row["space"] for row in rows if row["revoke_pending"] is None}

    def secret(self):
        """(user, password) of the pull secret, or None."""
        answer = self.admin("GET", f"workspaces/{self.name}/pull-secret")
        if answer.status == 404:  # The workspace went.
            return None
        assert answer.status == 200, answer.text
        answer = answer.json()
        auths = answer["dockerconfigjson"]["auths"]
        # A space bound while it was being deleted is no more.
        missing = {row["reason"] for row in answer["missing"]} - {"space_gone"}
        assert missing <= {"credential_pending"}, answer
        if not auths or missing:
            return None
        auth = auths.get(urlsplit(self.harbor.url).netloc)  # Others: of a space that is public here.
        return auth and tuple(base64.b64decode(auth["auth"]).decode().split(":", 1))

    def may_pull(self, login, space):
        with contextlib.closing(self.harbor.client.as_caller(*login)) as caller:
            scope = f"/service/token?service=harbor-registry&scope=repository:{space}/app:pull"
            status, _, body = caller.request("GET", scope)
        if status != 200:
            return False
        claims = json.loads(body)["token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return any("pull" in entry["actions"] for entry in claims["access"])

    # Whether both sides agree

    def busy(self):
        wanted = ("space.", "robot.sync", "registry.remove", "workspace.remove")
        return [row for row in self.admin.get("jobs", limit=500)["items"]
                if row["kind"].startswith(wanted) and row["state"] in ("queued", "running")]

    def known_pushes(self):
        """Push robots that the daemon keeps, and therefore ends; the answer with one may not have arrived."""
        with contextlib.closing(sqlite3.connect(f"file:{self.daemon.store}/portolan.db?mode=ro", uri=True)) as database:
            return {name for (name,) in database.execute("SELECT username FROM robot WHERE push = 1")}

    def look(self):
        """AssertionError when Harbor and the store tell two stories."""
        spaces, projects, robots = self.spaces(), self.projects(), self.robots()
        assert sorted(spaces) == sorted(projects), f"{self.name}: {sorted(spaces)} here, {sorted(projects)} upstream"
        for name, row in spaces.items():
            upstream = "public" if projects[name]["metadata"]["public"] == "true" else "private"
            assert row["upstream_visibility"] == upstream, (self.name, row)
        orphans = {row["name"] for row in robots["push"]} - self.known_pushes()
        assert not orphans, f"{self.name}: push robots that nobody has: {orphans}"
        # A space bound while it was being deleted is shown as broken, and needs no robot.
        needed = {name for name in self.bound() & set(spaces) if spaces[name]["upstream_visibility"] == "private"}
        granted = [sorted(entry["namespace"] for entry in row["permissions"]) for row in robots["pull"]]
        assert granted == ([sorted(needed)] if needed else []), f"{self.name}: {granted} for {needed}"
        login = self.secret()
        assert (login is not None) == bool(needed), f"{self.name}: a secret for {needed}: {login is not None}"
        if login:
            assert login[0] == robots["pull"][0]["name"], f"{self.name}: the secret is of another robot"
        for name in needed:
            assert self.may_pull(login, name), f"{self.name}: the secret does not pull {name}"
        if login:
            assert not self.may_pull(login, "library-of-nobody")


def everything_of(client, path):
    rows, page = [], 1
    while found := client.get(f"{path}?page={page}&page_size=100"):
        rows, page = rows + found, page + 1
    return rows


def settle(places, seconds=120):
    """Until no job of the daemon is left to do."""
    def calm():
        time.sleep(0.05)  # The daemon has something better to do than to tell.
        return not places[0].busy()
    wait_for(calm, "the jobs to end", seconds)


# One kill for each moment of each change


def nothing(place):
    del place


def one_space(place):
    place.create("alpha")
    settle([place])


def bound(place):
    one_space(place)
    place.bind("alpha", "push")
    settle([place])


def two_bound(place):
    bound(place)
    place.create("beta")
    place.bind("beta")
    settle([place])


def bound_and_another(place):
    bound(place)
    place.create("beta")
    settle([place])


#: what it is -> (what is there before, what is asked for, the request of it that is interrupted)
CHANGES = {
    "space creation": (nothing, lambda place: place.create("alpha"), CREATE_PROJECT),
    "space creation and binding": (nothing, lambda place: (place.create("alpha"), place.bind("alpha")), CREATE_PROJECT),
    "publication": (one_space, lambda place: place.publish("alpha"), CHANGE_PROJECT),
    "space deletion": (one_space, lambda place: place.delete("alpha"), DELETE_PROJECT),
    "first binding": (one_space, lambda place: place.bind("alpha"), CREATE_ROBOT),
    "second binding": (bound_and_another, lambda place: place.bind("beta"), CHANGE_ROBOT),
    "unbinding of one of two": (two_bound, lambda place: place.unbind("beta"), CHANGE_ROBOT),
    "last unbinding": (bound, lambda place: place.unbind("alpha"), DELETE_ROBOT),
    "rotation": (bound, lambda place: place.rotate(), CREATE_ROBOT),
    "end of what was rotated": (bound, lambda place: place.rotate(), DELETE_ROBOT),
    "push credential": (bound, lambda place: place.push("alpha"), CREATE_ROBOT),
    "workspace removal": (
        bound, lambda place: place.admin.must(202, "DELETE", f"workspaces/{place.name}", cascade="true"), DELETE_ROBOT),
}
#: when the kill comes -> (where the request is kept, what becomes of it then)
MOMENTS = {"before Harbor knows": ("before", "lose"), "while Harbor works": ("before", "go_on"),
           "before the answer arrives": ("after", "lose")}


def in_background(act, place):
    """The request may wait for Harbor: its connection ends with the daemon."""
    def ask():
        with contextlib.suppress(OSError, http.client.HTTPException):
            act(place)
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def interrupt(daemon, moments):
    """Each (change, moment) at a Harbor of its own, all killed at once. What both sides do not agree in afterwards.

    Fewer than the daemon's eight jobs of a kind are kept on their way at once: the ninth would not begin.
    """
    with contextlib.ExitStack() as stack:
        harbors = [stack.enter_context(SimulatedHarbor()) for _ in moments]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            places = list(pool.map(lambda one: Place(daemon, one[1], f"p{one[0]}"), enumerate(harbors)))
            list(pool.map(lambda place, moment: CHANGES[moment[0]][0](place), places, moments))
        held = [harbor.hold(*CHANGES[name][2], MOMENTS[moment][0])
                for harbor, (name, moment) in zip(harbors, moments, strict=True)]
        asking = [in_background(CHANGES[name][1], place) for place, (name, _) in zip(places, moments, strict=True)]
        for one in held:
            one.wait()
        daemon.kill()
        for thread in asking:
            thread.join(30)
        for one, (_, moment) in zip(held, moments, strict=True):
            getattr(one, MOMENTS[moment][1])()
        daemon.launch()
        settle(places)
        return {moment: verdict(place) for moment, place in zip(moments, places, strict=True)}


def verdict(place, seconds=90):
    """None when both sides agree; else what they do not agree in."""
    said = []

    def agreed():
        said.clear()
        try:
            place.look()
        except AssertionError as error:
            said.append(str(error))
        return not said
    with contextlib.suppress(TimeoutError):
        wait_for(agreed, "both sides to agree", seconds)
    return said[0] if said else None


# Kills at random moments of random changes


class Somebody(threading.Thread):
    """Asks for one change after another at one place, until the daemon dies under it."""

    def __init__(self, place, chance):
        super().__init__(daemon=True)
        self.place, self.chance = place, chance
        self.asked, self.wrong = 0, []

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                method, path, body = self.chance.choice(self.wishes())
                answer = self.place.admin(method, path, body, timeout=10)
                self.asked += 1
                if answer.status >= 500 and answer.status not in (502, 503):  # 502: what Harbor answered.
                    self.wrong.append(f"{method} {path}: {answer.status} {answer.text[:300]}")

    def wishes(self):
        """What is not possible just now is refused; that is no matter."""
        space = f"{self.place.path}/spaces/s{self.chance.randrange(4)}"
        name = space.rpartition("/")[2]
        workspace = {"workspace": self.place.name}
        return [("POST", f"{self.place.path}/spaces", {"name": name, "visibility": "private"}),
                ("DELETE", f"{space}?confirm={name}", None),
                ("POST", f"{space}/bindings", {**workspace, "access": "push"}),
                ("POST", f"{space}/bindings", {**workspace, "access": "push"}),
                ("DELETE", f"{space}/bindings/{self.place.name}", None),
                ("PATCH", space, {"visibility": "public", "upstream": True}),
                ("PATCH", space, {"visibility": "private", "upstream": True}),
                ("POST", f"{space}/push", workspace),
                ("POST", f"workspaces/{self.place.name}/pull-secret/rotate", None)]


def upheaval(daemon, kills, seed=0, harbors=3):
    """Kills while each place changes; after each both sides must come to agree. How many changes were asked for."""
    chance, asked = random.Random(seed), 0
    with contextlib.ExitStack() as stack:
        # A request that takes some time is more often cut in two.
        simulated = [stack.enter_context(SimulatedHarbor(password_cost=0.01)) for _ in range(harbors)]
        places = [Place(daemon, harbor, f"u{seed}-{number}") for number, harbor in enumerate(simulated)]
        for kill in range(kills):
            people = [Somebody(place, random.Random(chance.random())) for place in places]
            for somebody in people:
                somebody.start()
            time.sleep(chance.uniform(0.05, 0.6))  # Where in the changes the kill falls is what is tried.
            daemon.kill()
            for somebody in people:
                somebody.join(30)
            wrong = [line for somebody in people for line in somebody.wrong]
            assert not wrong, wrong
            asked += sum(somebody.asked for somebody in people)
            daemon.launch()
            settle(places, 120)
            for place in places:
                said = verdict(place)
                assert said is None, f"kill {kill + 1}, seed {seed}: {said}"
    return asked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    given = parser.parse_args()
    for moment in MOMENTS:
        with Daemon(Portolan(given.build), QUIET) as daemon:
            said = interrupt(daemon, [(change, moment) for change in CHANGES])
            wrong = {change: text for change, text in said.items() if text}
            assert not wrong, wrong
    print(f"{len(CHANGES)} changes of a Harbor killed at {len(MOMENTS)} moments each: none left half done")
    with Daemon(Portolan(given.build), QUIET) as daemon:
        asked = upheaval(daemon, given.kills, given.seed)
    print(f"{given.kills} kills in {asked} changes of three Harbors: both sides agreed after each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
