"""kill -9 under writes, and while a Harbor is being changed: some here, many by tests/crash --long."""

import statistics

from rigs.daemon import Daemon
from rigs.hammer import hammer
from rigs.side_effects import CHANGES, QUIET, interrupt, upheaval

SETTINGS = {"server.rate-per-address": 100000, "server.rate-burst": 100000}


def test_no_acknowledged_write_is_lost(start, portolan):
    daemon = start(Daemon, portolan, SETTINGS)
    acknowledged, ready = hammer(daemon, kills=10)
    print(f"{acknowledged} acknowledged writes; ready again after {statistics.median(ready) * 1000:.0f} ms (median)")
    assert acknowledged > 50, "hardly anything was written: the kills show nothing"
    assert min(ready) < 1, "it is ready within a second, on a machine that has one to spare"
    verified = daemon.portolan("audit", "verify")
    assert verified.code == 0, verified.stderr


def test_what_was_being_done_at_a_harbor_is_ended_or_undone(start, portolan):
    """Each change after Harbor made it, what makes something before too; tests/crash has every moment of each."""
    makes = [change for change in CHANGES if "creation" in change or change in ("first binding", "rotation")]
    for moment, changes in (("before the answer arrives", CHANGES), ("before Harbor knows", makes)):
        said = interrupt(start(Daemon, portolan, QUIET), [(change, moment) for change in changes])
        assert len(said) == len(changes)
        assert not {change: text for change, text in said.items() if text is not None}


def test_kills_at_random_leave_no_orphan_at_a_harbor(start, portolan):
    assert upheaval(start(Daemon, portolan, QUIET), kills=1) > 1
