"""The HTTP kernel with a small API on it (tests/unit/api/echo_server.cpp), told what to do through its input."""

import json
import os
import pathlib
import socket
import subprocess
import threading

from rigs.process import wait_for

BUILD = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or pathlib.Path(__file__).parents[2] / ".build" / "dev")


class ApiEcho:
    """start(ApiEcho, "tcp", head_timeout=500): listens on loopback, and where the words say besides."""

    def __init__(self, *words, **limits):
        self._command = [BUILD / "bin" / "api_echo", *words, *(f"{name}={value}" for name, value in limits.items())]

    def __enter__(self):
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, self._command)], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self._process.pid
        self.urls, self.lines, self._ended = [], [], False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        wanted = sum(word.startswith(("tcp", "tls", "unix=")) for word in self._command[1:])
        try:
            wait_for(lambda: len(self.urls) == wanted or self._ended, "the server to listen")
        except TimeoutError:
            self.__exit__()
            raise
        if len(self.urls) != wanted:
            problem = self._process.stderr.read()
            self.__exit__()
            raise RuntimeError(problem)
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self.code = self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.code = self._process.wait()
        self._reader.join()
        self.errors = self._process.stderr.read()
        self._process.stdout.close()
        self._process.stderr.close()
        # Also what a sanitizer found.
        assert self.code == 0 or not self.urls, f"ended with {self.code}: {self.errors}"

    def _read(self):
        for line in self._process.stdout:
            line = line.rstrip("\n")
            if line.startswith("listening "):
                self.urls.append(line.split(" ", 1)[1])
            else:
                self.lines.append(line)
        self._ended = True

    def tell(self, line):
        """Sends a line and waits for the one that answers it."""
        before = len(self.lines)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        wait_for(lambda: len(self.lines) > before or self._ended, f"an answer to {line}")
        return self.lines[before]

    def load(self):
        return dict(zip(("connections", "requests", "streams", "queued"), map(int, self.tell("load").split())))

    @property
    def port(self):
        return int(self.urls[0].rsplit(":", 1)[1])

    def connect(self, address="127.0.0.1", seconds=10):
        return socket.create_connection((self.urls[0].split("/")[2].rsplit(":", 1)[0].strip("[]"), self.port), seconds,
                                        source_address=(address, 0))

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) * 1024


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]}"


class Wire:
    """A socket that knows where an answer ends."""

    def __init__(self, connection):
        self.socket, self._buffer = connection, b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def _more(self):
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self._buffer:
            if not self._more():
                return None
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode()

    def take(self, size):
        while len(self._buffer) < size:
            if not self._more():
                raise EOFError(f"{len(self._buffer)} of {size} bytes")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def reply(self, head=False):
        """The next answer, or None when the connection ends before it."""
        line = self.line()
        if line is None:
            return None
        status, headers = int(line.split(" ")[1]), {}
        while field := self.line():
            name, value = field.split(": ", 1)
            assert name.lower() not in headers, name
            headers[name.lower()] = value
        size = 0 if head or status in (100, 204, 304) else int(headers.get("content-length", 0))
        return Reply(status, headers, self.take(size))

    def ended(self):
        """Whether the other side closed, with nothing more to say."""
        return not self._buffer and not self._more()

    def close(self):
        self.socket.close()


def ask(server, text, **connect):
    """The answer to one request on a connection of its own."""
    wire = Wire(server.connect(**connect))
    try:
        wire.send(text)
        return wire.reply()
    finally:
        wire.close()


def request(method, target, headers=(), body=b"", host="localhost"):
    body = body if isinstance(body, bytes) else body.encode()
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    length = f"Content-Length: {len(body)}\r\n" if body or method in ("POST", "PUT", "PATCH") else ""
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}{length}\r\n".encode() + body
