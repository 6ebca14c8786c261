"""TCP and HTTP: what arrives is not what HTTP promises."""

import asyncio
import json

from rigs.hostile.answers import (
    HTML,
    JSON,
    abort,
    bomb,
    drip,
    endless,
    hang,
    ok,
    page,
    raw,
    reply,
    reset,
    then,
    zipped,
)
from rigs.hostile.case import BASE, BEHIND, CATALOG, Case
from rigs.hostile.upstream import Close

LIST = {"repositories": list(BEHIND)}
TEXT = json.dumps(LIST)
GOOD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TEXT)}\r\n"
QUICKLY = ("--timeout", "3s")


def said(head, body=TEXT):
    """The catalog, framed by exactly this head."""
    return {CATALOG: raw(head + "\r\n" + body)}


async def closes(_):
    raise Close


async def resets(writer):
    abort(writer)
    raise Close


async def says_first(writer):
    writer.write(b"220 mail.example ESMTP ready\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)
    raise Close


async def never_speaks(_):
    await asyncio.sleep(3600)


LOST = {"unreachable", "protocol"}
CASES = [
    # Connections.
    Case("accepts and closes", {}, {"unreachable"}, greeting=closes),
    Case("accepts and resets", {}, {"unreachable"}, greeting=resets),
    Case("accepts and never speaks", {}, {"timeout"}, greeting=never_speaks, options=QUICKLY, seconds=6),
    Case("speaks another protocol first", {}, LOST, greeting=says_first),
    Case("never answers the catalog", {CATALOG: hang()}, {"timeout", "partial"}, options=QUICKLY, seconds=6),
    Case("resets in the head", {CATALOG: reset(b"HTTP/1.1 200 OK\r\nContent-Ty")}, LOST),
    Case("resets in the body", {CATALOG: reset(GOOD.encode() + b'\r\n{"repos')}, LOST),
    Case("closes without a byte", {CATALOG: raw("")}, LOST),
    Case("closes once and then answers", {CATALOG: then(raw(""), ok(LIST))}),
    # Slow.
    Case(
        "drips the head",
        {CATALOG: drip(GOOD.encode() + b"\r\n" + TEXT.encode(), 0.5)},
        {"timeout", "partial"},
        options=QUICKLY,
        seconds=6,
    ),
    Case(
        "drips the body",
        {CATALOG: then(drip(GOOD.encode() + b"\r\n" + TEXT.encode(), 0.5))},
        {"timeout", "partial"},
        options=QUICKLY,
        seconds=6,
    ),
    # Status lines.
    Case("answers as HTTP 0.9", {CATALOG: raw(TEXT)}, {"protocol"}),
    Case("answers as HTTP 9.9", said("HTTP/9.9 200 OK\r\n"), {"protocol"}),
    Case("answers as HTTP 1.0 without a length", said("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n")),
    Case("has bare line ends", said(GOOD.replace("\r\n", "\n") + "\n", TEXT), {"ok", "protocol"}),
    Case("has status 000", said("HTTP/1.1 000 Zero\r\nContent-Length: 2\r\n", "{}"), {"protocol"}),
    Case("has status 99", said("HTTP/1.1 99 Low\r\nContent-Length: 2\r\n", "{}"), {"protocol"}),
    Case("has status 600", said("HTTP/1.1 600 High\r\nContent-Length: 2\r\n", "{}"), {"protocol"}),
    Case("has status 999", said("HTTP/1.1 999 Blocked\r\nContent-Length: 2\r\n", "{}"), {"protocol"}),
    Case("has a status of words", said("HTTP/1.1 fine OK\r\nContent-Length: 2\r\n", "{}"), {"protocol"}),
    Case(
        "has a reason that paints the terminal",
        {CATALOG: raw(b"HTTP/1.1 500 \x1b[31mred\x1b]0;title\x07\r\nContent-Length: 0\r\n\r\n")},
        {"unavailable"},
    ),
    Case(
        "says 100 102 103 before the answer",
        {
            CATALOG: raw(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + GOOD + "\r\n" + TEXT
            )
        },
    ),
    Case(
        "says 100 for ever",
        {CATALOG: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n")},
        {"limit", "timeout", "protocol", "partial"},
        options=QUICKLY,
        seconds=6,
    ),
    Case(
        "switches protocols unasked",
        said("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"),
        LOST | {"timeout"},
        options=QUICKLY,
        seconds=6,
    ),
    Case("answers 204", {CATALOG: reply(204)}, {"protocol"}),
    Case("answers 206", {CATALOG: reply(206, TEXT, JSON, ("Content-Range", "bytes 0-9/9999"))}, {"ok", "protocol"}),
    Case("answers 304 to no condition", {CATALOG: raw("HTTP/1.1 304 Not Modified\r\n\r\n")}, {"protocol"}),
    # Heads.
    Case("has a header line of a megabyte", said(GOOD + "X-Long: " + "a" * (1 << 20) + "\r\n"), {"limit"}),
    Case(
        "has ten thousand headers", said(GOOD + "".join(f"X-{n}: some value\r\n" for n in range(10_000))), {"limit"}
    ),
    Case("has endless headers", {CATALOG: endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n")}, {"limit"}),
    Case(
        "has headers with control bytes and NUL",
        {CATALOG: raw(GOOD.encode() + b"X-Odd: a\x00b\x1b[2Jc\xff\r\n\r\n" + TEXT.encode())},
        {"ok", "protocol"},
    ),
    Case("has a header without a colon", said(GOOD + "nonsense\r\n"), {"ok", "protocol"}),
    Case("folds a header", said(GOOD + "X-Folded: one\r\n two\r\n"), {"ok", "protocol"}),
    # Lengths.
    Case("promises more body than it sends", said(GOOD.replace(str(len(TEXT)), "5000")), LOST),
    Case("sends more body than it promises", said(GOOD.replace(str(len(TEXT)), "9")), {"protocol"}),
    Case("has two lengths", said(GOOD + "Content-Length: 9\r\n"), {"protocol"}),
    Case(
        "has a length and chunks",
        said(GOOD + "Transfer-Encoding: chunked\r\n", f"{len(TEXT):x}\r\n{TEXT}\r\n0\r\n\r\n"),
        {"ok", "protocol"},
    ),
    Case("has a negative length", said("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n"), {"protocol"}),
    Case("has a length of words", said("HTTP/1.1 200 OK\r\nContent-Length: many\r\n"), {"protocol"}),
    Case(
        "has a length beyond 64 bits",
        said("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n"),
        {"ok", "protocol", "limit"},
    ),
    Case("promises an exabyte", said("HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\n"), {"limit"}),
    Case(
        "has a broken chunk size",
        said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "zz\r\n" + TEXT),
        {"protocol"},
    ),
    Case(
        "has a chunk size beyond 64 bits",
        said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "f" * 20 + "\r\n" + TEXT),
        {"protocol"},
    ),
    Case("ends within a chunk", said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", 'ff\r\n{"repo'), LOST),
    Case(
        "sends a body for ever",
        {CATALOG: endless(b'HTTP/1.1 200 OK\r\n\r\n{"repositories":[', b'"alpha/app",')},
        {"limit"},
    ),
    Case(
        "sends blanks for ever",
        {CATALOG: endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ")},
        {"limit"},
    ),
    # Encodings.
    Case("zips when not asked", {CATALOG: zipped(LIST)}),
    Case("zips twice", {CATALOG: zipped(LIST, "gzip, gzip", 2)}, {"ok", "protocol"}),
    Case("says gzip and is not", {CATALOG: reply(200, TEXT, JSON, ("Content-Encoding", "gzip"))}, {"protocol"}),
    Case(
        "cuts the gzip short",
        {
            CATALOG: raw(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n"
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56"
            )
        },
        {"protocol"},
    ),
    Case("sends a gzip bomb", {CATALOG: bomb(256)}, {"limit"}),
    Case(
        "names an encoding of its own", {CATALOG: reply(200, TEXT, JSON, ("Content-Encoding", "sauce"))}, {"protocol"}
    ),
    Case("says brotli and is not", {CATALOG: reply(200, TEXT, JSON, ("Content-Encoding", "br"))}, {"protocol"}),
    # Content types.
    Case("calls JSON a page", {CATALOG: reply(200, TEXT, HTML)}, {"ok", "protocol"}),
    Case("gives no content type", {CATALOG: reply(200, TEXT)}),
    Case(
        "gives a +json type", {CATALOG: reply(200, TEXT, ("Content-Type", "application/vnd.x+json; charset=UTF-8"))}
    ),
    # Errors that arrive as pages.
    Case("is down with a page", {CATALOG: page(502)}, {"unavailable"}),
    Case("fails with JSON", {CATALOG: reply(500, {"errors": [{"code": "UNKNOWN"}]}, JSON)}, {"unavailable"}),
    Case("is down for one request", {CATALOG: then(reply(503, "", ("Retry-After", "1")), ok(LIST))}),
    Case("asks to come back tomorrow", {CATALOG: reply(503, "", ("Retry-After", "86400"))}, {"unavailable"}),
    Case("is timed out by its own gateway", {CATALOG: page(504)}, {"unavailable"}),
    Case("has enough for a second", {CATALOG: then(reply(429, "", ("Retry-After", "1")), ok(LIST))}),
    Case("has enough for ever", {CATALOG: reply(429, "", ("Retry-After", "1"))}, {"rate_limited"}, requests=20),
    Case(
        "has enough and says nonsense",
        {CATALOG: reply(429, "", ("Retry-After", "-9999999999999999999 s"))},
        {"rate_limited"},
        requests=20,
    ),
    Case(
        "has enough until 2199",
        {CATALOG: reply(429, "", ("Retry-After", "Tue, 31 Dec 2199 23:59:59 GMT"))},
        {"rate_limited"},
        requests=20,
    ),
    Case("is blocked by a firewall's page", {CATALOG: page(403)}, {"forbidden"}),
    Case("is lawfully withheld", {CATALOG: page(451)}, {"protocol", "forbidden", "unavailable", "unsupported"}),
    Case("is a teapot", {CATALOG: page(418)}, {"protocol", "unsupported"}),
    Case("wants payment", {CATALOG: page(402)}, {"protocol", "forbidden", "unsupported"}),
    Case("finds the request too long", {CATALOG: reply(414)}, {"protocol", "unsupported"}),
    Case(
        "answers a proxy's 407",
        {CATALOG: reply(407, "", ("Proxy-Authenticate", 'Basic realm="proxy"'))},
        {"protocol", "unauthorized", "unreachable"},
    ),
    Case("has no catalog", {CATALOG: reply(404, "404 page not found")}, {"unsupported", "not_found"}),
    Case("forbids the method of the catalog", {CATALOG: reply(405)}, {"unsupported"}),
    Case("has not implemented the catalog", {CATALOG: reply(501)}, {"unsupported", "unavailable"}),
    Case(
        "is a captive portal",
        {".*": page()},
        {"protocol", "invalid_config", "not_found", "unsupported"},
        run="validate",
    ),
    Case(
        "is a captive portal that says JSON",
        {".*": reply(200, "<html></html>", JSON)},
        {"protocol", "invalid_config", "not_found", "unsupported"},
        run="validate",
    ),
    Case(
        "is something that knows nothing",
        {".*": reply(404)},
        {"not_found", "protocol", "unsupported"},
        run="validate",
    ),
    Case("is a captive portal to detection", {".*": page()}, "nothing", run="detect"),
    Case("hangs in detection", {".*": hang()}, {"timeout", "nothing"}, run="detect", options=QUICKLY, seconds=6),
    Case(
        "never ends in detection",
        {BASE: endless(b"HTTP/1.1 200 OK\r\n\r\n", b"[")},
        {"limit", "nothing"},
        run="detect",
    ),
]
