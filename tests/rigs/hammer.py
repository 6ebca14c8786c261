"""Kills a daemon with kill -9 while clients write through its API, and looks whether it kept its word.

    python -m rigs.hammer --kills 1000 --build .build/dev
"""

import argparse
import http.client
import pathlib
import random
import statistics
import sys
import threading
import time
from urllib.parse import unquote

from rigs.binary import Portolan
from rigs.daemon import Daemon

WRITERS = 4


class Writer(threading.Thread):
    """Makes, changes and removes workspaces until it is told to stop; keeps what was acknowledged.

    known: name -> description of what must be there; gone: names that must not be there. A request without an answer
    leaves its name in neither: it may have happened or not.
    """

    def __init__(self, caller, number, known, gone):
        super().__init__(daemon=True)
        self.caller, self.number, self.known, self.gone = caller, number, known, gone
        self.stopping = threading.Event()
        self.wrong, self.acknowledged = [], 0

    def run(self):
        count = 0
        while not self.stopping.is_set():
            count += 1
            name = f"w{self.number}-{time.monotonic_ns()}-{count}"
            try:
                if not self.step("POST", "workspaces", name, {"name": name, "description": "new"}, 201, "new"):
                    return
                if count % 2 and not self.step("PATCH", f"workspaces/{name}", name, {"description": "changed"}, 200,
                                               "changed"):
                    return
                if count % 3 == 0 and not self.step("DELETE", f"workspaces/{name}", name, None, (202, 204), None):
                    return
            except (OSError, http.client.HTTPException):
                return  # Killed in the middle: `name` is in neither.

    def step(self, method, path, name, body, wanted, description):
        self.known.pop(name, None)
        answer = self.caller(method, path, body, timeout=10)
        if answer.status not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            if answer.status != 503:  # It may say that it is going; it may say nothing else.
                self.wrong.append(f"{method} {path}: {answer.status} {answer.text[:200]}")
            return False
        self.acknowledged += 1
        if description is None:
            self.gone.add(name)
        else:
            self.known[name] = description
        return True


def everything(caller, path):
    """All rows of a list, page after page."""
    rows, cursor = [], {}
    while True:
        answer = caller("GET", path, limit=500, **cursor)
        assert answer.status == 200, answer.text
        rows += answer.json()["items"]
        link = answer.headers["Link"] or ""
        if 'rel="next"' not in link:
            return rows
        target = link.split(">")[0].lstrip("<")
        path, cursor = target.split("?")[0], {"cursor": unquote(target.split("cursor=")[1].split("&")[0])}


def hammer(daemon, kills, seed=0, look_every=1):
    """(acknowledged writes, seconds until ready after each kill); AssertionError when a word was broken."""
    chance, ready, known, gone, acknowledged = random.Random(seed), [], {}, set(), 0
    for kill in range(kills):
        writers = [Writer(daemon.admin, f"{kill}-{n}", known, gone) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.02, 0.4))  # Where in the writes the kill falls is what is tried.
        daemon.kill()
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(30)
        wrong = [line for writer in writers for line in writer.wrong]
        assert not wrong, wrong
        acknowledged += sum(writer.acknowledged for writer in writers)
        ready.append(daemon.launch())
        if kill % look_every == 0 or kill == kills - 1:
            look(daemon, known, gone, f"kill {kill + 1}, seed {seed}")
    return acknowledged, ready


def look(daemon, known, gone, where):
    rows = {row["name"]: row["description"] for row in everything(daemon.admin, "workspaces")}
    lost = {name: text for name, text in known.items() if rows.get(name) != text}
    assert not lost, f"{where}: acknowledged and lost: {lost}"
    back = [name for name in gone if name in rows]
    assert not back, f"{where}: removed and back again: {back}"
    assert daemon.admin.get("audit/verification")["intact"] is True, where


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    given = parser.parse_args()
    settings = {"server.rate-per-address": 100000, "server.rate-burst": 100000}
    with Daemon(Portolan(given.build), settings) as daemon:
        acknowledged, ready = hammer(daemon, given.kills, given.seed, look_every=10)
    ready.sort()
    print(f"{given.kills} kills, {acknowledged} acknowledged writes, none lost; ready again after "
          f"{statistics.median(ready) * 1000:.0f} ms (median), {ready[-1] * 1000:.0f} ms (longest)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
