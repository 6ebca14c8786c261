"""The files of the tree, for the tests beside this one."""

import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
OURS = ("core", "plugins", "sdk", "tests")


def files(*suffixes, under=OURS):
    """Our files with one of these suffixes, paths relative to the tree."""
    return sorted(file.relative_to(TREE) for folder in under for file in (TREE / folder).rglob("*")
                  if file.suffix in suffixes and file.is_file())


def includes(file):
    """What a C or C++ file includes, with the line: [(3, "base/error.h")]."""
    found = []
    for number, line in enumerate((TREE / file).read_text().splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)', line):
            found.append((number, match.group(1)))
    return found
