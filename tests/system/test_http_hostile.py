"""Clients that do not mean well, against the HTTP kernel: what they get, and that the others notice nothing."""

import contextlib
import resource
import socket
import struct
import time

import pytest

from rigs.api_echo import ApiEcho, Wire, ask, request
from rigs.process import wait_for

CHUNKED = "Transfer-Encoding: chunked\r\n"


def post(headers, body=""):
    return f"POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}"


def get(target="/livez", headers=""):
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


# Each hides a second request where another reader would see a body, or the other way round.
HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMUGGLING = {
    "length and chunked": post(f"Content-Length: {len(HIDDEN) + 5}\r\n{CHUNKED}", "0\r\n\r\n" + HIDDEN),
    "chunked and length": post(f"{CHUNKED}Content-Length: 5\r\n", "0\r\n\r\n" + HIDDEN),
    "two lengths": post(f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN),
    "two equal lengths": post(f"Content-Length: {len(HIDDEN)}\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN),
    "length list": post(f"Content-Length: 0, {len(HIDDEN)}\r\n", HIDDEN),
    "equal length list": post("Content-Length: 0, 0\r\n", HIDDEN),
    "length with sign": post("Content-Length: +0\r\n", HIDDEN),
    "negative length": post("Content-Length: -1\r\n", HIDDEN),
    "hexadecimal length": post("Content-Length: 0x0\r\n", HIDDEN),
    "length with point": post("Content-Length: 0.0\r\n", HIDDEN),
    "length with exponent": post("Content-Length: 0e1\r\n", HIDDEN),
    "length with blank": post("Content-Length: 0 5\r\n", HIDDEN),
    "length with letters": post("Content-Length: 0a\r\n", HIDDEN),
    "empty length": post("Content-Length:\r\n", HIDDEN),
    "huge length": post("Content-Length: 18446744073709551616\r\n", HIDDEN),
    "blank before colon": post(f"Content-Length : {len(HIDDEN)}\r\n", HIDDEN),
    "tab before colon": post(f"Content-Length\t: {len(HIDDEN)}\r\n", HIDDEN),
    "folded length": post("Content-Length:\r\n 0\r\n", HIDDEN),
    "folded chunked": post("X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "blank before name": post(" Content-Length: 0\r\n", HIDDEN),
    "first header folded": f"POST / HTTP/1.1\r\n Host: localhost\r\n\r\n{HIDDEN}",
    "bare line feeds": HIDDEN.replace("\r\n", "\n"),
    "one bare line feed": post("X: y\nContent-Length: 0\r\n", HIDDEN),
    "bare carriage return": post("X: y\rContent-Length: 0\r\n", HIDDEN),
    "line feed ends the head": "POST / HTTP/1.1\r\nHost: localhost\r\nX: y\n\n" + HIDDEN,
    "carriage return twice": post("X: y\r\r\n", HIDDEN),
    "gzip, chunked": post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked, gzip": post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked twice in one": post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked twice": post(CHUNKED + CHUNKED, "0\r\n\r\n" + HIDDEN),
    "chunked and identity": post(f"{CHUNKED}Transfer-Encoding: identity\r\n", "0\r\n\r\n" + HIDDEN),
    "identity": post("Transfer-Encoding: identity\r\n", HIDDEN),
    "unknown coding": post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked with parameter": post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n" + HIDDEN),
    "quoted chunked": post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n" + HIDDEN),
    "chunked with comma": post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n" + HIDDEN),
    "comma chunked": post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "empty coding": post("Transfer-Encoding:\r\n", HIDDEN),
    "vertical tab chunked": post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked form feed": post("Transfer-Encoding: chunked\x0c\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked NUL": post("Transfer-Encoding: chunked\0\r\n", "0\r\n\r\n" + HIDDEN),
    "coding blank colon": post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "chunked in 1.0": f"POST / HTTP/1.0\r\nHost: localhost\r\n{CHUNKED}\r\n0\r\n\r\n{HIDDEN}",
    "chunk size with sign": post(CHUNKED, "+0\r\n\r\n" + HIDDEN),
    "negative chunk size": post(CHUNKED, "-1\r\n\r\n" + HIDDEN),
    "chunk size 0x": post(CHUNKED, "0x0\r\n\r\n" + HIDDEN),
    "chunk size overflow": post(CHUNKED, "10000000000000000\r\n\r\n" + HIDDEN),
    "chunk size missing": post(CHUNKED, "\r\n\r\n" + HIDDEN),
    "chunk line feed": post(CHUNKED, "0\n\n" + HIDDEN),
    "chunk too long": post(CHUNKED, "1\r\nab\r\n0\r\n\r\n" + HIDDEN),
    "chunk data without end": post(CHUNKED, "1\r\na0\r\n\r\n0\r\n\r\n" + HIDDEN),
    "chunk extension line feed": post(CHUNKED, "1;a\nb\r\nc\r\n0\r\n\r\n" + HIDDEN),
    "blank before chunk size": post(CHUNKED, " 0\r\n\r\n" + HIDDEN),
    "host missing": "GET /livez HTTP/1.1\r\n\r\n",
    "host twice": "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "two hosts": "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    "host list": "GET /livez HTTP/1.1\r\nHost: localhost, evil\r\n\r\n",
    "host empty": "GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
    "host with path": "GET /livez HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "host with user": "GET /livez HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
    "target of another host": "GET http://evil/livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target with user": "GET http://localhost@evil/livez HTTP/1.1\r\nHost: evil\r\n\r\n",
    "HTTP/0.9": "GET /livez\r\n\r\n",
    "blank behind version": "GET /livez HTTP/1.1 \r\nHost: localhost\r\n\r\n",
    "two blanks": "GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "blank in target": "GET /livez HTTP/1.1 x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tab for blank": "GET\t/livez\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
    "small http": "GET /livez http/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in target": get("/livez\0"),
    "NUL in header": get(headers="X: \0\r\n"),
    "control in header": get(headers="X: a\x01\r\n"),
    "control in target": get("/livez\x1b[0m"),
    "header without colon": get(headers="X\r\n"),
    "header without name": get(headers=": x\r\n"),
    "header with quote in name": get(headers='"X": x\r\n'),
    "two authorizations": get(headers="Authorization: a\r\nAuthorization: b\r\n"),
    "two empty lines first": "\r\n\r\n" + get(),
}


@pytest.fixture(scope="module")
def server():
    with ApiEcho("tcp", head_timeout=2000, idle_timeout=5000) as running:
        yield running


def fresh(server):
    """A client that means well gets its answer, and at once."""
    began = time.monotonic()
    assert ask(server, get()).status == 200
    return time.monotonic() - began


@pytest.mark.parametrize("form", SMUGGLING)
def test_a_smuggling_form_is_refused_and_the_connection_ends(server, form):
    wire = Wire(server.connect())
    wire.send(SMUGGLING[form].encode("latin-1"))
    reply = wire.reply()
    assert reply.status == 400, reply
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["connection"] == "close"
    assert reply.json()["code"] == "bad_request" and reply.json()["detail"]
    assert wire.ended()  # Nothing of what stood behind it was taken for a request.


def test_there_are_at_least_sixty_of_them():
    assert len(SMUGGLING) >= 60


@pytest.mark.parametrize("text, status", [
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("BREW /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    ("CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n", 501),
    (get("/" + "x" * 9000), 414),
    (get(headers=f"X: {'x' * 20000}\r\n"), 431), (get(headers="".join(f"X{i}: 1\r\n" for i in range(101))), 431),
    (post("Content-Length: 1048577\r\n"), 413), (post(CHUNKED, "100001\r\n"), 413),
    (get(headers="Expect: magic\r\n"), 417)])
def test_a_refusal_names_its_rule(server, text, status):
    reply = ask(server, text)
    assert reply.status == status and reply.headers["connection"] == "close", reply


@pytest.mark.parametrize("target", ["/api/v1/echo/%ff", "/api/v1/echo/%c0%ae", "/api/v1/echo/%00", "/api/v1/echo/a%0ab",
                                    "/api/v1/echo/%ed%a0%80", "/api/v1/echo/%f4%90%80%80", "/api/v1/../v1/echo/a",
                                    "/api/v1/echo/%2e%2e", "/api/v1/echo/a?count=%fe", "/api/v1/echo/a?%=1"])
def test_targets_that_are_no_text_are_refused(server, target):
    assert ask(server, get(target)).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "a"', b'{"name": "\xff"}', b'{"name": "\xc0\xaf"}',
                                  b'{"name": 01}',
                                  b'{"name": "a", "name": "b"}', b'{"name": "a"} x', b"[" * 100_000, b'{"a":' * 50_000,
                                  b'{"name": "\\ud800"}', b'\xef\xbb\xbf{"name": "a"}', b'{"name": NaN}', b"\0",
                                  b'{"name": 1e99999999999999}', b"'a'", b'{"name": "a\n"}'])
