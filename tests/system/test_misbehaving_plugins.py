"""A plugin that hangs, throws or is refused spoils its own registry and nothing else, through the real program."""

import json
import signal
import time

import pytest

from rigs.binary import SOON
from rigs.hostile import Upstream, answers


@pytest.fixture
def upstream():
    with Upstream({".*": answers.ok("{}")}) as running:
        yield running


@pytest.fixture
def plugins(portolan, tmp_path):
    """Hand-made ones (tests/unit/plugin/plugins), in a directory that nobody else may write."""
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    for name in ("plain", "wicked"):
        built = portolan.build / "tests/unit/plugin/plugins/built" / f"{name}.so"
        (folder / f"{name}.so").write_bytes(built.read_bytes())
        (folder / f"{name}.so").chmod(0o644)
    return folder


@pytest.fixture
def fleet(tmp_path, upstream, plugins):
    """Arguments of a run: fleet("hangs in statistics") adds a registry of the wicked plugin to a well-behaved one."""

    def arguments(mode):
        registries = [{"name": "good", "type": "plain", "address": upstream.home},
                      {"name": "bad", "type": "wicked", "address": upstream.home, "options": {"mode": mode}}]
        file = tmp_path / "fleet.json"
        file.write_text(json.dumps({"apiVersion": "portolan.dev/v1", "kind": "Manifest", "metadata": {"name": "t"},
                                    "spec": {"registries": registries}}))
        return ["run", "-f", file, "--plugin-dir", plugins, "-o", "json"]

    return arguments


def by_name(result):
    return {registry["name"]: registry for registry in result.json()["registries"]}


@pytest.mark.parametrize("mode", ["hangs in integration", "hangs in statistics"])
def test_a_plugin_that_never_returns_is_a_timeout_in_time(portolan, fleet, mode):
    result = portolan(*fleet(mode), "--timeout", "1s")
    found = by_name(result)
    assert found["bad"]["error"]["code"] == "timeout"
    assert found["good"]["error"] is None
    assert found["good"]["statistics"]["measures"]
    assert result.code == 4
    assert 1 <= result.seconds < 1 + SOON


def test_what_a_collection_that_never_returns_had_told_is_in_the_report(portolan, fleet):
    result = portolan(*fleet("hangs after a measure"), "--timeout", "1s")
    bad = by_name(result)["bad"]
    assert bad["error"]["code"] == "timeout"
    assert not bad["statistics"]["complete"]
    measures = {one["name"]: one for one in bad["statistics"]["measures"]}
    assert (measures["tags"]["value"], measures["tags"]["state"]) == (7, "known")
    assert measures["repositories"]["state"] == "unknown"
    assert "not reached" in measures["repositories"]["hint"]
    assert result.code == 4


def test_ctrl_c_ends_a_plugin_that_never_returns(portolan, fleet):
    process = portolan.start(*fleet("hangs in statistics"))
    try:
        time.sleep(1)  # Nothing can be seen from outside of a plugin that hangs.
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SOON)
        assert process.returncode == 130
        found = {registry["name"]: registry for registry in json.loads(out)["registries"]}
        assert found["bad"]["error"]["code"] == "cancelled"
        assert found["good"]["statistics"]["measures"]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("mode, code", [("throws", "internal"), ("silent", "protocol"), ("twice", "protocol"),
                                        ("other origin", "policy"), ("wordless", "forbidden")])
def test_a_plugin_that_breaks_the_contract_fails_its_registry_only(portolan, fleet, mode, code):
    result = portolan(*fleet(mode))
    found = by_name(result)
    assert found["bad"]["error"]["code"] == code
    assert found["bad"]["error"]["message"]
    assert found["good"]["error"] is None
    assert result.code == 4


def test_a_refused_plugin_fails_its_registry_only(portolan, fleet, plugins):
    (plugins / "wicked.so").chmod(0o666)
    result = portolan(*fleet("good"))
    found = by_name(result)
    assert found["bad"]["error"]["code"] == "plugin_refused"
    assert "unsafe_mode" in found["bad"]["error"]["message"]
    assert found["good"]["error"] is None
    assert result.code == 4


def test_a_refused_plugin_is_listed_with_reason_and_cure(portolan, plugins):
    (plugins / "wicked.so").write_bytes(b"#!/bin/sh\n")
    listed = portolan("plugins", "list", "--plugin-dir", plugins, "-o", "json").json()["plugins"]
    wicked = next(plugin for plugin in listed if plugin["file"].endswith("wicked.so"))
    assert (wicked["state"], wicked["code"]) == ("refused", "not_elf")
    assert wicked["message"] and wicked["hint"]
    plain = next(plugin for plugin in listed if plugin["file"].endswith("plain.so"))
    assert (plain["state"], plain["types"]) == ("ready", ["plain"])
