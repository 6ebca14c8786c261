"""What the documentation shows compiles and runs.

Fences: ```cpp compile (at namespace scope), ```cpp body (inside a call),
```sh run (in a fresh directory, with the installed program first in PATH), ```json check (one JSON text)."""

import json
import os
import pathlib
import re
import subprocess

import pytest

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


@pytest.mark.parametrize("kind,text", snippets(("json", "check")))
def test_json_is_json(kind, text):
    json.loads(text)
