"""10,000 guesses of passwords: slowed down, written down, and nobody else is the worse for it."""

import collections
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import threading
from urllib.parse import urlsplit

from rigs.binary import CANARY, SANITIZED
from rigs.daemon import Caller, Daemon
from rigs.hammer import everything

#: From so many addresses, and so many from each; the first guesses alone at one name.
ALONE, TOGETHER = 2000, 2000
ADDRESSES = [f"127.0.7.{number}" for number in range(1, 5)]
#: auth.login-attempts-per-minute of a name at an address, three times that of each; the test may take some minutes.
PER_MINUTE = 10


class Guesser:
    """One address with one kept connection. seen: how often each status came."""

    def __init__(self, url, address):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60, source_address=(address, 0))
        self.seen = collections.Counter()

    def __call__(self, name, password):
        body = json.dumps({"name": name, "password": password})
        self.connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        self.seen[answer.status] += 1
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) >= 1 and json.loads(text)["code"] == "rate_limited", text
        return answer.status

    def many(self, names, count):
        for number in range(count):
            self(names[number % len(names)], f"guess number {number}")

    def is_looked_at(self, name):
        """Guesses until one is: then none is for some seconds."""
        while self(name, "guess number one more") != 401:
            pass

    def close(self):
        self.connection.close()


def resident_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


class Bystander(threading.Thread):
    """Somebody with a token, who notices nothing."""

    def __init__(self, caller):
        super().__init__(daemon=True)
        self.caller, self.stopping, self.statuses = caller, threading.Event(), collections.Counter()

    def run(self):
        while not self.stopping.is_set():
            self.statuses[self.caller("GET", "me").status] += 1


def test_ten_thousand_guesses(start, portolan):
    daemon = start(Daemon, portolan)
    names, guessers = ["root", *(f"user-{number}" for number in range(50))], []
    with contextlib.ExitStack() as stack:
        def guesser(address):
            guessers.append(stack.enter_context(contextlib.closing(Guesser(daemon.url, address))))
            return guessers[-1]
        home, bystander = guesser("127.0.8.1"), Bystander(daemon.admin)
        assert home("root", CANARY) == 201
        before = resident_kib(daemon.process.pid)
        bystander.start()

        # One address that guesses at one name: it waits, and the user comes in everywhere else.
        alone = guesser("127.0.6.1")
        alone.many(["root"], ALONE)
        assert set(alone.seen) == {401, 429} and alone.seen[401] < 10 * PER_MINUTE, alone.seen
        assert guesser("127.0.8.2")("root", CANARY) == 201
        # Even the right password is not looked at there, so that nobody learns it from being let in.
        alone.is_looked_at("root")
        assert alone("root", CANARY) == 429

        # Many addresses together, at this name and others: the name waits, but not where its user was before.
        together = [guesser(address) for address in ADDRESSES]
        with concurrent.futures.ThreadPoolExecutor(len(ADDRESSES)) as pool:
            list(pool.map(lambda one: one.many(names, TOGETHER), together))
        home.close()  # It was idle for longer than a connection may be, on a slow machine; the next guess opens one.
        assert home("root", CANARY) == 201
        bystander.stopping.set()
        bystander.join(60)
        after = resident_kib(daemon.process.pid)

    seen = sum((one.seen for one in guessers), collections.Counter())
    assert sum(seen.values()) > 10_000 and set(seen) == {201, 401, 429}, seen
    assert seen[401] < 10 * 3 * PER_MINUTE * (1 + len(ADDRESSES)), seen
    assert set(bystander.statuses) == {200} and bystander.statuses[200] > 50, bystander.statuses
    assert SANITIZED or after - before < 24 * 1024, f"{before} kB before, {after} kB after"
    assert "guess number" not in daemon.log()
    daemon.restart()  # What was refused without looking is written once a minute, and at the end.
    failed = [row for row in everything(daemon.admin, "audit") if row["action"] == "session.create"
              and row["outcome"] != "ok"]
    assert sum(1 for row in failed if row["outcome"] == "unauthorized") == seen[401]
    refused = [row for row in failed if row["outcome"] == "rate_limited"]
    assert sum(row["after"]["guesses"] for row in refused) == seen[429], refused
    assert len(refused) < 100 and any(row["remote"] == "127.0.6.1" for row in refused), refused
    assert "guess number" not in json.dumps(failed)
    assert daemon.admin.get("audit/verification")["intact"] is True


def test_a_name_that_nobody_has_is_slowed_down_as_well(start, portolan):
    daemon = start(Daemon, portolan)
    nobody = Caller(daemon.url)
    statuses = [nobody("POST", "session", {"name": "nobody-here", "password": "wrong"}).status for _ in range(40)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
