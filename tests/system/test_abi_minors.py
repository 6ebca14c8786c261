"""L1, L2, L4, L8: plugins and hosts of today's minor and of a pretended next one work together, in all four pairs.

The next minor is today's headers with a member appended to every struct that may grow.
"""

import json
import re
import shutil
import subprocess

import pytest

from abi_layout import ABI, ROOT

PACKAGE = ABI.parents[1]
EXAMPLE = ROOT / "sdk/examples/minimal"
FROZEN = {"portolan_str", "portolan_kv"}


def next_minor(prefix):
    """Turns the installed headers into those of a later minor."""
    for path in (prefix / "include/portolan/abi").rglob("*.h"):
        text = re.sub(r"\n\} (\w+);", lambda m: m[0] if m[1] in FROZEN else f"\n  uint64_t of_the_next_minor;{m[0]}",
                      path.read_text())
        path.write_text(text.replace("PORTOLAN_ABI_MINOR 0u", "PORTOLAN_ABI_MINOR 1u"))
    (prefix / "include/portolan/abi/layout.h").write_text("#pragma once\n")
    for name in ("manifest.json.in",):
        note = next(prefix.rglob(name))
        note.write_text(note.read_text().replace('"minor": 0', '"minor": 1'))


@pytest.fixture(scope="module")
def minors(installed, tmp_path_factory):
    """{minor: (plugin, host)}"""
    made = {}
    for minor in (0, 1):
        folder = tmp_path_factory.mktemp(f"minor{minor}")
        shutil.copytree(installed.prefix, folder / "prefix", symlinks=True)
        if minor:
            next_minor(folder / "prefix")
        shutil.copytree(EXAMPLE, folder / "source")
        # Appended members have no initializer in today's sources.
        for command in (["cmake", "-S", folder / "source", "-B", folder / "build",
                         f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}"], ["cmake", "--build", folder / "build"],
                        ["g++", "-std=c++20", f"-I{folder / 'prefix/include'}", f"-I{ROOT / 'tests'}",
                         ROOT / "tests/system/abi_driver/driver.cpp", "-o", folder / "driver", "-ldl"]):
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        made[minor] = (folder / "build/oci-layouts.so", folder / "driver")
    return made


@pytest.mark.parametrize("plugin", [0, 1])
@pytest.mark.parametrize("host", [0, 1])
def test_a_plugin_of_one_minor_runs_on_a_host_of_another(minors, plugin, host):
    done = subprocess.run([minors[host][1], minors[plugin][0]], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["repositories=2", "artifacts=6", "identity 0", "api-version 3",
                                        "credentials 3", "permissions 3", "capabilities 3",
                                        f"minor {plugin} size {168 + 8 * plugin}"]


def test_this_host_holds_a_plugin_of_the_next_minor_to_every_rule(installed, minors):
    done = installed.portolan("plugins", "check", minors[1][0], "-o", "json")
    report = json.loads(done.stdout)
    assert [c for c in report["checks"] if c["state"] != "pass"] == [] and done.returncode == 0
