"""What lies where, and what it is called."""

import re
import shutil
import subprocess

import pytest

from tree import OURS, TREE, files

TOP = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md",
       "core", "plugins", "sdk", "config", "tests", "docs"}
HEADERS = files(".h", ".hpp", under=("core", "sdk", "plugins"))


def test_the_top_level_is_fixed():
    assert {entry.name for entry in TREE.iterdir() if not entry.name.startswith(".")} <= TOP


def test_no_file_is_named_after_nothing():
    vague = re.compile(r"(^|[_-])(util|utils|utility|helper|helpers|manager|common|misc|stuff)([_.-]|$)")
    assert [str(path.relative_to(TREE)) for folder in (*OURS, "config", "docs") for path in (TREE / folder).rglob("*")
            if vague.search(path.name)] == []


def test_headers_guard_themselves():
    guard = re.compile(r"#pragma once|#ifndef \w+_H\b")
    assert [str(file) for file in HEADERS if not guard.search((TREE / file).read_text())] == []


def test_our_code_is_formatted_as_clang_format_14_does():
    formatter = shutil.which("clang-format-14")
    assert formatter, "apt-get install clang-format-14"
    # Not --dry-run: it complains of replacements that change nothing ("namespace portolan::inline v1").
    assert [f"{formatter} -i {file}" for file in files(".h", ".hpp", ".c", ".cpp")
            if subprocess.run([formatter, file], cwd=TREE, capture_output=True, check=True).stdout
            != (TREE / file).read_bytes()] == []


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_a_header_compiles_alone(header):
    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-w", "-Icore", "-Isdk/include", "-x", "c++", header],
                          cwd=TREE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [f"{file}:{number}" for file in files(".h", ".hpp", ".c", ".cpp", ".py", ".txt", ".sh")
            if file.parts[:2] != ("tests", "tidy")
            for number, line in enumerate((TREE / file).read_text().splitlines(), 1) if later.search(line)] == []


def test_an_errors_message_is_no_sentence():
    """Lower-case first, no full stop: what is put around it ("file:3: …; hint") makes the sentence. Literals only."""
    message = re.compile(r'(?:message = |Error\{(?:base::)?Code::\w+,\s*)"((?:[^"\\]|\\.)*)"')
    assert [f"{file}: {text}" for file in files(".h", ".cpp", under=("core",))
            for text in message.findall((TREE / file).read_text())
            if re.match(r"[A-Z][a-z]+ ", text) or text.endswith(".")] == []
