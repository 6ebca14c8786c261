"""Programs from the Go module proxy, built once into the cache outside the tree."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from rigs.process import Missing

OLDEST_GO = (1, 25)


def cache():
    folder = pathlib.Path(os.environ.get("PORTOLAN_RIG_CACHE") or pathlib.Path.home() / ".cache" / "portolan")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def installed(rig, module, version):
    """Path of the built program; Missing, naming the rig, without a Go that can build it or in a quick run."""
    if os.environ.get("PORTOLAN_QUICK"):
        raise Missing(f"{rig}: needs the Go module proxy (left out by --quick)")
    file = cache() / "go" / f"{module.rsplit('/', 1)[1]}-{version}"
    with (cache() / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _install(rig, f"{module}@{version}", file)
    return file


def _install(rig, target, file):
    go = shutil.which("go")
    if not go:
        raise Missing(f"{rig}: needs Go 1.25 or newer, found none")
    # The folder is outside every module, and no toolchain may be fetched behind our back.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=True, env=environment).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    if not found or tuple(map(int, found.groups())) < OLDEST_GO:
        raise Missing(f"{rig}: needs Go 1.25 or newer, found {said.strip()}")
    file.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="portolan-go-", dir=file.parent) as folder:
        made = subprocess.run([go, "install", target], cwd=folder, capture_output=True, text=True,
                              env={**environment, "GOBIN": folder})
        if made.returncode:
            raise RuntimeError(f"go install {target}:\n{made.stderr[-2000:]}")
        next(pathlib.Path(folder).iterdir()).replace(file)
