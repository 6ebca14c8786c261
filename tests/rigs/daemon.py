"""A running `portolan serve` with users, for tests that speak to it over HTTP."""

import contextlib
import dataclasses
import http.client
import json
import re
import signal
import subprocess
import time
from urllib.parse import quote, urlsplit

from rigs.binary import CANARY
from rigs.process import Rig, wait_for

#: Loopback is what tests integrate; a deployment would name its own networks here.
LOOPBACK = {"network.allow": "127.0.0.0/8", "network.allow-workspaces": "127.0.0.1/32"}


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        """The stable code of a problem; None for anything else."""
        return self.json().get("code") if "problem+json" in (self.headers["Content-Type"] or "") else None


class Caller:
    """One bearer token (or none) of one daemon, a connection a request: what a daemon's death cannot confuse."""

    def __init__(self, url, token=None, name="anonymous"):
        self.url, self.token, self.name = url, token, name

    def __call__(self, method, path, body=None, headers=None, timeout=60, **query):
        """caller("POST", "registries", {...}, validate="warn") -> Answer; a path without slash is one of /api/v1."""
        target = path if path.startswith("/") else f"/api/v1/{path}"
        if query:
            target += "?" + "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        data = body
        if body is not None and not isinstance(body, (bytes, str)):
            data = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        with contextlib.closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=timeout)) as connection:
            connection.request(method, target, data, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())

    def get(self, path, **query):
        """The body of a GET that must succeed."""
        return self.must(200, "GET", path, **query)

    def must(self, status, method, path, body=None, **query):
        """The body of a request that must end with the status (or one of them)."""
        answer = self(method, path, body, **query)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status in wanted, f"{self.name}: {method} {path}: {answer.status} {answer.text[:800]}"
        return answer.json() if answer.text else None

    def job(self, number, seconds=30):
        """The job when it has ended."""
        def ended():
            row = self.get(f"jobs/{number}")
            return row if row["state"] in ("done", "failed", "cancelled") else None
        return wait_for(ended, f"job {number}", seconds)


class Daemon(Rig):
    """After entering: url, admin (a Caller), portolan(...) as that admin; ends with the block, its store too.

    settings: {"section.key": value} over the defaults of the tests. restart() keeps the store; kill() is kill -9.
    With `admin=False` nobody is set up.
    """

    def __init__(self, portolan, settings=None, admin=True):
        super().__init__()
        self.program = portolan
        self.settings = {"server.listen": "127.0.0.1:0", **LOOPBACK, **(settings or {})}
        self._wants_admin = admin
        self.callers = {}

    def start(self):
        self.store = self.folder / "store"
        self.on_exit(lambda: self.process.stop())
        self.launch()
        if self._wants_admin:
            self.set_up()

    def command(self):
        settings = {"store.path": str(self.store), **self.settings}
        return self.program.command("serve", *(f"--set={key}={value}" for key, value in settings.items()))

    def launch(self):
        """Starts the process; returns the seconds until it answered ready."""
        began = time.monotonic()
        self.process = _Process(self.command(), self.folder, self.program.environment())
        self.url = wait_for(self._address, "the daemon to listen")
        wait_for(lambda: Caller(self.url)("GET", "/readyz").status == 200, "the daemon to be ready")
        for caller in self.callers.values():
            caller.url = self.url
        return time.monotonic() - began

    def _address(self):
        if not self.process.running():
            raise RuntimeError(f"the daemon ended:\n{self.log()}")
        found = re.search(r"serving url=(\S+)", self.log())
        return found and found[1]

    def log(self):
        return self.process.output()

    @property
    def setup_token(self):
        return wait_for(lambda: re.search(r"PORTOLAN_SETUP_TOKEN=(\S+)", self.log()), "the set-up token")[1]

    def set_up(self):
        body = {"token": self.setup_token, "name": "root", "password": CANARY}
        Caller(self.url).must(201, "POST", "setup", body)
        self.admin = self.sign_in("root")
        return self.admin

    def sign_in(self, name, **limits):
        """A Caller with a token of the user: session, token, session ended."""
        session = Caller(self.url)("POST", "session", {"name": name, "password": CANARY})
        assert session.status == 201, session.text
        cookie = {"Cookie": session.headers["Set-Cookie"].split(";")[0], "Origin": self.url}
        made = Caller(self.url)("POST", "tokens", {"name": f"test {len(self.callers)}", **limits}, cookie)
        assert made.status == 201, made.text
        Caller(self.url)("DELETE", "session", headers=cookie)
        caller = Caller(self.url, made.json()["token"], name)
        self.callers[len(self.callers)] = caller
        return caller

    def user(self, name, roles=None, **rights):
        """A new user with {workspace: role}, signed in; rights: admin=True, auditor=True."""
        self.admin.must(201, "POST", "users", {"name": name, "password": CANARY, **rights})
        for workspace, role in (roles or {}).items():
            self.admin.must(204, "PUT", f"workspaces/{workspace}/members/{name}", {"role": role})
        return self.sign_in(name)

    def portolan(self, *arguments, caller=None, **options):
        """The command line as a client of this daemon."""
        more = {"PORTOLAN_SERVER": self.url, "PORTOLAN_TOKEN": (caller or self.admin).token}
        return self.program(*arguments, env={**more, **options.pop("env", {})}, **options)

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        """SIGTERM; the exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait()

    def restart(self):
        self.terminate()
        return self.launch()


class _Process:
    """One life of the daemon. setpriv runs it in its own place, so a signal reaches the daemon itself."""

    def __init__(self, command, folder, environment):
        self._file = folder / f"daemon-{time.monotonic_ns()}.log"
        with self._file.open("wb") as log:
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], env=environment,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        self.pid = self._process.pid

    def output(self):
        return self._file.read_text(errors="replace")

    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=30):
        """The exit code; fails when a sanitizer found something in this life."""
        code = self._process.wait(seconds)
        assert "Sanitizer" not in self.output(), self.output()[-8000:]
        return code

    def stop(self):
        """Ends it in order, so that a sanitizer can tell what leaked; what hangs is killed."""
        try:
            if self.running():
                self._process.terminate()
                self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.wait()
