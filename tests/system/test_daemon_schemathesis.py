"""schemathesis against the description that the daemon serves of itself, with all its checks."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest
from rigs.daemon import Daemon

HERE = pathlib.Path(__file__).resolve().parent
#: Streams do not end by themselves; test_daemon_hostile.py reads them.
STREAMS = ("streamEvents", "streamJob")


def test_it_finds_nothing(start, portolan):
    if importlib.util.find_spec("schemathesis") is None:
        pytest.skip("schemathesis: pip install -r tests/requirements.txt")
    daemon = start(Daemon, portolan, {"server.rate-per-address": 100000, "server.rate-burst": 100000})
    seconds = os.environ.get("PORTOLAN_SCHEMATHESIS_SECONDS", "40")
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run",
               f"{daemon.url}/api/v1/openapi.json", "--url", daemon.url,
               "--header", f"Authorization: Bearer {daemon.admin.token}",
               "--phases", "examples,coverage,fuzzing", "--max-examples", "3",
               "--max-time", seconds, "--generation-database", "none", "--request-timeout", "10", "--warnings", "off",
               *(word for name in STREAMS for word in ("--exclude-operation-id", name))]
    done = subprocess.run(list(map(str, command)), cwd=daemon.folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)})
    assert daemon.process.running(), daemon.log()[-4000:]
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
