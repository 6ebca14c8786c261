"""A small HTTP/1.1 server with keep-alive for the simulated Harbor (asyncio streams)."""

import asyncio
import json
import re
import traceback
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl

MAX_HEAD = 64 * 1024
MAX_BODY = 256 * 1024 * 1024
VALID_HOST = re.compile(r"[A-Za-z0-9._~:\[\]%!$&'()*+,;=-]*")


@dataclass
class Request:
    method: str
    target: str
    headers: dict  # lower-case name -> value; repeated headers are joined by ", "
    body: bytes = b""
    path: str = ""  # still percent-encoded
    query: str = ""
    scheme: str = "http"
    pairs: list = field(default_factory=list)

    def __post_init__(self):
        self.path, _, self.query = self.target.partition("?")
        self.pairs = parse_qsl(self.query, keep_blank_values=True)

    def header(self, name, default=""):
        return self.headers.get(name, default)

    def param(self, name, default=None):
        """First value of a query parameter, or default when it is absent."""
        return next((value for key, value in self.pairs if key == name), default)


@dataclass
class Response:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0  # simulated waiting (a lock-out), in seconds
    work: float = 0.0  # simulated processor time, in seconds


def json_response(value, status=200, headers=None):
    """A success body as the API writes it: compact JSON and a line feed."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body)


class ApiError(Exception):
    """Ends a request with a status and Harbor's error body."""

    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def response(self):
        errors = {"errors": [{"code": self.code, "message": self.message}]}
        body = json.dumps(errors, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        return Response(self.status, headers, body)


class BadRequest(Exception):
    """The bytes are not a request; the connection is closed after the answer."""


async def read_body(reader, headers):
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts, total = [], 0
        while size := int((await reader.readline()).split(b";")[0], 16):
            total += size
            if total > MAX_BODY:
                raise BadRequest("body too large")
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        while (await reader.readline()).strip():
            pass
        return b"".join(parts)
    length = int(headers.get("content-length") or 0)
    if not 0 <= length <= MAX_BODY:
        raise BadRequest("body too large")
    return await reader.readexactly(length) if length else b""


async def read_request(reader, writer, scheme):
    """The next request of a connection, or None when the client closed it."""
    try:
        first = await reader.readexactly(1)
        if not first.isalpha():  # a client that tries TLS first waits for this refusal
            raise BadRequest("malformed request line")
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("malformed request line")
    headers = {}
    for line in lines[1:-2]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if not VALID_HOST.fullmatch(headers.get("host", "")):
        raise BadRequest("malformed Host header")
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await read_body(reader, headers)
    except (ValueError, IndexError):
        raise BadRequest("malformed body length") from None
    return Request(words[0], words[1], headers, body, scheme=scheme)


def encode(response, head_only=False):
    reason = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    headers = dict(response.headers)
    headers.setdefault("Date", formatdate(usegmt=True))
    if response.status != 304:
        headers.setdefault("Content-Length", str(len(response.body)))
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        lines.extend(f"{name}: {one}" for one in values)
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if head_only or response.status == 304 else head + response.body


class HttpServer:
    """Serves one application (`answer(request) -> Response`) on a loopback port, each request through a Gate."""

    def __init__(self, answer, gate, cores=2, ssl_context=None):
        self.answer_ = answer
        self.gate_ = gate
        self.ssl_ = ssl_context
        self.cores_ = asyncio.Semaphore(cores)
        self.server_ = None
        self.connections_ = set()

    async def start(self, host, port):
        self.server_ = await asyncio.start_server(
            self.serve, host, port, ssl=self.ssl_, limit=MAX_HEAD, backlog=1024
        )
        return self.server_.sockets[0].getsockname()[1]

    async def stop(self):
        self.server_.close()
        for task in list(self.connections_):
            task.cancel()
        await asyncio.gather(*self.connections_, return_exceptions=True)

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.connections_.add(task)
        try:
            await self.serve_requests(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            pass  # the server stops; asyncio.streams would print a trace otherwise
        except BadRequest as error:
            body = f"400 Bad Request: {error}".encode()
            headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
            writer.write(encode(Response(400, headers, body)))
        finally:
            self.connections_.discard(task)
            writer.close()

    def answered(self, request):
        """A mistake of the simulation is a 500 and a trace on stderr, not a lost connection."""
        try:
            return self.answer_(request)
        except Exception:
            traceback.print_exc()
            return ApiError(500, "UNKNOWN", "mistake of the simulated Harbor").response()

    async def serve_requests(self, reader, writer):
        scheme = "https" if self.ssl_ else "http"
        while (request := await read_request(reader, writer, scheme)) is not None:
            await self.gate_.pass_through(request, "before")
            response = self.answered(request)
            if response.work:
                async with self.cores_:
                    await asyncio.sleep(response.work)
            if response.delay:
                await asyncio.sleep(response.delay)
            await self.gate_.pass_through(request, "after")
            writer.write(encode(response, request.method == "HEAD"))
            await writer.drain()
            if request.header("connection").lower() == "close":
                return
