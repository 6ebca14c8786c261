"""A plugin exports one name, and leaves nothing for the host to define by chance."""

import os
import pathlib
import subprocess

import pytest

from tree import TREE

BUILD = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "dev")
PLUGINS = sorted(folder.name for folder in (TREE / "plugins").iterdir() if (folder / "CMakeLists.txt").exists())


def exported(file):
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", file],
                          capture_output=True, text=True, check=True)
    symbols = [line.split() for line in done.stdout.splitlines()]
    return [name.split("@")[0] for name, kind, *_ in symbols if kind != "A"]  # A: the version itself


@pytest.mark.parametrize("plugin", PLUGINS)
def test_exactly_one_symbol_is_exported(plugin):
    file = next(BUILD.rglob(f"{plugin}.so"))
    assert exported(file) == ["portolan_plugin_v1"]
