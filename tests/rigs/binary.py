"""Runs the built `portolan` and looks at everything it says."""

import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import time

CANARY = "kanarie-7f3a-correct-horse"  # The password of every test account; it may show up nowhere.
#: What is promised within a second came in time if it came within these: the machine is busy, and else it never comes.
SOON = 10
#: The build under test is sanitized: slower, and its memory is the sanitizer's.
SANITIZED = any(name in os.environ.get("PORTOLAN_BUILD", "") for name in ("asan", "tsan"))


@dataclasses.dataclass
class Result:
    code: int
    stdout: str
    stderr: str
    seconds: float
    peak_mib: float  # resident memory

    def json(self):
        return json.loads(self.stdout)


def resident_mib(pid):
    """The most memory that the running process ever had resident; 0 when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


class Portolan:
    """portolan(*arguments, env=..., cwd=..., timeout=..., stdin=..., secrets=...) -> Result.

    Outputs that hold the canary password fail the test, as does a death by signal.
    """

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.binary = self.build / "bin" / "portolan"

    def __call__(self, *arguments, env=None, cwd=None, timeout=60, stdin="", secrets=()):
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            asked.write(stdin.encode())
            asked.seek(0)
            began = time.monotonic()
            process = subprocess.Popen(self.command(*arguments), env=self.environment(env), cwd=cwd,
                                       stdin=asked, stdout=out, stderr=err)
            peak = 0.0
            while process.poll() is None:  # ru_maxrss would also count what this process held at the fork.
                peak = max(peak, resident_mib(process.pid))
                if time.monotonic() - began > timeout:
                    process.kill()
                time.sleep(0.005)
            took = time.monotonic() - began
            texts = [file.seek(0) or file.read().decode(errors="backslashreplace") for file in (out, err)]
        result = Result(process.returncode, *texts, took, peak)
        if result.code < 0 or "Sanitizer" in result.stderr:
            raise AssertionError(f"portolan {arguments}: ended by {result.code} after {took:.1f} s\n{texts[1][-4000:]}")
        for secret in (CANARY, *secrets):
            if any(secret in text for text in texts):
                raise AssertionError(f"portolan {arguments}: a secret in the output")
        return result

    def start(self, *arguments, env=None, cwd=None):
        """A running process, for tests that interrupt it; it dies with the test."""
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *self.command(*arguments)], cwd=cwd,
                                env=self.environment(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def command(self, *arguments):
        return [str(self.binary), *map(str, arguments)]

    def environment(self, more=None):
        """Nothing of the caller's that would change an answer."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("PORTOLAN_") and "proxy" not in name.lower() and name != "NO_COLOR"}
        return {**kept, "LC_ALL": "C.UTF-8", **(more or {})}
