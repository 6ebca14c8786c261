"""docs/api.md from the description that a daemon serves."""

import contextlib
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

MADE = "<!-- Made by tests/docs/reference.py; do not edit. -->"
INTRODUCTION = """\
Served by `portolan serve` under `/api/v1`, described by itself at `/api/v1/openapi.json` (OpenAPI 3.1). JSON in, JSON
out; keys as in `output.md`. A token goes into `Authorization: Bearer`. Failures are problems (RFC 9457) with a stable
`code` and a `hint`. Lists have `?limit` and `?cursor`; the next page is the `Link` with `rel="next"`. What can be
changed has an `ETag`, which changes with whatever a GET of it shows (`If-None-Match`: 304); as `If-Match` it names the
revision that is changed, and a write to another one is 412. A `POST` with an `Idempotency-Key` is done once. What
belongs to others is 404, never 403.

*Who* is the action that a role must have (`security.md`); an object's owner is asked too.
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def served_description(binary):
    """The OpenAPI document, from a daemon that lives for one request."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "socket"
        process = subprocess.Popen(
            [binary, "serve", "--set", f"server.listen=unix:{path}", "--set", f"store.path={folder}/state",
             "--config", "/dev/null"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 30
            connection = UnixConnection(path)
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError):  # The file is there a moment before anybody listens.
                    connection.connect()
                    break
                time.sleep(0.02)
            connection.request("GET", "/api/v1/openapi.json")
            return json.loads(connection.getresponse().read())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def name_of(schema):
    return schema.get("$ref", "").rpartition("/")[2]


def who(operation):
    if operation.get("security") == []:
        return "everybody"
    return operation.get("x-portolan-action") or "signed in"


def body_of(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return ", ".join(f"`{name_of(part.get('schema', {}))}`" for part in content.values()) or "–"


def answers_of(operation):
    out = []
    for code, answer in operation["responses"].items():
        names = [name_of(part.get("schema", {})) for part in answer.get("content", {}).values()]
        if code.startswith("2"):
            out.append(" ".join([code, *(f"`{name}`" for name in names if name)]))
    return ", ".join(out)


def api_page(description):
    by_tag = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if "operationId" in operation:
                by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append((method.upper(), path, operation))
    parts = [MADE, "", "# The API", "", INTRODUCTION]
    for tag, rows in by_tag.items():
        parts += [f"## {tag.capitalize()}", "", "| Request | Does | Who | Body | Answers |", "|---|---|---|---|---|"]
        parts += [f"| `{method} {path}` | {cell(operation.get('summary', ''))} | {who(operation)} | "
                  f"{body_of(operation)} | {answers_of(operation)} |" for method, path, operation in rows]
        parts.append("")
    return "\n".join(parts)
