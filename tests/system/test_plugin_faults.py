"""A plugin with one fault fails `portolan plugins check` by exactly the rule that it breaks."""

import json
import pathlib
import shutil

import pytest

HERE = pathlib.Path(__file__).resolve().parent

QUICK = {f"validation-quick-{trial}" for trial in ("401", "403", "404", "429", "500", "garbage", "web-page")}

# Fault: the checks that fail, words of what was seen, words of the rule.
FAULTS = {
    "none": (set(), "", ""),
    "quick-credentials": (QUICK, "credentials", "nothing is ok at a registry"),
    "catalog-nameless": ({"catalog-endless-objects"}, "a repository has no name", "what a plugin hands over is whole"),
}


@pytest.fixture(scope="module")
def faulty(installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    shutil.copytree(HERE / "faulty_plugin", folder / "source")
    return installed.build(folder / "source", folder / "build") / "faulty.so"


def failures(portolan, file, *arguments, fault=""):
    result = portolan("plugins", "check", file, "-o", "json", *arguments, env={"FAULT": fault})
    return {one["name"]: one for one in json.loads(result.stdout)["checks"] if one["state"] == "fail"}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_by_its_own_rule(portolan, faulty, fault):
    expected, seen, rule = FAULTS[fault]
    failed = failures(portolan, faulty, fault=fault)
    assert set(failed) == expected, failed
    assert all(seen in one["message"] and rule in one["rule"] for one in failed.values()), failed
