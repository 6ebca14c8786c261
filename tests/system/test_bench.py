"""The benchmarks run: tests/bench/run --short, on the build under test. Their figures are for people, not for here."""
import os
import pathlib
import subprocess
import sys

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["statistics", "deep", "memory", "start", "fleet", "harbor", "border", "store",
                                  "sweep", "page", "ready", "idle"])
def test_the_benchmark_runs_and_prints_its_figure(name, portolan):
    done = subprocess.run([sys.executable, TREE / "tests/bench/bench.py", "--short", name], capture_output=True,
                          text=True, env={**os.environ, "PORTOLAN_BUILD": str(portolan.build)}, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ratio" in done.stdout and "goal" in done.stdout
