"""What every Python test may ask for: the built program and real registries."""

import os
import pathlib
import sys

import pytest

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TREE / "tests"))

import rigs  # noqa: E402
from rigs.binary import Portolan  # noqa: E402


@pytest.fixture(scope="session")
def portolan():
    """The built binary, called as a person would: portolan("stats", "--type", ...) -> Result."""
    return Portolan(pathlib.Path(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "dev"))


@pytest.fixture
def start():
    """Starts a rig for one test: registry = start(DockerRegistry, "htpasswd"). Skips, by name, what cannot be had."""
    running = []

    def enter(rig, *arguments, **options):
        try:
            running.append(rig(*arguments, **options).__enter__())
        except rigs.Missing as missing:
            pytest.skip(str(missing))
        return running[-1]

    yield enter
    for rig in reversed(running):
        rig.__exit__()