def test_a_body_that_is_no_json_is_a_problem_and_the_connection_stays(server, body):
    wire = Wire(server.connect())
    for _ in range(2):
        wire.send(request("POST", "/api/v1/echo", [("Content-Type", "application/json")], body))
        reply = wire.reply()
        assert reply.status in (400, 422), reply
        assert reply.json()["code"] in ("invalid_json", "invalid_body")


def test_a_fault_inside_tells_nothing(server):
    for path in ("/api/v1/throws", "/api/v1/fails"):
        reply = ask(server, get(path))
        assert reply.status == 500 and b"secret" not in reply.body, reply


def test_pipelined_requests_are_answered_in_their_order(server):
    wire = Wire(server.connect())
    wire.send(b"".join(request("GET", f"/api/v1/echo/n{i}") for i in range(200)))
    assert [wire.reply().json()["path"] for _ in range(200)] == [f"/api/v1/echo/n{i}" for i in range(200)]


def test_pipelined_bytes_may_come_one_by_one(server):
    wire = Wire(server.connect())
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b'{"name": "a"}'
    for byte in (request("POST", "/api/v1/echo", [("Content-Type", "application/json")], body)
                 + request("HEAD", "/page") + request("GET", "/livez")):
        wire.send(bytes([byte]))
    assert wire.reply().json()["body"] == {"name": "a"}
    assert wire.reply(head=True).headers["content-length"] == "32768"
    assert wire.reply().body == b"alive\n"


