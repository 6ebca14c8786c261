"""Runs the built `portolan` and looks at everything it says."""

import dataclasses
import json
import os
import pathlib
import subprocess

CANARY = "kanarie-7f3a-correct-horse"  # The password of every test account; it may show up nowhere.


@dataclasses.dataclass
class Result:
    code: int
    stdout: str
    stderr: str

    def json(self):
        return json.loads(self.stdout)


class Portolan:
    """portolan(*arguments, password=..., env=..., cwd=..., timeout=..., stdin=...) -> Result.

    Outputs that hold the canary password fail the test, as does a death by signal.
    """

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.binary = self.build / "bin" / "portolan"

    def __call__(self, *arguments, env=None, cwd=None, timeout=60, stdin="", secrets=()):
        done = subprocess.run(self.command(*arguments), env=self.environment(env), cwd=cwd, timeout=timeout,
                              input=stdin, capture_output=True, text=True, errors="replace")
        if done.returncode < 0 or "Sanitizer" in done.stderr:
            raise AssertionError(f"portolan {arguments}: ended by {done.returncode}\n{done.stderr[-4000:]}")
        for secret in (CANARY, *secrets):
            if secret in done.stdout or secret in done.stderr:
                raise AssertionError(f"portolan {arguments}: a secret in the output")
        return Result(done.returncode, done.stdout, done.stderr)

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
