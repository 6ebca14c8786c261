"""A plugin with one fault fails `portolan plugins check` by exactly the rule that it breaks."""

import contextlib
import http.server
import json
import pathlib
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from rigs.binary import SANITIZED

HERE = pathlib.Path(__file__).resolve().parent

QUICK = {f"validation-quick-{trial}" for trial in ("401", "403", "404", "429", "500", "garbage", "web-page")}

CATALOG = {f"catalog-{trial}" for trial in (
    "401", "403", "404", "429", "500", "cancel", "deadline", "endless-lists", "endless-objects", "garbage",
    "metadata-redirect", "truncated", "web-page")}

# Fault: the checks that fail, words of what was seen, words of the rule.
FAULTS = {
    "none": (set(), "", ""),
    "quick-credentials": (QUICK, "credentials", "nothing is ok at a registry"),
    "catalog-nameless": (CATALOG, "a repository has no name", "a plugin hands over is whole"),
    "stdout": ({"call-no-stdout-stderr"}, 'statistics at a registry that answers 401: it wrote "coun', "is logged"),
    "stderr": ({"call-no-stdout-stderr"}, 'it wrote "counting"', "is logged"),
    "log-secret": ({"call-log-no-secrets"}, "integration at", "an option with x-secret"),
    "text-secret": ({"err-no-secret-in-text"}, "validation at", "a cookie"),
    "facts-secret": ({"err-no-secret-in-text"}, "integration at", "a cookie"),
    "leak": ({"create-destroy-1000"}, "each instance leaves about", "leave no memory behind"),
    "open-file": ({"life-no-fds-left"}, "statistics at a registry", "no file of it is open"),
    "thread": ({"life-no-threads-left"}, "statistics at a registry", "no thread of it runs"),
    "no-hint": ({"err-message-and-hint-present"}, "an error without a hint: the answer holds", "what to do"),
}


if SANITIZED:
    del FAULTS["leak"]  # The kit counts by the C library's allocator, and there the sanitizer's is in its place.