def test_slowloris_gets_408_and_others_do_not_wait(start):
    server = start(ApiEcho, "tcp", head_timeout=1000, idle_timeout=1000)
    slow = [Wire(server.connect()) for _ in range(500)]
    for wire in slow:
        wire.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A")
    assert min(fresh(server) for _ in range(5)) < 0.2
    end = time.monotonic() + 10
    while time.monotonic() < end and server.load()["connections"] > 1:
        for wire in slow:
            with contextlib.suppress(OSError):
                wire.socket.send(b"a")  # However it trickles: the head has a time, not the byte.
    replies = [wire.reply() for wire in slow]
    assert {reply.status for reply in replies} == {408}
    assert replies[0].json()["code"] == "request_timeout"
    assert min(fresh(server) for _ in range(5)) < 0.2


def test_a_body_that_trickles_gets_408(start):
    server = start(ApiEcho, "tcp", rate_grace=700, bytes_per_second=1000)
    wire = Wire(server.connect())
    wire.send(post("Content-Type: application/json\r\nContent-Length: 1000\r\n"))
    began = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - began < 10:
            wire.send("a")
            wire.socket.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                if wire._more():
                    break
    wire.socket.settimeout(5)
    assert wire.reply().status == 408
    assert 0.5 < time.monotonic() - began < 5


def test_all_bodies_together_have_a_limit(start):
    server = start(ApiEcho, "tcp", bodies_bytes=1_000_000)
    first, second = Wire(server.connect()), Wire(server.connect())
    for wire in (first, second):
        wire.send(post("Content-Type: application/json\r\nContent-Length: 1000000\r\n"))
    first.send("a" * 900_000)
    with contextlib.suppress(OSError):
        second.send("a" * 900_000)
    replies = []
    for wire in (first, second):  # Whichever was read later.
        wire.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):
            replies.append(wire.reply())
    # The later one is refused; both, when each was half read as the limit was met.
    assert replies and all(reply.status == 503 for reply in replies), replies
    assert replies[0].headers["retry-after"] == "1"
    for wire in (first, second):
        wire.close()
    wait_for(lambda: server.load()["connections"] == 0, "both to go")
    assert ask(server, request("POST", "/api/v1/echo", [("Content-Type", "application/json")],
                               '{"name": "' + "a" * 900_000 + '"}')).status == 422


def test_a_reader_that_does_not_read_is_let_go(start):
    server = start(ApiEcho, "tcp", rate_grace=500, bytes_per_second=1_000_000)
    wire = Wire(server.connect())
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with contextlib.suppress(OSError):
        wire.send(request("GET", "/page") * 1000)
    wait_for(lambda: server.load()["connections"] == 0, "the connection to end", 10)


def test_silence_ends_a_connection(start):
    server = start(ApiEcho, "tcp", head_timeout=500, idle_timeout=500)
    mute, answered = Wire(server.connect()), Wire(server.connect())
    answered.send(get())
    assert answered.reply().status == 200
    assert mute.ended() and answered.ended()


def test_an_address_that_asks_too_often_gets_429(start):
    server = start(ApiEcho, "tcp", requests_per_second=5, burst=10, count_local=1)
    wire = Wire(server.connect("127.0.0.2"))
    wire.send(get() * 15)
    replies = [wire.reply() for _ in range(15)]
    assert [reply.status for reply in replies] == [200] * 10 + [429] * 5
    assert replies[-1].headers["retry-after"] == "1" and replies[-1].json()["code"] == "too_many_requests"
    assert ask(server, get(), address="127.0.0.3").status == 200
    body = post("Content-Length: 500000\r\n")
    assert ask(server, body, address="127.0.0.2").headers["connection"] == "close"  # Not a byte of it is read.


