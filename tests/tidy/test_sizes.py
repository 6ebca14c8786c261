"""Budgets: what does not fit on a few pages is cut in two."""

import lizard
import pytest

from tree import TREE, files

CODE = files(".h", ".hpp", ".c", ".cpp", ".py")


def lines(file):
    return len((TREE / file).read_text().splitlines())


def test_headers_hold_at_most_250_lines():
    assert {str(file): lines(file) for file in files(".h", ".hpp") if lines(file) > 250} == {}


def test_sources_hold_at_most_500_lines():
    assert {str(file): lines(file) for file in files(".c", ".cpp", ".py") if lines(file) > 500} == {}


@pytest.mark.parametrize("folder", ["core", "plugins", "sdk", "tests"])
def test_functions_hold_at_most_70_lines(folder):
    # A Catch2 TEST_CASE is a list of sentences, not a function to hold in mind.
    assert [f"{file}:{function.start_line}: {function.name}, {function.length} lines"
            for file in CODE if file.parts[0] == folder
            for function in lizard.analyze_file(str(TREE / file)).function_list
            if function.length > 70 and not function.name.startswith(("TEST_CASE", "SECTION", "SCENARIO"))] == []


def test_lines_hold_at_most_120_columns():
    # C and C++: clang-format's 100, but for what cannot be broken (test_tree.py).
    assert [f"{file}:{number}" for file in files(".py")
            for number, line in enumerate((TREE / file).read_text().splitlines(), 1) if len(line) > 120] == []
