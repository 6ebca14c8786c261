"""The pages under docs/ say what the program says."""

import pathlib
import re

import pytest
from docs.api_page import api_page, served_description
from docs.reference import PAGES, commands

TREE = pathlib.Path(__file__).resolve().parents[2]
ERRORS = (TREE / "docs" / "errors.md").read_text()


@pytest.fixture
def run(portolan):
    return lambda *arguments: portolan(*arguments).stdout


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(run, name):
    assert (TREE / "docs" / name).read_text() == PAGES[name](run), "run: python3 tests/docs/reference.py"


def test_the_page_of_the_api_is_what_a_daemon_serves(portolan):
    made = api_page(served_description(portolan.binary))
    assert (TREE / "docs" / "api.md").read_text() == made, "run: python3 tests/docs/reference.py"


def test_every_command_is_found_in_the_help(run):
    sources = [TREE / "core/cli/program.cpp", *(TREE / "core/cli/client").glob("*.cpp")]
    declared = re.findall(r'\.words = "([^"]+)"', "".join(source.read_text() for source in sources))
    assert sorted(commands(run)) == sorted(declared)


def documented(heading):
    """The codes in the first column of a table of errors.md."""
    part = ERRORS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {word for row in re.findall(r"^\|(.*?)\|", part, re.MULTILINE) for word in re.findall(r"`([a-z_]+)`", row)}


def test_every_code_of_a_call_is_explained():
    names = re.findall(r'"([a-z_]+)"', (TREE / "core/base/error.cpp").read_text())
    assert set(names) - {"ok"} == documented("Codes of calls and checks")


def test_every_code_of_a_refused_plugin_is_explained():
    sources = "".join(file.read_text() for file in (TREE / "core/plugin").glob("*.cpp"))
    codes = set(re.findall(r'(?:Refusal|return )\s*\{\s*"([a-z_]+)",', sources))
    assert len(codes) > 5
    assert codes <= documented("Codes of refused plugins")


def test_every_exit_code_is_explained(run):
    told = set(re.findall(r"^ +(\d+) ", "".join(run(*name.split(), "-h").partition("Exit codes:")[2]
                                               for name in commands(run)), re.MULTILINE))
    table = ERRORS.partition("## Exit codes\n")[2]
    assert told <= set(re.findall(r"\d+", " ".join(re.findall(r"^\|(.*?)\|", table, re.MULTILINE))))