def test_an_address_has_its_share_of_connections(start):
    server = start(ApiEcho, "tcp", connections_per_address=5, count_local=1)
    kept = [Wire(server.connect("127.0.0.2")) for _ in range(5)]
    kept[0].send(get())
    assert kept[0].reply().status == 200
    away = Wire(server.connect("127.0.0.2"))
    assert away.reply().status == 503
    assert ask(server, get(), address="127.0.0.3").status == 200
    kept[0].close()
    wait_for(lambda: server.load()["connections"] == 4, "the first to go")
    assert ask(server, get(), address="127.0.0.2").status == 200


def test_ten_thousand_connections_are_held_or_refused_politely(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 200)
    try:
        server = start(ApiEcho, "tcp", connections=count // 2, idle_timeout=60_000, head_timeout=60_000)
        wires, before = [], server.memory()
        for i in range(count):
            wires.append(Wire(server.connect(f"127.0.0.{2 + i % 50}")))
        wait_for(lambda: server.load()["connections"] == count // 2, "half of them to be held")
        heard = 0
        for wire in wires[count // 2:]:
            with contextlib.suppress(ConnectionResetError):
                reply = wire.reply()
                if reply:
                    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
                    heard += 1
        assert heard > 0
        grown = (server.memory() - before) / (count // 2)
        assert grown < 32 * 1024, f"{grown:.0f} bytes a connection"
        wires[0].send(get())
        assert wires[0].reply().status == 200
        for wire in wires:
            wire.close()
        wait_for(lambda: server.load()["connections"] == 0, "all to go")
        assert fresh(server) < 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_full_queue_says_so(start):
    server = start(ApiEcho, "tcp", workers=1, queue=2)
    wires = [Wire(server.connect()) for _ in range(8)]
    for wire in wires:
        wire.send(get("/api/v1/slow?ms=500"))
    replies = [wire.reply() for wire in wires]
    statuses = sorted(reply.status for reply in replies)
    assert statuses.count(200) >= 2 and statuses.count(503) >= 4, statuses
    refused = next(reply for reply in replies if reply.status == 503)
    assert refused.headers["retry-after"] == "1" and refused.json()["code"] == "overloaded"
    assert refused.headers.get("connection") != "close"
    assert fresh(server) < 0.3  # What never waits needs no worker.


def test_what_waits_for_other_systems_holds_up_nobody_else(start):
    server = start(ApiEcho, "tcp", workers=1, far=2)
    held = [Wire(server.connect()) for _ in range(4)]
    for wire in held:
        wire.send(get("/api/v1/far?ms=60000"))
    wait_for(lambda: server.load()["queued"] == 2, "two to run and two to queue")
    assert ask(server, get("/api/v1/echo/a")).status == 200, "the worker is free"
    refused = ask(server, get("/api/v1/far?ms=0"))
    assert (refused.status, refused.headers["retry-after"], refused.json()["code"]) == (503, "1", "overloaded")
    for wire in held:
        wire.close()
    wait_for(lambda: "".join(server.lines).count("cancelled") == 4, "the handlers to hear of it")
    wait_for(lambda: ask(server, get("/api/v1/far?ms=0")).status == 200, "room for another")


def test_an_answer_that_never_comes_is_504(start):
    server = start(ApiEcho, "tcp", answer_timeout=200)
    heedful = ask(server, get("/api/v1/slow?ms=60000"))
    assert heedful.status == 504 or heedful.json() == {"cancelled": True}
    deaf = ask(server, get("/api/v1/slow?ms=5000&deaf=true"))
    assert deaf.status == 504 and deaf.json()["code"] == "timeout", deaf


def test_work_for_a_client_that_left_is_cancelled(start):
    server = start(ApiEcho, "tcp")
    wire = Wire(server.connect())
    wire.send(get("/api/v1/slow?ms=60000"))
    wait_for(lambda: server.load()["requests"] == 1, "the request to be taken on")
    wire.close()
    wait_for(lambda: "cancelled" in server.lines, "the handler to hear of it", 5)


def test_resets_at_any_moment_leave_nothing(start):
    server = start(ApiEcho, "tcp")
    whole = request("POST", "/api/v1/echo", [("Content-Type", "application/json")], b'{"name": "a"}')
    for size in range(0, len(whole) + 1, 3):
        wire = Wire(server.connect())
        wire.send(whole[:size] if size < len(whole) else whole * 3)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
    assert fresh(server) < 1  # Behind all of them in the queue of the listening socket.
    nothing = {"connections": 0, "requests": 0, "streams": 0, "queued": 0}
    wait_for(lambda: server.load() == nothing, "all to go")