@pytest.fixture(scope="module")
def faulty(installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    shutil.copytree(HERE / "faulty_plugin", folder / "source")
    return installed.build(folder / "source", folder / "build") / "faulty.so"


def checks_of(portolan, file, *arguments, fault):
    result = portolan("plugins", "check", file, "-o", "json", *arguments, env={"FAULT": fault})
    return {one["name"]: one for one in result.json()["checks"]}


def failures(portolan, file, *arguments, fault=""):
    checks = checks_of(portolan, file, *arguments, fault=fault)
    return {name: one for name, one in checks.items() if one["state"] == "fail"}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_by_its_own_rule(portolan, faulty, fault):
    expected, seen, rule = FAULTS[fault]
    failed = failures(portolan, faulty, fault=fault)
    assert set(failed) == expected, failed
    assert all(seen in one["message"] and rule in one["rule"] for one in failed.values()), failed


class Shelf(http.server.BaseHTTPRequestHandler):
    """What the faulty plugin speaks to: `server.names` in pages of four."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/v1/info":
            return self.answer({"name": "shelf"})
        if path.startswith("/v1/tags/"):
            known = urllib.parse.unquote(path[len("/v1/tags/"):]) in self.server.names
            return self.answer({"tags": ["1", "2", "3"]} if known else {}, 200 if known else 404)
        after = urllib.parse.parse_qs(query).get("after", [""])[0]
        left = [name for name in self.server.names if name > after]
        more = urllib.parse.quote(left[3], safe="") if len(left) > 4 else ""
        return self.answer({"repositories": left[:4]}, link=more and f'</v1/repositories?after={more}>; rel="next"')

    def answer(self, body, status=200, link=""):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(text), **({"Link": link} if link else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def shelf(names):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.names = sorted(names)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


NAMES = ["busybox", "stra\u00dfe/\u00e4pfel", *(f"team/app-{n}" for n in range(9)), "zoo/one", "zoo/two"]
COMPLETE, RESUME, ORDER, ASKED = (f"registry-catalog-{name}" for name in ("complete", "resume", "order", "names"))
LISTINGS = {
    "none": (set(), ""),
    "catalog-twice": ({COMPLETE}, '"zoo/two" comes twice'),
    "catalog-incomplete": ({COMPLETE}, "the statistics count 13 repositories, the catalogue holds 12"),
    "catalog-space": ({COMPLETE}, 'repositories of the space "_": 13 rows, the whole listing has 1 of it'),
    "catalog-cursor-ahead": ({RESUME}, "is left out"),
    "catalog-no-cursor": ({RESUME}, "repositories: no cursor is given"),
    "catalog-limit": ({RESUME}, "repositories: a limit of 1 gives"),
    "catalog-order": ({ORDER}, "the rows in another order"),
    "catalog-ascii": ({ASKED}, "tags of \"stra\u00dfe/\u00e4pfel\": invalid_argument: this is no name"),
}


@pytest.mark.parametrize("fault", LISTINGS)
def test_a_fault_of_the_catalogue_is_told_at_a_registry(portolan, faulty, fault):
    expected, seen = LISTINGS[fault]
    with shelf(NAMES) as address:
        failed = failures(portolan, faulty, "--address", address, fault=fault)
    assert set(failed) == expected, failed
    assert all(seen in one["message"] and "Catalog and detect" in one["rule"] for one in failed.values()), failed


def test_an_empty_registry_has_an_empty_catalogue(portolan, faulty):
    with shelf([]) as address:
        assert failures(portolan, faulty, "--address", address) == {}


def test_a_registry_without_a_list_is_not_judged_by_it(portolan, faulty):
    with shelf(NAMES) as address:
        checks = checks_of(portolan, faulty, "--address", address, fault="catalog-unsupported")
    assert {checks[name]["state"] for name in (COMPLETE, RESUME, ORDER, ASKED)} == {"skip"}


# Flags of the linker that undo one of portolan_add_plugin(), and a file that goes with them.
LINKED = {
    "none": ([], "", set()),
    "lazy": (["-Wl,-z,lazy"], "", {"file-relro-now"}),
    "norelro": (["-Wl,-z,norelro"], "", {"file-relro-now"}),
    "rpath": (["-Wl,-rpath,/home/me/lib"], "", {"file-no-rpath"}),
    "execstack": (["-Wl,-z,execstack"], "", {"file-no-textrel-execstack"}),
    "textrel": (["-Wl,-z,notext"], '__asm__(".text; .quad portolan_plugin_v1; .previous");',
                {"file-no-textrel-execstack"}),
    "static-tls": ([], '__attribute__((tls_model("initial-exec"))) __thread int x; int *f(void) { return &x; }',
                   {"file-no-static-tls"}),
    "unique": ([], '__asm__(".data; .globl seen; .type seen, %gnu_unique_object; seen: .long 1; .size seen, 4");',
               {"file-no-gnu-unique", "file-exports-only-entry"}),
}


@pytest.mark.parametrize("fault", LINKED)
def test_how_a_file_was_linked_is_read_from_it(portolan, installed, faulty, tmp_path, fault):
    flags, source, expected = LINKED[fault]
    (tmp_path / "more.c").write_text(source or "extern int nothing;")
    subprocess.run(["gcc", "-fPIC", "-c", "more.c", "-o", "more.o"], cwd=tmp_path, check=True)
    objects = sorted(map(str, faulty.parent.glob("CMakeFiles/faulty.dir/**/*.o")))
    assert len(objects) == 2
    script = tmp_path / "plugin.map"
    script.write_text("{ global: portolan_plugin_v1; seen; local: *; };")
    subprocess.run(["g++", "-shared", f"-Wl,--version-script={script}", "-Wl,-z,now", "-Wl,-z,relro", *objects,
                    "more.o", *flags, "-o", "faulty.so"], cwd=tmp_path, check=True)
    failed = {name for name in failures(portolan, tmp_path / "faulty.so") if name.startswith("file-")}
    assert failed == expected
