"""Hundreds of registries on loopback, each at an address of its own, in one process: just enough of the OCI API to be
validated and counted, or nothing at all. For benchmarks: a thousand real ones would be what is measured."""

import asyncio
import json
import os
import resource
import sys

from rigs.process import Rig, wait_for

ANSWERS = {
    b"/v2/": b"{}",
    b"/v2/_catalog": b'{"repositories": ["team/app"]}',
    b"/v2/team/app/tags/list": b'{"name": "team/app", "tags": ["v1"]}',
}
UNKNOWN = b'{"errors": [{"code": "NAME_UNKNOWN"}]}'


class ManyRegistries(Rig):
    """After entering: healthy and hanging, lists of base addresses (http://127.1.0.1:port …).

    What hangs accepts, reads and never answers.
    """

    def __init__(self, healthy, hanging):
        super().__init__()
        self._counts = (healthy, hanging)

    def start(self):
        child = self.child([sys.executable, "-B", "-m", "rigs.many_registries", *map(str, self._counts)],
                           {"PYTHONPATH": ":".join(sys.path)})

        def addresses():
            if not child.running():
                raise RuntimeError(f"the registries ended:\n{child.output()}")
            file = self.folder / "addresses.json"
            return file.exists() and json.loads(file.read_text())

        self.healthy, self.hanging = wait_for(addresses, "the registries to listen")


class Healthy(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for head in heads:
            method, target = head.split(b" ", 2)[:2]
            body = ANSWERS.get(target.split(b"?")[0])
            answer = body or UNKNOWN
            self.transport.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                                 b"Docker-Distribution-Api-Version: registry/2.0\r\n\r\n%s" % (
                                     b"200 OK" if body else b"404 Not Found", len(answer),
                                     b"" if method == b"HEAD" else answer))


async def serve(healthy, hanging):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    loop, addresses, servers = asyncio.get_running_loop(), ([], []), []
    for number in range(healthy + hanging):
        host = f"127.1.{number // 250}.{number % 250 + 1}"
        hangs = number >= healthy
        server = await loop.create_server(asyncio.Protocol if hangs else Healthy, host, 0, backlog=64)
        addresses[hangs].append("http://%s:%d" % server.sockets[0].getsockname())
        servers.append(server)
    # Whole at once, for whoever waits for it.
    with open("addresses.new", "w", encoding="utf-8") as file:
        json.dump(addresses, file)
    os.rename("addresses.new", "addresses.json")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
