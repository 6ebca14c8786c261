"""Behind a real nginx that is set up as docs/operator-guide.md says, word by word but for its places."""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import socket
import ssl
from urllib.parse import urlsplit

import pytest
from rigs import DockerRegistry
from rigs.binary import CANARY
from rigs.certificates import Authority
from rigs.daemon import Daemon
from rigs.hammer import everything
from rigs.process import Rig, program, wait_for

GUIDE = (pathlib.Path(__file__).resolve().parents[2] / "docs/operator-guide.md").read_text()
CHAPTER = GUIDE.split("## Behind a reverse proxy")[1].split("\n## ")[0]
NAME = "charts.example"


def documented(language):
    return re.search(rf"^```{language}\n(.*?)^```$", CHAPTER, re.M | re.S)[1]


def documented_settings():
    lines = (line.split("#")[0].split("=", 1) for line in documented("ini").splitlines())
    return {f"server.{line[0].strip()}": line[1].strip() for line in lines if len(line) == 2}


class Nginx(Rig):
    """The documented server block before `daemon`; only where it listens, its files and the daemon's port are ours."""

    def __init__(self, daemon):
        super().__init__()
        self._upstream = urlsplit(daemon.url).netloc

    def start(self):
        authority = Authority(self.folder)
        certificate, key = authority.server((NAME, "127.0.0.1"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        block = documented("nginx")
        for old, new in {"listen 443": f"listen 127.0.0.1:{self.port}", "127.0.0.1:7070": self._upstream,
                         f"/etc/ssl/{NAME}.pem": certificate, f"/etc/ssl/{NAME}.key": key}.items():
            assert block.count(old) == 1, f"{old!r} in the documented block:\n{block}"
            block = block.replace(old, str(new))
        places = "".join(f"{kind}_temp_path {self.folder}/{kind};\n"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; master_process off; user {pwd.getpwuid(os.geteuid()).pw_name}; pid {self.folder}/pid;\n"
            f"error_log stderr; events {{ }}\nhttp {{ access_log off;\n{places}{block}}}\n")
        self.child([program("nginx", "nginx-light"), "-c", self.folder / "nginx.conf", "-e", "stderr"])
        self.tls = ssl.create_default_context(cafile=str(authority.file))

        def up():
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port))
        wait_for(up, "nginx to listen").close()

    def connect(self, client):
        """A connection of the machine `client`."""
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls,
                                           source_address=(client, 0))


def ask(connection, method, path, body=None, headers=None):
    """(status, headers, body) of one request to charts.example."""
    headers = {"Host": NAME, "Content-Type": "application/json", **(headers or {})}
    connection.request(method, path, body and json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


def sign_in(connection, password, **headers):
    return ask(connection, "POST", "/api/v1/session", {"name": "root", "password": password},
               {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def daemon(start, portolan):
    settings = documented_settings()
    assert settings == {"server.public-url": f"https://{NAME}", "server.trusted-proxies": "127.0.0.1"}
    return start(Daemon, portolan, settings)


@pytest.fixture
def nginx(start, daemon):
    return start(Nginx, daemon)


def test_limits_and_audit_are_of_the_client_that_nginx_sees(daemon, nginx):
    guesser, other = nginx.connect("127.0.0.2"), nginx.connect("127.0.0.3")
    # What he writes into the header himself is not the last of the list.
    seen = [sign_in(guesser, "wrong", X_Forwarded_For=f"203.0.113.{number}")[0] for number in range(40)]
    assert seen[0] == 401 and seen[-1] == 429, seen
    status, headers, _ = sign_in(other, CANARY)
    assert status == 201 and "; Secure" in headers["Set-Cookie"], headers
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0], "Origin": f"https://{NAME}"}
    assert ask(other, "POST", "/api/v1/tokens", {"name": "one"}, cookie)[0] == 201
    assert ask(other, "POST", "/api/v1/tokens", {"name": "two"}, {**cookie, "Origin": "https://evil.example"})[0] == 403
    assert sign_in(guesser, CANARY)[0] == 429

    rows = everything(daemon.admin, "audit")
    assert {row["remote"] for row in rows if row["outcome"] == "unauthorized"} == {"127.0.0.2"}, rows
    assert [row["remote"] for row in rows if row["action"] == "token.create"][0] == "127.0.0.3", rows


def test_who_goes_round_nginx_is_not_believed(daemon, nginx):
    direct = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=60, source_address=("127.0.0.4", 0))
    assert sign_in(direct, "wrong", X_Forwarded_For="127.0.0.3")[0] == 401
    rows = everything(daemon.admin, "audit")
    assert [row["remote"] for row in rows if row["outcome"] == "unauthorized"] == ["127.0.0.4"], rows


def test_events_come_through_while_they_happen(daemon, nginx):
    stream = nginx.connect("127.0.0.2")
    stream.request("GET", "/api/v1/events/stream", headers={
        "Host": NAME, "Accept": "text/event-stream", "Authorization": f"Bearer {daemon.admin.token}"})
    answer = stream.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
    for name in ("first", "second"):
        daemon.admin.must(201, "POST", "registries", {"name": name, "type": "docker-registry",
                                                      "address": f"http://{name}.invalid"}, validate="skip")
        while name not in (line := answer.readline().decode()):
            assert line, "the stream ended"
    stream.close()


def test_a_name_with_a_slash_in_it_comes_through(daemon, nginx, start):
    registry = start(DockerRegistry)
    registry.push().image("shop/web", ["1.0"])
    daemon.admin.must(201, "POST", "registries", {"name": "hub", "type": "docker-registry",
                                                  "address": registry.address})
    path = "/api/v1/registries/hub/repositories/shop%2Fweb/tags"
    wait_for(lambda: daemon.admin("GET", path).status == 200, "the catalogue")
    status, _, body = ask(nginx.connect("127.0.0.2"), "GET", path,
                          headers={"Authorization": f"Bearer {daemon.admin.token}"})
    assert status == 200 and "items" in json.loads(body), body
