"""Ways to answer: each makes an async function of one exchange. "{home}" and "{foreign}" in texts become origins."""

import asyncio
import functools
import gzip
import json
import socket
import struct

from rigs.hostile.upstream import Close

JSON = ("Content-Type", "application/json")
REFUSAL = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}'
HTML = ("Content-Type", "text/html; charset=utf-8")


def filled(text, exchange):
    return text.replace("{home}", exchange.upstream.home).replace("{foreign}", exchange.upstream.foreign)


def reply(status, body="", *headers):
    """A whole, well-formed answer; `body` is text, bytes, or what becomes JSON."""

    async def answer(exchange):
        data = body
        if not isinstance(data, (str, bytes)):
            data = json.dumps(data)
        if isinstance(data, str):
            data = filled(data, exchange).encode("utf-8", "surrogatepass")
        await exchange.reply(status, data, [(name, filled(value, exchange)) for name, value in headers])

    return answer


def ok(body, *headers):
    return reply(200, body, JSON, *headers)


def page(status=200):
    return reply(status, "<!DOCTYPE html><html><title>Welcome</title><body>Please log in</body></html>", HTML)


def redirect(location, status=302):
    return reply(status, "", ("Location", location))


def raw(data, close=True):
    """Exactly these bytes."""

    async def answer(exchange):
        await exchange.send(data if isinstance(data, bytes) else filled(data, exchange).encode())
        if close:
            raise Close

    return answer


def hang():
    async def answer(_):
        await asyncio.sleep(3600)

    return answer


def drip(data, seconds):
    """One byte at a time."""

    async def answer(exchange):
        for at in range(len(data)):
            await exchange.send(data[at : at + 1])
            await asyncio.sleep(seconds)
        raise Close

    return answer


def endless(head, piece, most=1 << 31):
    """`head`, then `piece` again and again, as fast as it is read; `most` only protects the machine."""

    async def answer(exchange):
        await exchange.send(head)
        block, sent = piece * max(1, 65536 // len(piece)), 0
        while sent < most:
            await exchange.send(block)
            sent += len(block)
        raise Close

    return answer


def reset(after=b""):
    """A TCP reset instead of an end."""

    async def answer(exchange):
        if after:
            await exchange.send(after)
            await asyncio.sleep(0.05)  # so that the bytes arrive before the reset overtakes them
        abort(exchange.writer)
        raise Close

    return answer


def abort(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def then(*answers):
    """The first request to the path gets the first answer, and so on; the last one stays."""

    async def answer(exchange):
        await answers[min(exchange.count, len(answers)) - 1](exchange)

    return answer


def guarded(answer, challenge, accepts):
    """401 with this WWW-Authenticate unless the Authorization header satisfies accepts(value)."""

    async def guard(exchange):
        value = exchange.seen.header("authorization")
        if value and accepts(value):
            return await answer(exchange)
        challenges = challenge if isinstance(challenge, (list, tuple)) else [challenge]
        await exchange.reply(
            401, REFUSAL, [JSON, *(("WWW-Authenticate", filled(text, exchange)) for text in challenges)]
        )

    return guard


def zipped(body, encoding="gzip", times=1):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    for _ in range(times):
        data = gzip.compress(data)
    return reply(200, data, JSON, ("Content-Encoding", encoding))


def bomb(mebibytes):
    """A gzip body that inflates a thousandfold."""
    async def answer(exchange):
        await reply(200, _bomb(mebibytes), JSON, ("Content-Encoding", "gzip"))(exchange)

    return answer


@functools.cache
def _bomb(mebibytes):
    return gzip.compress(b" " * (mebibytes << 20))
