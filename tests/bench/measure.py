"""How a figure is taken and shown; see bench.py."""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests"))

BUILD = pathlib.Path(os.environ.get("PORTOLAN_BUILD", TREE / ".build/release"))
PORTOLAN = BUILD / "bin/portolan"


class Spent:
    """Seconds and processor seconds of one command; its output."""

    def __init__(self, *command, env=None, accept=(0,)):
        with tempfile.TemporaryFile() as out:
            began = time.monotonic()
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT,
                                       env={**os.environ, **(env or {})})
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.output = out.read().decode()
        if process.returncode not in accept:
            raise SystemExit(f"{command}: exit {process.returncode}\n{self.output[-2000:]}")
        self.processor = usage.ru_utime + usage.ru_stime


# The kernel counts a child's memory from before its exec, so a big parent would hide it: a small one asks.
PEAK = """
import os, sys
out = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_mib(*command):
    done = subprocess.run([sys.executable, "-S", "-E", "-c", PEAK, *map(str, command)], capture_output=True, text=True,
                          check=True)
    return int(done.stdout) / 1024


def in_turn(rounds, *measures):
    """Each measure once a round, in turn; the list of what each gave."""
    got = [[] for _ in measures]
    for _ in range(rounds):
        for number, measure in enumerate(measures):
            got[number].append(measure())
    return got


def median(values):
    return statistics.median(values)


def seconds(spent):
    return median([one.seconds for one in spent])


def processor(spent):
    return median([one.processor for one in spent])


def row(what, ours, theirs, goal, unit="s"):
    ratio = ours / theirs if theirs else float("nan")
    print(f"{what:<58} {ours:>9.3f} {theirs:>9.3f} {unit:<4} ratio {ratio:>6.2f}   goal {goal}", flush=True)
