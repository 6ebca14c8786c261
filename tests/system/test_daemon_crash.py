"""kill -9 under writes: ten times here, a thousand times by tests/crash/run --long."""

import statistics

from rigs.daemon import Daemon
from rigs.hammer import hammer

SETTINGS = {"server.rate-per-address": 100000, "server.rate-burst": 100000}


def test_no_acknowledged_write_is_lost(start, portolan):
    daemon = start(Daemon, portolan, SETTINGS)
    acknowledged, ready = hammer(daemon, kills=10)
    print(f"{acknowledged} acknowledged writes; ready again after {statistics.median(ready) * 1000:.0f} ms (median)")
    assert acknowledged > 50, "hardly anything was written: the kills show nothing"
    assert min(ready) < 1, "it is ready within a second, on a machine that has one to spare"
    verified = daemon.portolan("audit", "verify")
    assert verified.code == 0, verified.stderr
