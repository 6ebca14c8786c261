"""Behind a reverse proxy the client is whom the proxy names, when the operator trusts it; else nobody is believed."""

import http.client
import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from rigs.binary import CANARY
from rigs.daemon import Caller, Daemon
from rigs.hammer import everything

PROXY = {"server.trusted-proxies": "127.0.0.1, 10.0.0.0/24", "log.level": "debug"}


def guesses(daemon, client, name, count=40, source="127.0.0.1"):
    """What each guess at a password was answered, sent by `source` for `client`."""
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=60, source_address=(source, 0))
    body, headers = json.dumps({"name": name, "password": "wrong"}), {"Content-Type": "application/json"}
    seen = []
    for _ in range(count):
        connection.request("POST", "/api/v1/session", body, {**headers, "X-Forwarded-For": client})
        answer = connection.getresponse()
        answer.read()
        seen.append(answer.status)
    connection.close()
    return seen


def sign_in(daemon, **headers):
    return Caller(daemon.url)("POST", "session", {"name": "root", "password": CANARY},
                              {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_guesser_behind_the_proxy_locks_out_himself(start, portolan):
    daemon = start(Daemon, portolan, PROXY)
    # He cannot shake it off with addresses of his own making.
    seen = guesses(daemon, "203.0.113.66", "root")
    assert seen[0] == 401 and seen[-1] == 429, seen
    assert set(guesses(daemon, "192.0.2.1, 203.0.113.66, 10.0.0.7", "root", 3)) == {429}
    assert sign_in(daemon, X_Forwarded_For="203.0.113.7").status == 201
    assert sign_in(daemon, X_Forwarded_For="203.0.113.66").status == 429
    rows = everything(daemon.admin, "audit")
    assert {row["remote"] for row in rows if row["outcome"] == "unauthorized"} == {"203.0.113.66"}, rows
    assert any(row["remote"] == "203.0.113.7" and row["outcome"] == "ok" for row in rows), rows
    logged = set(re.findall(r"path=/api/v1/session .*remote=(\S+)", daemon.log()))
    assert {"203.0.113.66", "203.0.113.7"} <= logged, logged


def test_nobody_else_is_believed(start, portolan):
    daemon = start(Daemon, portolan, PROXY)
    seen = [status for number in range(40)
            for status in guesses(daemon, f"203.0.113.{number}", "root", 1, source="127.0.0.2")]
    assert seen[-1] == 429, seen
    assert sign_in(daemon, X_Forwarded_For="203.0.113.7").status == 201
    rows = everything(daemon.admin, "audit")
    assert {row["remote"] for row in rows if row["outcome"] == "unauthorized"} == {"127.0.0.2"}, rows


def test_each_client_behind_the_proxy_has_its_own_rate(start, portolan):
    daemon = start(Daemon, portolan, {**PROXY, "server.rate-per-address": 1, "server.rate-burst": 5})
    def ask(client):
        return Caller(daemon.url)("GET", "/livez", headers={"X-Forwarded-For": client} if client else {}).status
    seen = [ask("203.0.113.66") for _ in range(10)]
    assert seen[0] == 200 and 429 in seen, seen
    assert ask("203.0.113.7") == 200
    assert {ask(None) for _ in range(10)} == {200}  # The proxy's own look is of this machine.


def test_metrics_are_not_open_to_whom_a_proxy_forwards(start, portolan):
    forwarded = {"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"X-Forwarded-For": "unknown"}
    for settings in PROXY, {}:
        daemon = start(Daemon, portolan, settings)
        assert Caller(daemon.url)("GET", "/metrics").status == 200
        for headers in forwarded:
            assert Caller(daemon.url)("GET", "/metrics", headers=headers).status == 401, (settings, headers)
        assert daemon.admin("GET", "/metrics", headers=forwarded[0]).status == 200


@pytest.mark.parametrize("settings, headers, secure", [
    (PROXY, {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}, True),
    (PROXY, {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}, False),
    (PROXY, {"Forwarded": "for=203.0.113.7;proto=https"}, False),
    ({**PROXY, "server.forwarded-header": "forwarded"}, {"Forwarded": "for=203.0.113.7;proto=https"}, True),
    ({}, {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}, False)])
def test_the_cookie_is_secure_when_the_proxy_ends_tls(start, portolan, settings, headers, secure):
    daemon = start(Daemon, portolan, settings)
    body = {"name": "root", "password": CANARY}
    answer = Caller(daemon.url)("POST", "session", body, headers)
    assert answer.status == 201 and ("; Secure" in answer.headers["Set-Cookie"]) is secure


def test_a_proxy_does_not_vouch_for_a_foreign_name(start, portolan):
    daemon = start(Daemon, portolan, {**PROXY, "server.public-url": "https://charts.example"})
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    assert Caller(daemon.url)("GET", "/livez", headers={**headers, "Host": "charts.example"}).status == 200
    assert Caller(daemon.url)("GET", "/livez", headers={**headers, "Host": "evil.example"}).status == 421


def test_the_unix_socket_can_be_a_proxys(start, portolan, tmp_path):
    path = tmp_path / "p.sock"
    listen = {"server.listen": f"127.0.0.1:0, unix:{path}", "server.trusted-proxies": "unix"}
    daemon = start(Daemon, portolan, listen)
    body = json.dumps({"name": "root", "password": "wrong"})
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(path))
        door.sendall((f"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.1\r\n"
                      f"X-Forwarded-For: [2001:db8::7]:443\r\nContent-Type: application/json\r\n"
                      f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        answer = b"".join(iter(lambda: door.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 401 "), answer
    rows = everything(daemon.admin, "audit")
    assert [row["remote"] for row in rows if row["outcome"] == "unauthorized"] == ["2001:db8::7"], rows


def test_what_is_no_proxy_is_told_with_its_place(portolan, tmp_path):
    file = tmp_path / "portolan.conf"
    file.write_text("[server]\ntrusted-proxies = 127.0.0.1, proxy.example\n")
    done = portolan("config", "check", "--config", str(file))
    assert done.code == 78, done
    assert f"{file}:2" in done.stderr and '"proxy.example" names no proxy' in done.stderr, done.stderr
