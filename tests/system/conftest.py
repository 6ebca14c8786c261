"""An installation of what was built, for tests that only know the installed files."""

import os
import pathlib
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]


class Installation:
    def __init__(self, prefix):
        self.prefix = prefix
        self.program = prefix / "bin/portolan"

    def portolan(self, *arguments, cwd=None):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120, cwd=cwd)

    def build(self, source, build, compiler="g++"):
        """Configures and builds a project that finds Portolan under the prefix and nowhere else."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("CMAKE_", "CC", "CXX"))}
        for command in (["cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                         f"-DCMAKE_CXX_COMPILER={compiler}",
                         "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror"],
                        ["cmake", "--build", build]):
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            assert done.returncode == 0, done.stdout + done.stderr
        return build


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    build = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "dev")
    prefix = tmp_path_factory.mktemp("installed") / "prefix"
    done = subprocess.run(["cmake", "--install", build, "--prefix", prefix], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Installation(prefix)
