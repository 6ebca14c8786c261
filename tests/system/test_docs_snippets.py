"""What the documentation shows compiles and runs: the class of the plugin guide too, with its catalog and detect.

Fences: ```cpp compile (at namespace scope), ```cpp body (inside a call),
```sh run (in a fresh directory, with the installed program first in PATH), ```json check (one JSON text)."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from rigs.hostile import Upstream, answers

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
FENCE = re.compile(r"^```(\w+) (compile|body|run|check)\n(.*?)^```$", re.M | re.S)


def snippets(*kinds):
    found = [(path, match) for path in sorted(DOCS.rglob("*.md")) for match in FENCE.finditer(path.read_text())]
    return [pytest.param(match[2], match[3], id=f"{path.stem}:{path.read_text()[:match.start()].count(chr(10)) + 2}")
            for path, match in found if (match[1], match[2]) in kinds]


def test_the_guide_has_marked_snippets():
    assert len(FENCE.findall((DOCS / "plugin-guide.md").read_text())) >= 6


@pytest.mark.parametrize("kind,text", snippets(("cpp", "compile"), ("cpp", "body")))
def test_c_plus_plus_compiles_against_the_installed_headers(installed, kind, text):
    inside = text if kind == "compile" else f"void snippet(portolan::call& call) {{\n{text}\n}}\n"
    source = f"#include <portolan/plugin.hpp>\n{inside}"
    if named := re.search(r"^class (\w+)", text, re.M):  # A whole plugin: all its tables are made.
        source += f"const auto entry = &portolan::detail::tables<{named[1]}>::create;\n"
    for compiler in ("g++", "clang++"):
        done = subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable",
                               "-fsyntax-only", f"-I{installed.prefix}/include", "-x", "c++", "-"],
                              input=source, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind,text", snippets(("sh", "run")))
def test_shell_runs(installed, tmp_path, kind, text):
    environment = {**os.environ, "PATH": f"{installed.prefix}/bin:{os.environ['PATH']}",
                   "CMAKE_PREFIX_PATH": str(installed.prefix)}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=tmp_path, env=environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def shelf(installed, tmp_path_factory):
    """The class of the guide with its catalog and detect, in the project that `plugins new` writes: its file."""
    place = tmp_path_factory.mktemp("shelf")
    assert installed.portolan("plugins", "new", "shelf", cwd=place).returncode == 0
    guide = (DOCS / "plugin-guide.md").read_text()
    whole, *members = (match[3] for match in FENCE.finditer(guide) if (match[1], match[2]) == ("cpp", "compile"))
    functions = "".join(members).replace("portolan::detection detect(", "static portolan::detection detect(")
    assert whole.startswith("class shelf {") and "repositories(" in functions and "static" in functions
    source = whole.replace(" private:\n", f"{functions}\n private:\n")
    (place / "shelf/src/plugin.cpp").write_text(
        f"#include <portolan/plugin.hpp>\n{source}\nPORTOLAN_PLUGIN(shelf)\n")
    file = place / "shelf/CMakeLists.txt"
    file.write_text(file.read_text().replace(" TYPE shelf ", " TYPE shelf EXTENSIONS catalog detect ", 1))
    return installed.build(place / "shelf", place / "build") / "shelf.so"


NAMES = ["busybox", "lab/web", "shop", "shop/api", "shop/web", "shop/zed", "shopping/cart"]


async def two_names(exchange):
    """The list of the guide's registry, two names a page, whatever size is asked for."""
    after = exchange.query.get("after", [""])[0]
    page = [name for name in NAMES if name > after][:2]
    more = [("Link", f'</v1/repositories?after={page[-1]}>; rel="next"')] if page and page[-1] != NAMES[-1] else []
    await answers.ok(json.dumps(page), *more)(exchange)


@pytest.fixture
def registry():
    with Upstream({"/v1/info": answers.ok('{"product": "Shelf"}'), "/v1/repositories": two_names}) as upstream:
        yield upstream


def ask(installed, shelf, *words):
    done = installed.portolan(*words, "--plugin-dir", str(shelf.parent), "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_plugin_of_the_guide_keeps_the_contract(installed, shelf):
    done = installed.portolan("plugins", "check", shelf)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("space, names", [
    ("", NAMES), ("_", ["busybox", "shop"]), ("shop", ["shop/api", "shop/web", "shop/zed"]), ("lab", ["lab/web"]),
    ("sho", []), ("nobody", [])])
def test_the_guides_catalog_keeps_to_the_space_and_goes_on_at_its_cursor(installed, shelf, registry, space, names):
    target = ["repos", "--type", "shelf", "--address", registry.home, *(["--space", space] if space else [])]
    rows = ask(installed, shelf, *target)["repositories"]
    assert [row["name"] for row in rows] == names
    assert {row["space"] for row in rows} == ({space} if space and names else {*map(space_of, names)})
    for limit in 1, 2:
        seen, cursor = [], ""
        for _ in range(len(NAMES) + 1):
            answer = ask(installed, shelf, *target, "--limit", str(limit), *(["--cursor", cursor] if cursor else []))
            assert len(answer["repositories"]) <= limit
            seen += [row["name"] for row in answer["repositories"]]
            cursor = answer["cursor"]
            if not cursor:
                break
        assert seen == names and not cursor


def space_of(name):
    return name.partition("/")[0] if "/" in name else "_"


def test_the_plugin_of_the_guide_answers_the_other_calls(installed, shelf, registry):
    target = ["--type", "shelf", "--address", registry.home]
    assert ask(installed, shelf, "detect", registry.home)["detections"][0]["type"] == "shelf"
    checks = ask(installed, shelf, "validate", *target)["registries"][0]["validation"]["checks"]
    assert {check["state"] for check in checks if check["name"] == "identity"} == {"ok"}
    measures = ask(installed, shelf, "stats", *target)["registries"][0]["statistics"]["measures"]
    assert [row["value"] for row in measures if row["name"] == "repositories"] == [len(NAMES)]


@pytest.mark.parametrize("kind,text", snippets(("json", "check")))
def test_json_is_json(kind, text):
    json.loads(text)
