"""The HTTP kernel for clients that mean well: TLS, unix sockets, event streams, revisions, pages, draining."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import stat
import time
import warnings

import pytest

from rigs.api_echo import ApiEcho, Wire, ask, request
from rigs.certificates import Authority
from rigs.process import wait_for


def get(target="/livez", headers="", version="1.1"):
    return f"GET {target} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n"


@pytest.fixture(scope="module")
def server():
    with ApiEcho("tcp") as running:
        yield running


# What every answer has


def test_every_answer_says_its_length_its_id_and_that_it_is_not_kept(server):
    for target in ("/livez", "/api/v1/echo/a", "/nowhere", "/api/v1/throws", "/api/v1/echo/a?x=1"):
        reply = ask(server, get(target))
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert int(reply.headers["content-length"]) == len(reply.body)
        assert re.fullmatch("[0-9a-f]{16}", reply.headers["x-request-id"])
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", reply.headers["date"])


def test_a_sane_request_id_comes_back_also_in_the_problem(server):
    reply = ask(server, get("/nowhere", "X-Request-Id: ci-42.a_b\r\n"))
    assert reply.headers["x-request-id"] == "ci-42.a_b"
    assert reply.json()["instance"] == "urn:portolan:request:ci-42.a_b"
    assert len(ask(server, get("/livez", "X-Request-Id: a b\r\n")).headers["x-request-id"]) == 16


def test_head_is_get_without_its_body(server):
    wire = Wire(server.connect())
    wire.send(request("HEAD", "/page") + request("HEAD", "/nowhere") + request("GET", "/livez"))
    assert wire.reply(head=True).headers["content-length"] == "32768"
    assert wire.reply(head=True).status == 404
    assert wire.reply().body == b"alive\n"


def test_http_1_0_ends_unless_it_asks_to_stay(server):
    wire = Wire(server.connect())
    wire.send(get(version="1.0", headers="Connection: keep-alive\r\n"))
    assert wire.reply().headers["connection"] == "keep-alive"
    wire.send("GET /livez HTTP/1.0\r\n\r\n")
    assert wire.reply().status == 200 and wire.ended()


def test_a_client_that_waits_for_100_is_told_to_go_on(server):
    wire = Wire(server.connect())
    body = b'{"name": "a"}'
    fields = [("Content-Type", "application/json"), ("Expect", "100-continue")]
    head = request("POST", "/api/v1/echo", fields, body)[:-len(body)]
    wire.send(head)
    assert wire.reply().status == 100
    wire.send(body)
    assert wire.reply().json()["body"] == {"name": "a"}
    wire.send(head.replace(b"Content-Length: 13", b"Content-Length: 2000000"))
    assert wire.reply().status == 413  # Before it sent them.


def test_a_body_may_come_in_chunks(server):
    wire = Wire(server.connect())
    wire.send("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n8\r\ne\": \"a\"}\r\n0\r\n\r\n" + get())
    assert wire.reply().json()["body"] == {"name": "a"}
    assert wire.reply().body == b"alive\n"


def test_options_and_405_name_the_methods(server):
    assert ask(server, request("OPTIONS", "/api/v1/thing")).headers["allow"] == "GET, HEAD, PUT, OPTIONS"
    reply = ask(server, request("DELETE", "/api/v1/thing"))
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, PUT, OPTIONS")


def test_metrics_tell_what_was_answered(server):
    ask(server, get("/api/v1/echo/metrics"))
    text = ask(server, get("/metrics")).body.decode()
    assert 'portolan_http_requests_total{code="200",method="GET",route="/api/v1/echo/{name}"}' in text
    assert 'portolan_http_request_duration_seconds_bucket{method="GET",route="/api/v1/echo/{name}",le="0.001"}' in text

    def alone():
        now = ask(server, get("/metrics")).body.decode()
        return "portolan_http_inflight_requests 1\n" in now and "portolan_http_connections 1\n" in now
    # That a connection has ended the server hears a moment later than we do.
    wait_for(alone, "the gauges to count this request and its connection alone")


# Revisions and pages


def test_a_write_needs_the_revision_that_was_read(server):
    wire = Wire(server.connect())

    def put(*headers):
        wire.send(request("PUT", "/api/v1/thing", [("Content-Type", "application/json"), *headers], '{"name": "new"}'))
        return wire.reply()

    wire.send(get("/api/v1/thing"))
    etag = wire.reply().headers["etag"]
    assert put().status == 428
    assert put(("If-Match", '"other"')).status == 412
    done = put(("If-Match", etag))
    assert done.status == 204 and done.headers["etag"] != etag
    assert put(("If-Match", etag)).headers["etag"] == done.headers["etag"]
    wire.send(get("/api/v1/thing", f"If-None-Match: {done.headers['etag']}\r\n"))
    same = wire.reply()
    assert same.status == 304 and "content-length" not in same.headers
    wire.send(get())
    assert wire.reply().status == 200


def test_pages_lead_from_one_to_the_next_and_miss_nothing(server):
    names, target = [], "/api/v1/things?limit=50"
    while target:
        reply = ask(server, get(target))
        names += [item["name"] for item in reply.json()["items"]]
        link = re.fullmatch(r'<(.*)>; rel="next"', reply.headers.get("link", ""))
        target = link and link.group(1)
    assert names == [f"thing-{i}" for i in range(120)]
    assert ask(server, get("/api/v1/things?cursor=garbage")).status == 400
    assert ask(server, get("/api/v1/things?limit=501")).json()["errors"][0]["name"] == "limit"


# Event streams


class Stream:
    """Reads server-sent events, in chunks or until the end."""

    def __init__(self, server, target="/api/v1/events", headers="", version="1.1"):
        self.wire = Wire(server.connect())
        self.wire.send(get(target, headers, version))
        self.chunked = version == "1.1"
        self.reply, self.text = self.wire.reply(), ""
        assert self.reply.headers["content-type"] == "text/event-stream", self.reply
        assert self.block() == "retry: 3000"

    def block(self):
        """The next event or comment; None: the stream has ended."""
        while "\n\n" not in self.text:
            if self.chunked:
                size = int(self.wire.line(), 16)
                self.text += self.wire.take(size).decode()
                assert self.wire.take(2) == b"\r\n"
                if size == 0:
                    return None
            else:
                if not self.wire._buffer and not self.wire._more():
                    return None
                self.text, self.wire._buffer = self.text + self.wire._buffer.decode(), b""
        block, self.text = self.text.split("\n\n", 1)
        return block


@pytest.mark.parametrize("target", ["/api/v1/events", "/api/v1/events/slow"])
def test_events_come_at_once_and_again_from_where_the_client_was(start, target):
    server = start(ApiEcho, "tcp", heartbeat=60_000)
    first = Stream(server, target)
    for number in range(1, 4):
        server.tell(f"event text {number}")
        began = time.monotonic()
        assert first.block() == f"id: {number}\nevent: news\ndata: text {number}"
        assert time.monotonic() - began < 2
    again = Stream(server, target, "Last-Event-ID: 1\r\n")
    assert [again.block()[:5], again.block()[:5]] == ["id: 2", "id: 3"]
    old = Stream(server, target, version="1.0")
    assert old.block()[:5] == "id: 1"
    server.tell("event end")
    assert first.block().endswith("data: end") and first.block() is None and first.wire.ended()


def test_a_quiet_stream_shows_that_it_lives(start):
    server = start(ApiEcho, "tcp", heartbeat=300)
    stream = Stream(server)
    assert [stream.block(), stream.block()] == [":", ":"]


def test_a_thousand_streams_rest_and_hear_the_same(start):
    server = start(ApiEcho, "tcp", heartbeat=60_000)
    before = server.memory()
    streams = [Stream(server) for _ in range(1000)]
    assert server.load()["streams"] == 1000
    assert server.memory() - before < 64 * 1024 * 1024
    server.tell("event hello")
    assert {stream.block() for stream in streams} == {"id: 1\nevent: news\ndata: hello"}
    assert ask(server, get()).status == 200
    for stream in streams:
        stream.wire.close()
    wait_for(lambda: server.load()["streams"] == 0, "the streams to end")


def test_streams_have_a_limit(start):
    server = start(ApiEcho, "tcp", event_streams=2)
    kept = [Stream(server), Stream(server)]
    reply = ask(server, get("/api/v1/events"))
    assert reply.status == 503 and reply.headers["retry-after"] == "1"
    assert ask(server, get("/api/v1/events", "Accept: application/json\r\n")).status == 406
    kept[0].wire.close()
    wait_for(lambda: server.load()["streams"] == 1, "the stream to end")
    Stream(server)


# Unix sockets


def over_unix(path, text=get()):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(path))
    wire = Wire(connection)
    wire.send(text)
    return wire.reply()


def test_a_unix_socket_serves_and_goes_with_the_server(tmp_path):
    path = tmp_path / "p.sock"
    with ApiEcho(f"unix={path}") as server:
        assert server.urls == [f"unix:{path}"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        reply = over_unix(path, get("/api/v1/echo/a")).json()
        assert (reply["transport"], reply["address"]) == ("unix", "")
        with pytest.raises(RuntimeError, match="somebody serves on it already"):
            ApiEcho(f"unix={path}").__enter__()
        assert over_unix(path).status == 200
    assert not path.exists()


def test_a_socket_that_nobody_serves_is_replaced_and_nothing_else(tmp_path):
    path = tmp_path / "p.sock"
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    with ApiEcho(f"unix={path}"):
        assert over_unix(path).status == 200
    path.write_text("a file")
    with pytest.raises(RuntimeError, match="something that is no socket is in the way"):
        ApiEcho(f"unix={path}").__enter__()
    assert path.read_text() == "a file"


# TLS


@pytest.fixture
def tls(tmp_path, start):
    """Starts a server with a certificate of a new authority: tls() -> server, with .folder and .authority."""
    def enter(*words, **options):
        authority = Authority(tmp_path)
        certificate, key = authority.server()
        server = start(ApiEcho, "tls", f"certificate={certificate}", f"key={key}", *words, **options)
        server.authority, server.certificate, server.key = authority, certificate, key
        return server
    return enter


def shake(server, change=lambda context: None):
    context = ssl.create_default_context(cafile=server.authority.file)
    change(context)
    return context.wrap_socket(server.connect(), server_hostname="localhost")


def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(tls):
    server = tls()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        def only(context, wanted=version):
            context.minimum_version = context.maximum_version = wanted
            context.set_alpn_protocols(["h2", "http/1.1"])
        wire = Wire(shake(server, only))
        assert wire.socket.selected_alpn_protocol() == "http/1.1"
        wire.send(get("/api/v1/echo/a") + get("/page"))
        assert wire.reply().json()["tls"] is True
        assert len(wire.reply().body) == 32768
    with pytest.raises(ssl.SSLError):
        def old(context):
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python knows that it is old.
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        shake(server, old)
    with pytest.raises(ssl.SSLError):
        shake(server, lambda context: context.set_alpn_protocols(["h2"]))


def test_plain_http_to_a_tls_port_and_half_a_handshake_end(tls):
    server = tls(head_timeout=500)
    plain, mute = Wire(server.connect()), Wire(server.connect())
    with contextlib.suppress(ConnectionResetError):
        plain.send(get())
        while plain._more():
            pass
    assert not plain._buffer.startswith(b"HTTP/1.1 2")
    assert mute.ended()
    wait_for(lambda: server.load()["connections"] == 0, "both to go")


def serial(connection):
    return connection.getpeercert()["serialNumber"]


def test_certificates_are_read_anew_for_new_connections_and_a_bad_one_changes_nothing(tls, tmp_path):
    server = tls()
    old = Wire(shake(server))
    new_certificate, new_key = server.authority.server(file="new")
    shutil.copy(new_certificate, server.certificate)
    assert "refused" in server.tell("reload")  # Half done: the key is still the old one's.
    assert serial(shake(server)) == serial(old.socket)
    shutil.copy(new_key, server.key)
    assert server.tell("reload") == "reloaded"
    assert serial(shake(server)) != serial(old.socket)
    server.certificate.write_text("nonsense")
    assert "refused" in server.tell("reload")
    assert serial(shake(server)) != serial(old.socket)
    old.send(get())
    assert old.reply().status == 200


@pytest.mark.parametrize("required", [False, True])
def test_a_client_may_show_a_certificate(tls, tmp_path, required):
    clients = tmp_path / "clients"
    clients.mkdir()
    authority = Authority(clients, "Clients")
    server = tls(f"client_ca={authority.file}", *(["client_required"] if required else []))
    wire = Wire(shake(server, lambda context: context.load_cert_chain(*authority.client("ci, \"x\""))))
    wire.send(get("/api/v1/echo/a"))
    assert wire.reply().json()["certificate"] == 'CN=ci\\, \\"x\\"'
    stranger = tmp_path / "strangers"
    stranger.mkdir()

    def answer(change):
        try:
            other = Wire(shake(server, change))
            other.send(get("/api/v1/echo/a"))
            return other.reply()
        except (ssl.SSLError, ConnectionResetError):
            return None

    assert answer(lambda context: context.load_cert_chain(*Authority(stranger).client())) is None
    nobody = answer(lambda context: None)
    assert nobody is None if required else nobody.json()["certificate"] == ""


# Where it listens


@pytest.mark.parametrize("words, problem", [
    (["tcp=0.0.0.0"], "plain HTTP would leave this machine"), (["tcp=::"], "plain HTTP would leave this machine"),
    (["tcp=localhost"], "no IP address"), (["tls"], "there is no certificate"),
    (["tls", "certificate=/nowhere", "key=/nowhere"], "certificate cannot be read"),
    (["unix=relative.sock"], "no absolute path"), (["unix=/" + "x" * 108], "no absolute path"),
    (["unix=/nowhere/p.sock"], "No such file")])
def test_what_cannot_be_listened_on_is_said(words, problem):
    with pytest.raises(RuntimeError, match=problem):
        ApiEcho(*words).__enter__()


def test_ipv6_loopback(start):
    server = start(ApiEcho, "tcp=::1")
    assert server.urls[0].startswith("http://[::1]:")
    wire = Wire(socket.create_connection(("::1", server.port), 10))
    wire.send(get("/api/v1/echo/a"))
    assert wire.reply().json()["transport"] == "loopback"


# Draining


def test_draining_lets_what_is_in_flight_finish_and_ends_the_rest(start):
    server = start(ApiEcho, "tcp")
    idle, half, busy, stream = Wire(server.connect()), Wire(server.connect()), Wire(server.connect()), Stream(server)
    idle.send(get())
    assert idle.reply().status == 200
    half.send("GET /livez HTTP/1.1\r\nHost: localh")
    busy.send(get("/api/v1/slow?ms=700"))
    wait_for(lambda: server.load()["requests"] == 1, "the slow one to run")
    began = time.monotonic()
    server._process.stdin.write("stop 10000\n")
    server._process.stdin.flush()
    assert idle.ended()
    assert stream.block() is None
    with pytest.raises(OSError):
        while True:
            server.connect().close()
    half.send("ost\r\n\r\n")
    answer = half.reply()
    assert answer.status == 200 and answer.headers["connection"] == "close" and half.ended()
    answer = busy.reply()
    assert answer.json() == {"cancelled": False} and answer.headers["connection"] == "close"
    wait_for(lambda: "stopped" in server.lines, "the server to stop")
    assert 0.5 < time.monotonic() - began < 5


def test_what_does_not_finish_in_time_is_cut(start):
    server = start(ApiEcho, "tcp")
    busy = Wire(server.connect())
    busy.send(get("/api/v1/slow?ms=60000"))
    wait_for(lambda: server.load()["requests"] == 1, "the slow one to run")
    began = time.monotonic()
    assert server.tell("stop 300") in ("cut", "cancelled")
    wait_for(lambda: "cut" in server.lines, "the server to stop")
    assert time.monotonic() - began < 4
    wait_for(lambda: "cancelled" in server.lines, "the handler to hear of it")  # Its own thread says so.
    with contextlib.suppress(ConnectionResetError):
        assert busy.ended()


def test_threads_end_with_the_server(start):
    server = start(ApiEcho, "tcp")
    threads = len(os.listdir(f"/proc/{server.pid}/task"))
    assert 1 + 2 + 8 + 32 <= threads <= 1 + 2 + 8 + 32 + 1  # A sanitizer has one of its own.
    server.tell("stop 1000")
    wait_for(lambda: len(os.listdir(f"/proc/{server.pid}/task")) == threads - 2, "the I/O threads to end")
