"""Runs the built `portolan` and looks at everything it says."""

import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

CANARY = "kanarie-7f3a-correct-horse"  # The password of every test account; it may show up nowhere.


@dataclasses.dataclass
class Result:
    code: int
    stdout: str
    stderr: str
    seconds: float
    peak_mib: float  # resident memory

    def json(self):
        return json.loads(self.stdout)


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
            killer = threading.Timer(timeout, process.kill)
            killer.start()
            _, status, usage = os.wait4(process.pid, 0)  # The only wait that tells this child's memory.
            killer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            took = time.monotonic() - began
            texts = [file.seek(0) or file.read().decode(errors="backslashreplace") for file in (out, err)]
        result = Result(process.returncode, *texts, took, usage.ru_maxrss / 1024)
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
        return {**kept, "PORTOLAN_PLUGIN_DIRS": str(self.build / "plugins"), "LC_ALL": "C.UTF-8", **(more or {})}
