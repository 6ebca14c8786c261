"""Server processes that never outlive the process that started them."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time


class Missing(Exception):
    """A rig that this machine cannot have; its text names the rig and what it needs."""


def wait_for(condition, what, seconds=30):
    """The first true value of condition(), polled; an error that says what did not come."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.005)
    return value


def program(name, package):
    found = shutil.which(name)
    if not found:
        raise Missing(f"{name}: apt-get install {package}")
    return found


class Child:
    """One process, its output in a file of `folder`, and the ports it listens on."""

    def __init__(self, command, folder, environment=None):
        self._log = pathlib.Path(folder) / f"{pathlib.Path(command[0]).name}.log"
        with self._log.open("wb") as log:
            # The kernel kills the child with the thread that started it, whatever becomes of us.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)], cwd=folder,
                env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self._process.pid

    def port(self):
        """The first loopback port it listens on: asked from the kernel, so no port is guessed or raced for."""
        def found():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._process.args} ended with {self._process.returncode}:\n{self.output()}")
            return next(iter(listening_ports(self.pid)), None)
        return wait_for(found, f"{self._process.args} to listen")

    def output(self):
        return self._log.read_text(errors="replace")[-4000:]

    def running(self):
        return self._process.poll() is None

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def listening_ports(pid):
    """TCP ports (IPv4) that the process listens on, lowest descriptor first."""
    listeners = {}
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":  # LISTEN
            listeners[f"socket:[{fields[9]}]"] = int(fields[1].rsplit(":", 1)[1], 16)
    try:
        descriptors = sorted(pathlib.Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name))
        targets = [os.readlink(path) for path in descriptors]
    except OSError:  # The process, or a descriptor, went away meanwhile.
        return []
    return [listeners[target] for target in targets if target in listeners]


class Rig:
    """A context manager that stops what it started, newest first."""

    def __init__(self):
        self._stops = []

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="portolan-rig-")
        self._stops.append(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            while self._stops:
                self._stops.pop()()
        except BaseException:
            self.__exit__()  # One that fails keeps nothing else running.
            raise

    def start(self):
        raise NotImplementedError

    def child(self, command, environment=None):
        child = Child(command, self.folder, environment)
        self._stops.append(child.stop)
        return child

    def on_exit(self, stop):
        self._stops.append(stop)
