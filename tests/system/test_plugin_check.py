"""`portolan plugins check`: good plugins pass, a bad one fails by the names of the rules that it breaks."""

import json
import os
import pathlib
import shutil

import pytest

from harbor_world import World
from rigs import Distribution3, DockerRegistry
from rigs.hostile import Upstream
from rigs.hostile.answers import hang
from rigs.simulated_harbor import SimulatedHarbor

HERE = pathlib.Path(__file__).resolve().parent
OURS = ["lib/portolan/plugins/docker-registry.so", "lib/portolan/plugins/harbor.so",
        "sdk/examples/minimal/oci-layouts.so"]
#: A plugin that crashes dies of its signal in a sanitized build as well, and not of the sanitizer's report.
CRASHES = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"}


def check(portolan, *arguments):
    result = portolan("plugins", "check", "-o", "json", *map(str, arguments), env=CRASHES)
    report = json.loads(result.stdout)
    return result.code, {(c["name"]): c for c in report["checks"]}, report["summary"]


@pytest.mark.parametrize("file", OURS)
def test_our_plugins_and_the_example_keep_every_rule(portolan, file):
    code, checks, summary = check(portolan, portolan.build / file)
    assert [c for c in checks.values() if c["state"] != "pass"] == []
    assert code == 0 and summary["passed"] >= 45 and summary["skipped"] == 0
    calls = {name.partition("-")[0] for name, c in checks.items() if c["group"] == "calls"}
    described = {e.split("/")[0].split(".")[1] for e in extensions(portolan, portolan.build / file)}
    assert calls == described


def extensions(portolan, file):
    plugin = json.loads(portolan("plugins", "inspect", str(file), "-o", "json").stdout)
    return plugin["manifest"]["types"][0]["extensions"]


def test_the_guide_tells_every_check(portolan):
    guide = (HERE.parents[1] / "docs/plugin-guide.md").read_text()
    file = portolan.build / OURS[1]  # the one with every extension
    nowhere = ("--address", "https://127.0.0.1:9", "--username", "check", "--password-from", "env:LC_ALL")
    _, checks, _ = check(portolan, file, *nowhere, "--timeout", "100ms")
    assert "registry-catalog-order" in checks
    for name, one in checks.items():
        call, _, trial = name.replace("validation-quick", "validation_quick").partition("-")
        call = call.replace("_", "-")
        in_two = one["group"] == "calls" and f"`{call}-…`" in guide and f"`{trial}`" in guide
        assert f"`{name}`" in guide or in_two, name


@pytest.fixture(scope="module")
def bad(installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    shutil.copytree(HERE / "bad_plugin", folder / "source")
    return installed.build(folder / "source", folder / "build") / "bad.so"


def test_a_bad_plugin_fails_by_the_names_of_the_rules(portolan, bad):
    code, checks, _ = check(portolan, bad)
    failed = {name for name, c in checks.items() if c["state"] == "fail"}
    assert code == 1
    assert failed >= {"schema-secrets-marked", "schema-fields-described", "entry-same-pointer", "entry-index-past-end",
                      "entry-unknown-extension", "create-no-io", "extensions-as-declared", "integration-500",
                      "integration-403", "integration-404", "integration-metadata-redirect",
                      "integration-web-page", "validation-403", "validation-500", "statistics-500", "statistics-cancel",
                      "statistics-garbage", "catalog-403", "catalog-404", "catalog-500", "catalog-web-page",
                      "spaces-401", "spaces-403", "spaces-404", "spaces-500", "robots-once",
                      "robots-500", "robots-garbage"}
    assert checks["catalog-500"]["message"].startswith("repositories: it gives 1 items")
    assert checks["spaces-500"]["message"].startswith("create: it is well")
    assert checks["robots-500"]["message"].startswith("list: it is well")
    assert "3 requests" in checks["robots-once"]["message"]
    assert "Segmentation fault" in checks["statistics-garbage"]["message"]
    assert all(c["rule"] and c["message"] for name, c in checks.items() if name in failed)
    # A crash is a finding, not the end: what comes after it was tried.
    assert checks["statistics-endless-lists"]["state"] in ("pass", "fail")
    assert checks["extension-unknown"]["state"] == "pass"


def test_what_is_no_plugin_is_said_and_not_run(portolan, tmp_path, bad):
    text = tmp_path / "text.so"
    text.write_text("no ELF")
    code, checks, _ = check(portolan, text)
    assert code == 1 and checks["file-elf"]["state"] == "fail" and checks["entry-loads"]["state"] == "skip"
    assert checks["file-abi"]["state"] == "skip" and checks["file-mandatory-extensions"]["state"] == "skip"
    copy = tmp_path / "open.so"
    shutil.copy(bad, copy)
    copy.chmod(0o666)
    code, checks, _ = check(portolan, copy)
    assert code == 1 and checks["file-safe"]["state"] == "fail" and "create-no-io" not in checks


def test_the_table_says_the_rule_of_what_fails(portolan, bad):
    result = portolan("plugins", "check", str(bad), env=CRASHES)
    assert result.code == 1
    assert "rule: portolan_plugin_v1() gives the same pointer each time" in result.stdout


def test_the_calls_on_an_address_are_bounded_and_logged(portolan, start):
    upstream = start(Upstream, {".*": hang()})
    file = portolan.build / OURS[0]
    result = portolan("plugins", "check", file, "-o", "json", "--address", upstream.home, "--timeout", "400ms",
                      "--log-level", "debug")
    checks = {one["name"]: one for one in result.json()["checks"] if one["group"] == "registry"}
    assert result.code == 1 and len(checks) == 8
    for name in ("registry-integration", "registry-statistics", "registry-memory"):
        assert checks[name]["state"] == "fail" and checks[name]["message"].startswith("timeout: "), checks[name]
    assert result.seconds < 25  # Without the bound they may take 30 s and 120 s.


def catalogue_failures(portolan, file, address, *flags, env=None):
    """What the checks of a real registry's catalogue saw, of those that did not pass."""
    result = portolan("plugins", "check", portolan.build / file, "-o", "json", "--address", address, *flags, env=env)
    checks = [one for one in result.json()["checks"] if one["name"].startswith("registry-catalog")]
    assert len(checks) == 4
    return {one["name"]: one["message"] for one in checks if one["state"] != "pass"}


@pytest.mark.parametrize("rig", [DockerRegistry, Distribution3])  # crane's own list has another order each time.
def test_the_catalogue_of_a_real_registry_keeps_the_rules_empty_and_full(portolan, start, rig):
    registry = start(rig)
    flags = ("--allow-plain-http",) if registry.address.startswith("http:") else ()
    assert catalogue_failures(portolan, OURS[0], registry.address, *flags) == {}
    pusher = registry.push()
    for name in ("solo", "team/app", "team/db", "deep/er/and/deeper", *(f"many/{n}" for n in range(8))):
        pusher.image(name, ["v1", "v2", "latest"])
    assert catalogue_failures(portolan, OURS[0], registry.address, *flags) == {}


def test_the_catalogue_of_harbor_keeps_the_rules_for_each_caller(portolan):
    with SimulatedHarbor() as harbor:
        world = World(harbor)
        for caller in (world.admin, world.dev, world.lone):
            flags = ("--username", caller.username, "--password-from", "env:HARBOR_PASSWORD", "--allow-plain-http")
            assert catalogue_failures(portolan, OURS[1], caller.url, *flags,
                                      env={"HARBOR_PASSWORD": caller.password}) == {}, caller.username
