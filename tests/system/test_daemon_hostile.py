"""Clients that mean no good, and the doors beside TCP and JSON: the unix socket and the streams."""

import contextlib
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from urllib.parse import urlsplit

import pytest
from rigs import DockerRegistry
from rigs.binary import CANARY
from rigs.daemon import Caller, Daemon


@pytest.fixture(scope="module")
def daemon(portolan):
    with Daemon(portolan) as daemon:
        yield daemon


def exchange(daemon, data):
    """The raw answer to raw bytes: the connection is read until the daemon closes it, or says nothing more."""
    place = urlsplit(daemon.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def test_an_unknown_user_is_answered_like_a_wrong_password(daemon):
    nobody = Caller(daemon.url)
    known = nobody("POST", "session", {"name": "root", "password": "not this one, no"})
    unknown = nobody("POST", "session", {"name": "nobody-here", "password": "not this one, no"})
    assert known.status == unknown.status == 401
    assert {**known.json(), "instance": ""} == {**unknown.json(), "instance": ""}


REFERENCES = {
    "password from the environment": {"credentials": {"username": "u", "passwordFrom": {"env": "PATH"}}},
    "password from a file": {"credentials": {"username": "u", "password": {"file": "/etc/passwd"}}},
    "a password's file by another name": {"credentials": {"username": "u", "password_file": "/etc/passwd"}},
    "authority from a file": {"tls": {"ca": {"file": "/etc/passwd"}}},
    "authority as a path": {"tls": {"ca": "/etc/passwd"}},
    "key as a path": {"tls": {"client_certificate": "/etc/passwd", "client_key": "/etc/passwd"}},
}


@pytest.mark.parametrize("case", REFERENCES)
@pytest.mark.parametrize("path", ["registries", "registry-trials"])
def test_references_in_bodies_are_refused(daemon, case, path):
    body = {"name": "hub", "type": "docker-registry", "address": "https://127.0.0.1:9", **REFERENCES[case]}
    answer = daemon.admin("POST", path, body, **({} if path.endswith("trials") else {"validate": "skip"}))
    assert (answer.status, answer.code) == (422, "invalid_config"), answer.text
    assert "resolved by the client" in answer.json()["hint"] and "root:" not in answer.text
    assert daemon.admin("GET", "registries/hub").status == 404


def test_an_address_outside_the_policy_is_refused_and_only_an_admin_is_told_the_line(daemon):
    daemon.admin("POST", "workspaces", {"name": "team"})
    owner = daemon.user("owner", {"team": "workspace-admin"})
    draft = {"name": "meta", "type": "docker-registry", "address": "http://169.254.169.254"}
    told = daemon.admin("POST", "registry-trials", draft)
    assert "network.allow" in told.text and "169.254.169.254" in told.text, told.text
    untold = owner("POST", "workspaces/team/registry-trials", {**draft, "address": "http://127.0.0.2:9"})
    assert untold.status < 500 and "network.allow" not in untold.text, untold.text


WRONG = ["http://127.1", "http://0x7f000001", "http://2130706433", "http://0177.0.0.1", "http://127%2e0.0.1",
         "http://１２７.0.0.1", "http://127。0。0。1", "http://evil.example@127.0.0.1", "http://[::1%25lo]",
         "http://127.0.0.1:0", "file:///etc/passwd", "gopher://127.0.0.1", "http://169.254.43518", "http://::1"]
FILTERED = ["http://169.254.169.254", "http://[::ffff:a9fe:a9fe]", "http://[64:ff9b::a9fe:a9fe]", "http://0.0.0.0:9",
            "http://[::]:9", "http://127.0.0.2:9", "http://[::1]:9", "http://[::ffff:127.0.0.2]:9", "http://10.0.0.1:9",
            "http://[fd00:ec2::23]", "http://[fe80::1]", "http://224.0.0.1"]


def test_an_address_in_an_odd_spelling_or_outside_the_policy_is_not_contacted(start, portolan):
    daemon = start(Daemon, portolan, {"limits.try-per-minute": 10000})
    daemon.admin.must(201, "POST", "workspaces", {"name": "team"})
    owner = daemon.user("owner", {"team": "workspace-admin"})
    for ask, path in ((daemon.admin, "registry-trials"), (owner, "workspaces/team/registry-trials")):
        draft = {"name": "meta", "type": "docker-registry"}
        for address in WRONG:
            answer = ask("POST", path, {**draft, "address": address})
            assert (answer.status, answer.code) == (422, "invalid_config"), (address, answer.text)
        for address in FILTERED:
            answer = ask("POST", path, {**draft, "address": address})
            if path == "registry-trials" and ("127.0.0.2" in address):
                continue  # The tests let the platform reach loopback.
            assert answer.status == 200, (address, answer.text)
            checks = {check["name"]: check for check in answer.json()["validation"]["checks"]}
            assert checks["tcp"]["state"] != "ok", (address, checks["tcp"])
            told = "network.allow" in answer.text
            assert told == (ask is daemon.admin), (address, answer.text)


def test_a_member_does_not_learn_whether_a_port_is_closed_filtered_silent_or_forbidden(start, portolan):
    daemon = start(Daemon, portolan, {"limits.try-floor": "2s"})
    daemon.admin.must(201, "POST", "workspaces", {"name": "team"})
    owner = daemon.user("owner", {"team": "workspace-admin"})
    with contextlib.ExitStack() as stack:
        closed, filtered, silent = (stack.enter_context(socket.socket()) for _ in range(3))
        for one in (closed, filtered, silent):
            one.bind(("127.0.0.1", 0))
        silent.listen()
        filtered.listen(0)
        for _ in range(4):  # Who comes when the queue is full is not even refused.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(filtered.getsockname())
        places = [one.getsockname() for one in (closed, filtered, silent)] + [("127.0.0.2", 9), ("no-such.invalid", 9)]

        def tried(place):
            draft = {"name": "meta", "type": "docker-registry", "address": "http://{}:{}".format(*place)}
            began = time.monotonic()
            answer = owner("POST", "workspaces/team/registry-trials", draft)
            assert answer.status == 200, answer.text
            return answer.json()["validation"], time.monotonic() - began

        with ThreadPoolExecutor(len(places)) as pool:
            said, took = zip(*pool.map(tried, places), strict=True)
    assert said[0]["verdict"] == "fail" and all(one == said[0] for one in said), said
    assert min(took) >= 2, took
    assert max(took) < 10, f"nothing is waited for until the validation's own end: {took}"


RAW = {
    "two lengths": b"POST /api/v1/workspaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                   b"Content-Length: 3\r\n\r\n{}",
    "length and chunks": b"POST /api/v1/workspaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET /api/v1/me HTTP/1.1\r\n\r\n",
    "a bare line feed": b"GET /livez HTTP/1.1\nHost: localhost\n\n",
    "a name with a blank": b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
    "folded": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n",
    "a path above the root": b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no UTF-8": b"GET /api/v1/workspaces/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long target": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long head": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_request_is_refused_and_nothing_follows_it(daemon, case):
    try:
        answer = exchange(daemon, RAW[case] + b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except ConnectionError:
        answer = b""  # Closed before everything was sent: refused too.
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert answer.count(b"HTTP/1.1 ") <= 1, "the rest of the bytes was taken for a request"
    assert Caller(daemon.url)("GET", "/readyz").status == 200


def under_name(daemon, host, target="/livez"):
    """Status and text of the answer to a GET whose Host header line (or lines) is this."""
    answer = exchange(daemon, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    return int(answer.split(b" ", 2)[1]), answer.decode()


@pytest.fixture(scope="module")
def named(portolan):
    names = {"server.hosts": "Hub.Example, deploy_hub", "server.public-url": "https://portolan.example"}
    with Daemon(portolan, names) as daemon:
        yield daemon


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "localhost.", "127.0.0.1", "127.0.0.1:65535", "192.0.2.7",
                                  "[::1]:7070", "hub.example", "HUB.Example.:80", "deploy_hub", "portolan.example:80"])
def test_it_answers_to_its_addresses_and_names(named, host):
    assert under_name(named, host)[0] == 200


@pytest.mark.parametrize("target", ["/livez", "/metrics", "/api/v1/me", "/nowhere", "http://evil.example/livez"])
def test_a_page_that_was_rebound_to_us_reaches_nothing(named, target):
    status, text = under_name(named, "evil.example", target)
    assert status == 421 and '"misdirected"' in text and "server.hosts" in text, text


@pytest.mark.parametrize("host, status", [
    ("evil.example:7070", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.example", 421), ("a.localhost", 421),
    ("xhub.example", 421), ("hub.example.evil", 421), ("hub-example", 421), ("portolan.example.evil", 421),
    ("localhost@evil.example", 400), ("evil.example@localhost", 400), ("evil.example#localhost", 400), ("", 400),
    ("localhost evil.example", 400), ("localhost,evil.example", 400), ("localhost..", 400), (".localhost", 400),
    ("[::1", 400), ("[::1]evil.example", 400), ("::1", 400), ("[localhost]", 400), ("localhost:", 400), ("127.1", 400),
    ("0x7f.0.0.1", 400), ("2130706433", 400), ("localhost\r\nHost: evil.example", 400),
    ("evil.example\r\nHost: localhost", 400)])
def test_a_name_that_looks_like_ours_is_not_ours(named, host, status):
    assert under_name(named, host)[0] == status


def test_bodies_that_are_no_json_too_large_or_too_deep(daemon):
    send = {"Content-Type": "application/json"}
    for body, statuses in ((b"{", (400,)), (b'{"name": "\xff\xfe"}', (400,)), (b"[" * 100_000, (400, 413)),
                           (b'{"name":"' + b"a" * (2 << 20) + b'"}', (413,)), (b'{"name":"a","name":"b"}', (400,))):
        try:
            answer = daemon.admin("POST", "workspaces", body, send)
        except ConnectionError:
            assert 413 in statuses  # It may close before it has read what it does not want.
            continue
        assert answer.status in statuses, (body[:20], answer.status, answer.text[:300])


def test_trials_of_a_dead_registry_hold_up_nobody_else(start, portolan):
    daemon = start(Daemon, portolan, {"server.waiting": 8, "limits.try-per-minute": 100})
    with ThreadPoolExecutor(17) as clients, socket.create_server(("127.0.0.1", 0), backlog=64) as dead:
        draft = {"name": "dead", "type": "docker-registry", "address": f"http://127.0.0.1:{dead.getsockname()[1]}",
                 "timeouts": {"validation_ms": 25_000}}
        trials = [clients.submit(daemon.admin, "POST", "registry-trials", draft) for _ in range(17)]
        refused = next(as_completed(trials)).result()  # Eight hang, eight are behind them, one has no room.
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "overloaded", "1"), refused.text
        assert daemon.admin.get("registries")["items"] == []
        assert daemon.admin.get("me")["name"] == "root"
        assert sum(trial.done() for trial in trials) == 1, "they hang on"
        dead.close()
        assert sorted(trial.result().status for trial in trials) == [200] * 16 + [503]


def test_made_up_methods_and_paths_make_no_metrics_without_end(daemon):
    before = len(daemon.admin("GET", "/metrics").text.splitlines())
    for number in range(100):
        assert Caller(daemon.url)(f"METHOD{number}", f"/made/up/{number}").status in (404, 405, 501)
    text = daemon.admin("GET", "/metrics").text
    assert "METHOD" not in text and "made/up" not in text
    assert len(text.splitlines()) < before + 100


def test_two_hundred_half_requests_keep_nobody_out(daemon):
    place = urlsplit(daemon.url)
    with contextlib.ExitStack() as open_ones:
        for _ in range(200):
            connection = open_ones.enter_context(socket.create_connection((place.hostname, place.port), timeout=10))
            connection.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: ")
        assert daemon.admin("GET", "me", timeout=5).status == 200


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def test_it_listens_on_a_unix_socket_too(start, portolan, tmp_path):
    path = tmp_path / "portolan.sock"
    daemon = start(Daemon, portolan, {"server.listen": f"127.0.0.1:0, unix:{path}"})
    with contextlib.closing(UnixConnection(path)) as connection:
        connection.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {daemon.admin.token}"})
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["name"] == "root"
    assert path.stat().st_mode & 0o007 == 0, "others on this machine may not connect"
    assert daemon.terminate() == 0
    assert not path.exists()


def events_of(caller, path):
    """(event, data) of a stream until it ends."""
    with contextlib.closing(http.client.HTTPConnection(urlsplit(caller.url).netloc, timeout=30)) as connection:
        connection.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {caller.token}"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
        name, data = "message", []
        for line in answer:
            text = line.decode().rstrip("\r\n")
            if text.startswith("event:"):
                name = text[6:].strip()
            elif text.startswith("data:"):
                data.append(text[5:].strip())
            elif not text and data:
                yield name, json.loads("\n".join(data))
                name, data = "message", []


def test_the_stream_of_a_job_shows_its_steps_and_ends_with_it(daemon, start):
    registry = start(DockerRegistry)
    registry.push().image("shop/web", ["1"])
    draft = {"name": "seen", "type": "docker-registry", "address": registry.address}
    daemon.admin.must(201, "POST", "registries", draft, validate="skip")
    job = daemon.admin.must((200, 202), "POST", "registries/seen/check", {"depth": "full"})
    assert "id" in job, job
    seen = list(events_of(daemon.admin, f"jobs/{job['id']}/stream"))
    assert seen, "the stream ended without an event"
    assert seen[-1][1]["state"] == "done", seen[-1]
    text = json.dumps(seen)
    assert "identity" in text or "connect" in text, text[:2000]
