"""The server: raw bytes on raw sockets, so that anything can be said."""

import asyncio
import dataclasses
import http.client
import re
import threading
import urllib.parse


@dataclasses.dataclass
class Seen:
    """One request as it arrived, at home or at the foreign origin."""

    place: str
    method: str
    target: str
    headers: list  # [(lower-case name, value)]
    body: bytes

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


class Exchange:
    """One request being answered."""

    def __init__(self, upstream, seen, count, writer):
        self.upstream, self.seen, self.writer = upstream, seen, writer
        self.count = count  # of requests to this path so far, this one included
        url = urllib.parse.urlsplit(seen.target)
        self.path, self.query = url.path, urllib.parse.parse_qs(url.query)

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, status, body=b"", headers=(), reason="Said"):
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        await self.send(
            "\r\n".join(lines).encode("utf-8", "surrogateescape")
            + b"\r\n\r\n"
            + (b"" if self.seen.method == "HEAD" else body)
        )


class Upstream:
    """Two origins on free loopback ports: `home`, which the command is given, and `foreign`, which it may be lured to.

    `rules` and `foreign_rules` are {regular expression of a whole path: async answer(exchange)}; what no rule matches
    goes to `backend`, (host, port), or is a 404. Every request is in `seen`. An answer that returns keeps the
    connection; one that raises Close ends it. Mistakes of the script itself are in `errors`.
    """

    def __init__(self, rules, foreign_rules=None, backend=None, tls=None, greeting=None):
        self._rules = {"home": rules, "foreign": foreign_rules or {}}
        self._backend, self._tls, self._greeting = backend, tls, greeting
        self.seen, self.errors = [], []
        self._tasks = set()

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers = [
            asyncio.run_coroutine_threadsafe(self._listen(place), self._loop).result(10)
            for place in ("home", "foreign")
        ]
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        scheme = "https" if self._tls else "http"
        self.home, self.foreign = f"{scheme}://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def at(self, place):
        return [seen for seen in self.seen if seen.place == place]

    async def _listen(self, place):
        async def connected(reader, writer):
            task = asyncio.current_task()
            self._tasks.add(task)
            try:
                if place == "home" and self._greeting:
                    await self._greeting(writer)
                while await self._serve(place, reader, writer):
                    pass
            except (Close, OSError, asyncio.IncompleteReadError):
                pass
            except Exception as error:  # A mistake in a script, not in what is tested.
                self.errors.append(error)
            finally:
                self._tasks.discard(task)
                writer.close()

        return await asyncio.start_server(
            connected, "127.0.0.1", 0, limit=1 << 20, ssl=self._tls if place == "home" else None
        )

    async def _serve(self, place, reader, writer):
        """Reads and answers one request; False at the end of the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = [
            (name.strip().lower(), value.strip())
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        ]
        seen = Seen(place, method, target, headers, b"")
        if length := seen.header("content-length"):
            seen.body = await reader.readexactly(int(length))
        path = urllib.parse.urlsplit(target).path
        self.seen.append(seen)
        count = sum(
            1 for other in self.seen if other.place == place and urllib.parse.urlsplit(other.target).path == path
        )
        exchange = Exchange(self, seen, count, writer)
        for pattern, answer in self._rules[place].items():
            if re.fullmatch(pattern, path):
                await answer(exchange)
                return True
        await self._forward(exchange)
        return True

    async def _forward(self, exchange):
        if not self._backend:
            return await exchange.reply(404)
        status, headers, body = await self._loop.run_in_executor(None, self._ask_backend, exchange.seen)
        await exchange.reply(status, body, headers)

    def _ask_backend(self, seen):
        connection = http.client.HTTPConnection(*self._backend, timeout=30)
        headers = {name: value for name, value in seen.headers if name not in ("connection", "accept-encoding")}
        connection.request(seen.method, seen.target, seen.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        dropped = ("connection", "transfer-encoding", *(["content-length"] if seen.method != "HEAD" else []))
        return answer.status, [pair for pair in answer.getheaders() if pair[0].lower() not in dropped], body

    async def _end(self):
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Close(Exception):
    """Ends the connection after what was sent."""
