"""Every fuzz target survives its seeds and some seconds of new inputs (PORTOLAN_FUZZ_SECONDS, 10)."""

import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or HERE.parent.parent / ".build" / "fuzz")
TARGETS = sorted(folder.parent.name for folder in HERE.glob("*/CMakeLists.txt"))


@pytest.mark.parametrize("target", TARGETS)
def test_it_survives(target):
    seconds = int(os.environ.get("PORTOLAN_FUZZ_SECONDS") or 10)
    learnt = BUILD / "corpus" / target
    learnt.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [BUILD / "bin" / f"fuzz_{target}", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048",
         "-max_len=65536", f"-artifact_prefix={BUILD}/corpus/{target}-broken-", learnt, HERE / target / "corpus"],
        capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("target", TARGETS)
def test_it_has_seeds(target):
    assert any((HERE / target / "corpus").iterdir())
