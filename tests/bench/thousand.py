"""The daemon with a thousand registries, half of which hang; bench.py runs these and says how they are shown."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import time

from measure import BUILD, Spent, in_turn, median, row

from rigs.binary import Portolan
from rigs.daemon import LOOPBACK, Daemon
from rigs.many_registries import ManyRegistries
from rigs.process import Rig, wait_for

CHECKS_ONLY = {"statistics.interval": "0s", "catalogue.interval": "0s"}
#: Of a daemon that looks at these, which hang, and therefore at nothing else.
BLOCKERS, BLOCKED = 4, {"health.parallel": 1, "health.timeout": "10m", **CHECKS_ONLY}


class Thousand(Rig):
    """A daemon, its registries, and stores to begin with: "new" (nothing was looked at yet) and, after know(), "known";
    "new alone" and "known alone" hold the healthy half only."""

    def __init__(self, half):
        super().__init__()
        self.half = half

    def start(self):
        stack = contextlib.ExitStack()
        self.on_exit(stack.close)
        self.upstream = stack.enter_context(ManyRegistries(self.half, self.half + BLOCKERS))
        self.daemon = stack.enter_context(Daemon(Portolan(BUILD), BLOCKED))
        *hanging, = self.upstream.hanging
        self._add((f"a{n}", hanging.pop()) for n in range(BLOCKERS))
        self._add((f"r{2 * n:04}", address) for n, address in enumerate(self.upstream.healthy))
        self._keep("new alone")
        self.begin("new alone", BLOCKED)
        self._add((f"r{2 * n + 1:04}", address) for n, address in enumerate(hanging))
        self._keep("new")

    def _add(self, registries):
        def post(name, address):
            self.daemon.admin.must(201, "POST", "registries", validate="skip", body={
                "name": name, "type": "docker-registry", "address": address, "allow_plain_http": True})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: post(*one), registries))

    def _keep(self, name):
        self.daemon.terminate()
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.daemon.store, self.folder / name)

    def know(self):
        """Makes "known" and "known alone": every registry was looked at once and is due."""
        for store in ("new", "new alone"):
            self.begin(store, {"health.interval": "1s", "health.timeout": "2s", **CHECKS_ONLY})
            self.wait_looked_at(store)
            self._keep(store.replace("new", "known"))

    def set_store(self, name, settings):
        shutil.rmtree(self.daemon.store)
        shutil.copytree(self.folder / name, self.daemon.store)
        self.daemon.settings = {"server.listen": "127.0.0.1:0", **LOOPBACK, **settings}

    def begin(self, store, settings):
        """Starts the daemon on a copy of the store."""
        self.set_store(store, settings)
        self.began_ms = time.time() * 1000
        self.daemon.launch()

    def ask(self, sql, *values):
        """Rows of the daemon's database. Asking the daemon would be work beside what is measured, in whole seconds."""
        with contextlib.closing(sqlite3.connect(f"file:{self.daemon.store}/portolan.db?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def wait_looked_at(self, store):
        every = self.half + BLOCKERS + (0 if store.endswith("alone") else self.half)
        wait_for(lambda: self.ask("SELECT count(*) FROM health WHERE last_try_ms >= ?", self.began_ms)[0][0] == every,
                 "every registry to be looked at", 120)

    def sweep(self, store):
        """Seconds from the daemon's start until each healthy registry was checked."""
        self.begin(store, CHECKS_ONLY)

        def last():
            count, at = self.ask("SELECT count(*), max(last_success_ms) FROM health WHERE last_success_ms >= ?",
                                 self.began_ms)[0]
            return at if count == self.half else None

        took = (wait_for(last, "the healthy half to be checked", 120) - self.began_ms) / 1000
        self.daemon.kill()
        return took

    def lateness(self, store, interval, seconds):
        """Milliseconds between a healthy registry's time and its result, of each check within the seconds."""
        self.begin(store, {"health.interval": f"{interval}s", **CHECKS_ONLY})
        self.wait_looked_at(store)
        known, late, until = {}, [], time.monotonic() + seconds
        while time.monotonic() < until:
            for registry, at, due in self.ask("SELECT registry, last_success_ms, next_try_ms FROM health "
                                              "WHERE state = 'healthy'"):
                before = known.get(registry)
                if before and before[0] != at:
                    late.append(at - before[1])
                known[registry] = (at, due)
            time.sleep(interval / 10)
        self.daemon.kill()
        return sorted(late)


def bench_sweep(short):
    """How soon the healthy half of the registries is checked, with the other half hanging beside it, and alone."""
    with Thousand(6 if short else 500) as world:
        world.know()
        for store, what in (("new", "never looked at before"), ("known", "looked at before")):
            mixed, alone = in_turn(1 if short else 7, lambda: world.sweep(store), lambda: world.sweep(f"{store} alone"))
            row(f"first sweep of {2 * world.half}, half hang, {what} ÷ the healthy half", median(mixed), median(alone),
                "≤ 1.1")
        interval, seconds = (1, 3) if short else (5, 25)
        mixed, alone = (world.lateness(store, interval, seconds) for store in ("known", "known alone"))
        row(f"every {interval} s: from its time to its result, median, half hang ÷ not", median(mixed), median(alone),
            "≤ 1.1", "ms")
        row("the same, of a hundred the slowest", *(late[len(late) * 99 // 100] for late in (mixed, alone)),
            "≤ 1.1", "ms")


class Nginx(Rig):
    """Serves one file at `url`, as fast as it can."""

    def __init__(self, content):
        super().__init__()
        self._content = content

    def start(self):
        (self.folder / "page").write_bytes(self._content)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; user {pwd.getpwuid(os.geteuid()).pw_name}; worker_processes 2;
            pid {self.folder}/pid; error_log stderr;
            events {{ worker_connections 4096; }}
            http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=10; keepalive_requests 1000000000;
                    default_type application/json; client_body_temp_path {self.folder}/b;
                    server {{ listen 127.0.0.1:{port} backlog=4096; root {self.folder}; }} }}""")
        self.folder.chmod(0o755)
        self.child(["nginx", "-c", self.folder / "nginx.conf", "-e", "stderr"])
        self.url = f"http://127.0.0.1:{port}/page"

        def up():
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", port))
        wait_for(up, "nginx to listen").close()


def wrk(connections, seconds, url, *headers):
    """(requests a second, p99 in ms) of a load that is answered 200 throughout."""
    out = Spent("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s",
                *(part for header in headers for part in ("-H", header)), url).output
    wrong = re.search(r"(Non-2xx.*|Socket errors.*)", out)
    if wrong:
        raise SystemExit(f"{url}: {wrong[1]}")
    rate = float(re.search(r"Requests/sec: +([\d.]+)", out)[1])
    number, unit = re.search(r"99% +([\d.]+)(us|ms|s|m)\b", out).groups()
    return rate, float(number) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def bench_page(short):
    """The first page of 50 registries, beside nginx that serves the same bytes."""
    with Thousand(25 if short else 500) as world:
        world.begin("new", {"health.interval": "1h", "health.timeout": "2s"})
        world.wait_looked_at("new")
        answer = world.daemon.admin("GET", "registries")
        page = answer.text.encode()
        assert answer.status == 200 and len(json.loads(page)["items"]) == 50, answer.text[:300]
        row("page of 50 registries, its size", len(page) / 1000, 32, "≤ 32 kB", "kB")
        connections, seconds = (20, 1) if short else (1000, 5)
        with Nginx(page) as nginx:
            ours, theirs = in_turn(
                1 if short else 7, lambda: wrk(connections, seconds, f"{world.daemon.url}/api/v1/registries",
                                               f"Authorization: Bearer {world.daemon.admin.token}"),
                lambda: wrk(connections, seconds, nginx.url))
        row(f"that page, {connections} connections, p99 (beside nginx)", *(median([p99 for _, p99 in of])
                                                                      for of in (ours, theirs)), "≤ 100 ms", "ms")
        rates = [(our, their) for (our, _), (their, _) in zip(ours, theirs)]
        row("requests a second ÷ nginx's, medians", *(median(rate) for rate in zip(*rates)), "≥ 0.5", "/s")
        print("    each pair:", " ".join(f"{our / their:.2f}" for our, their in rates))


def answers_ready(path):
    """Whether the daemon at the unix socket says that it is ready."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n")
        return client.recv(4096).startswith(b"HTTP/1.1 200 ")
    return False


def bench_ready(short):
    """From the start of the process to the answer "ready", with all registries in the store and due."""
    with Thousand(6 if short else 500) as world:
        world.know()
        door = world.folder / "door"

        def start():
            world.set_store("known", {"server.listen": f"unix:{door}"})
            began = time.monotonic()
            process = subprocess.Popen(world.daemon.command(), env=world.daemon.program.environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while not answers_ready(door):
                    time.sleep(0.0003)
                return (time.monotonic() - began) * 1000
            finally:
                process.kill()
                process.wait()

        took, nothing = in_turn(2 if short else 21, start, lambda: Spent("true").seconds * 1000)
        row(f"ready with {2 * world.half} registries (beside `true`)", median(took), median(nothing), "≤ 50 ms", "ms")


def resident(pid):
    """VmRSS, and of it RssAnon and RssFile, in MB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon", "RssFile")]


def bench_idle(short):
    """Resident memory of a daemon that has nothing to do, and of one that keeps all these."""
    with Daemon(Portolan(BUILD)) as empty:
        time.sleep(1 if short else 10)
        whole, own, files = resident(empty.process.pid)
    row(f"resident when idle (own {own:.1f}, files {files:.1f})", whole, 20, "≤ 20 MB", "MB")
    with Thousand(6 if short else 500) as world:
        world.begin("new", {"health.timeout": "2s", "statistics.timeout": "2s"} if short else {})
        world.wait_looked_at("new")
        time.sleep(1 if short else 30)
        whole, own, files = resident(world.daemon.process.pid)
    row(f"resident with {2 * world.half} registries (own {own:.1f}, files {files:.1f})", whole, 60, "≤ 60 MB", "MB")
