"""`portolan run`: several registries at once, each with its own fate; what is printed and how it ends."""

import collections
import json
import signal
import time
import xml.etree.ElementTree

import pytest
import yaml

from rigs import DockerRegistry
from rigs.binary import CANARY, SOON
from rigs.hostile import Upstream, answers
from rigs.process import wait_for
from rigs.simulated_harbor import HarborUnderTest

REPORT = {"name", "type", "address", "integration", "validation", "statistics", "warnings", "elapsed_ms", "error"}
CHECK = {"name", "state", "code", "message", "hint", "evidence"}
MEASURE = {"name", "value", "state", "visibility", "kind", "unit", "taken_at", "hint"}
NOBODY = {"name": "nobody", "type": "docker-registry", "address": "http://127.0.0.1:1"}


@pytest.fixture
def document(tmp_path):
    """document([registry, ...], name="fleet.yaml") -> file"""

    def write(registries, name="fleet.yaml", **spec):
        file = tmp_path / name
        file.write_text(yaml.safe_dump({"apiVersion": "portolan.dev/v1", "kind": "Manifest",
                                        "metadata": {"name": "fleet"}, "spec": {"registries": registries, **spec}}))
        return file

    return write


@pytest.fixture
def hanging():
    with Upstream({".*": answers.hang()}) as upstream:
        yield upstream


@pytest.fixture
def good(start):
    registry = start(DockerRegistry)
    registry.push().image("team/app", ["v1", "v2"])
    registry.push().image("solo", ["latest"])
    return registry


def entry(registry, name="good", **more):
    address = registry if isinstance(registry, str) else registry.address
    return {"name": name, "type": "docker-registry", "address": address, **more}


def by_name(result):
    return {registry["name"]: registry for registry in result.json()["registries"]}


def numbers(registry):
    return {measure["name"]: measure["value"] for measure in registry["statistics"]["measures"]}


# what is printed


def test_json_has_exactly_the_documented_keys(portolan, document, good):
    answer = portolan("run", "-f", document([entry(good), NOBODY]), "-o", "json").json()
    assert set(answer) == {"registries", "summary"}
    assert set(answer["summary"]) == {"registries", "ok", "warn", "unknown", "fail", "failed", "incomplete"}
    well, nobody = answer["registries"]
    assert set(well) == set(nobody) == REPORT
    assert set(well["integration"]) == {"address", "product", "version", "api_version", "account", "privilege",
                                        "pull_host", "capabilities"}
    assert set(well["validation"]) == {"verdict", "checks"}
    assert all(set(check) == CHECK for registry in (well, nobody) for check in registry["validation"]["checks"])
    seen = [check["evidence"] for check in well["validation"]["checks"] if check["evidence"]]
    assert seen and all(set(each) == {"method", "url", "status", "elapsed_ms", "detail"} for each in seen)
    assert set(well["statistics"]) == {"level", "complete", "measures", "spaces"}
    assert all(set(measure) == MEASURE for measure in well["statistics"]["measures"])
    assert all(set(space) == {"name", "visibility", "measures"} for space in well["statistics"]["spaces"])
    assert nobody["integration"] is None and nobody["statistics"] is None
    assert nobody["validation"]["verdict"] == "fail"


def test_the_numbers_are_those_of_the_registry(portolan, document, good):
    registry = by_name(portolan("run", "-f", document([entry(good)]), "-o", "json"))["good"]
    assert {name: numbers(registry)[name] for name in ("spaces", "repositories", "tags")} \
        == {"spaces": 2, "repositories": 2, "tags": 3}


def test_at_least_ten_named_checks_for_a_healthy_registry(portolan, document, good):
    checks = by_name(portolan("run", "-f", document([entry(good)]), "-o", "json"))["good"]["validation"]["checks"]
    assert len({check["name"] for check in checks}) >= 10


def without_what_differs(value):
    """Times and durations of two runs are not alike."""
    if isinstance(value, dict):
        return {key: without_what_differs(each) for key, each in value.items()
                if key not in ("elapsed_ms", "taken_at", "detail")}
    return [without_what_differs(each) for each in value] if isinstance(value, list) else value


def test_yaml_says_what_json_says(portolan, document, good):
    file = document([entry(good), NOBODY])
    told = [yaml.safe_load(portolan("run", "-f", file, "-o", form).stdout) for form in ("yaml", "json")]
    assert without_what_differs(told[0]) == without_what_differs(told[1])


def test_junit_has_a_suite_a_registry_and_a_case_a_check(portolan, document, good):
    file = document([entry(good), NOBODY])
    checks = {name: registry["validation"]["checks"]
              for name, registry in by_name(portolan("run", "-f", file, "-o", "json")).items()}
    root = xml.etree.ElementTree.fromstring(portolan("run", "-f", file, "-o", "junit").stdout)
    assert [suite.get("name") for suite in root] == ["good", "nobody"]
    for suite in root:
        cases = suite.findall("testcase")
        expected = [check["name"] for check in checks[suite.get("name")]]
        expected += ["statistics"] if suite.get("name") == "good" else []
        assert [case.get("name") for case in cases] == expected
        assert int(suite.get("tests")) == len(cases)
        for kind in ("failure", "error", "skipped"):
            counted = suite.get({"failure": "failures", "error": "errors", "skipped": "skipped"}[kind])
            assert int(counted) == len(suite.findall(f"testcase/{kind}"))
    assert root[1].find("testcase[@name='tcp']/failure").get("type") == "unreachable"


def test_the_table_fits_a_hundred_columns(portolan, document, good):
    text = portolan("run", "-f", document([entry(good)])).stdout
    table = text[text.index("SPACE"):].splitlines()
    rows = [line for line in table if line.split()[-1:] in (["registry"], ["account"], ["deduplicated"])]
    assert rows and max(map(len, rows)) <= 100
    assert "1 registry: 1 ok" in text


def test_single_commands_print_their_part_in_the_same_shape(portolan, document, good):
    file = document([entry(good)])
    [validated] = portolan("validate", "-f", file, "-o", "json").json()["registries"]
    [counted] = portolan("stats", "-f", file, "-o", "json").json()["registries"]
    assert set(validated) == REPORT - {"integration", "statistics"}
    assert set(counted) == REPORT - {"integration", "validation"}


# how it ends


@pytest.mark.parametrize("registries, code", [(["good"], 0), (["nobody"], 1), (["good", "nobody"], 4),
                                              (["nobody", "nobody too"], 1)])
def test_exit_code_tells_none_all_or_some_failed(portolan, document, good, registries, code):
    file = document([entry(good) if name == "good" else {**NOBODY, "name": name} for name in
                     (name.replace(" ", "-") for name in registries)])
    result = portolan("run", "-f", file, "-o", "json")
    assert result.code == code
    assert result.json()["summary"]["failed"] == sum(name != "good" for name in registries)


def test_incomplete_numbers_fail_only_when_asked(portolan, document, good):
    arguments = ["run", "-f", document([entry(good)]), "--max-requests", "2", "-o", "json"]
    result = portolan(*arguments)
    assert result.code == 0 and result.json()["summary"]["incomplete"] == 1
    assert not by_name(result)["good"]["statistics"]["complete"]
    assert portolan(*arguments, "--fail-on", "partial").code == 1


def test_warnings_fail_only_when_asked(portolan, document, start):
    registry = start(DockerRegistry, "htpasswd", password=CANARY)
    file = document([{**entry(registry), "credentials": {"username": registry.username,
                                                         "passwordFrom": {"env": "RIG"}}},
                     entry(registry, "nameless")])
    result = portolan("run", "-f", file, "-o", "json", env={"RIG": CANARY})
    verdicts = {name: each["validation"]["verdict"] for name, each in by_name(result).items()}
    assert verdicts["good"] == "ok"
    assert verdicts["nameless"] != "ok"
    for word in ("warn", "unknown"):
        failed = collections.Counter(verdicts.values())
        expected = failed["fail"] + failed[word]
        again = portolan("run", "-f", file, "-o", "json", "--fail-on", word, env={"RIG": CANARY})
        assert again.json()["summary"]["failed"] == expected


def test_the_timeout_bounds_a_whole_run(portolan, document, hanging):
    result = portolan("run", "-f", document([entry(hanging.home, "hung")]), "--timeout", "700ms", "-o", "json")
    assert result.code == 1
    assert by_name(result)["hung"]["elapsed_ms"] < 1000 * SOON
    assert result.seconds < 1 + SOON


def test_one_at_a_time_is_slower_than_all_at_once(portolan, document, hanging):
    file = document([entry(hanging.home, f"hung-{n}") for n in range(3)])
    together = portolan("run", "-f", file, "--timeout", "1s", "-o", "json")
    alone = portolan("run", "-f", file, "--timeout", "1s", "--parallel", "1", "-o", "json")
    assert together.seconds < 3 <= alone.seconds


def test_the_dead_the_mad_and_the_silent_delay_and_spoil_nobody(portolan, document, good, hanging):
    noise = {".*": answers.raw(b"\x00\xff garbage\r\n\r\n<html>")}
    with Upstream(noise) as garbage, Upstream({".*": answers.ok("{}")}) as liar:
        bad = [NOBODY, entry(hanging.home, "hung"), entry(garbage.home, "garbage"), entry(liar.home, "liar")]
        healthy = [entry(good, f"good-{n}") for n in range(4)]
        alone = by_name(portolan("run", "-f", document(healthy, "healthy.yaml"), "-o", "json"))
        result = portolan("run", "-f", document(bad + healthy), "--timeout", "3s", "-o", "json")
    found = by_name(result)
    assert result.code == 4
    for name in alone:
        assert found[name]["error"] is None
        assert numbers(found[name]) == numbers(alone[name])
        assert found[name]["elapsed_ms"] < 3000
    for registry in ("nobody", "hung", "garbage", "liar"):
        assert found[registry]["error"] or found[registry]["validation"]["verdict"] == "fail", found[registry]
    assert result.seconds < 3 + SOON


@pytest.mark.parametrize("form", ["json", "yaml", "junit"])
def test_ctrl_c_prints_what_was_reached(portolan, document, good, hanging, form):
    process = portolan.start("run", "-f", document([entry(good), entry(hanging.home, "hung")]), "-o", form)
    try:
        wait_for(lambda: hanging.seen, "a request to the silent one", 10)
        time.sleep(1)  # For the good one's numbers; nothing outside tells that they are there.
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SOON)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    if form == "junit":
        assert [suite.get("name") for suite in xml.etree.ElementTree.fromstring(out)] == ["good", "hung"]
    else:
        found = {each["name"]: each for each in yaml.safe_load(out)["registries"]}
        assert found["good"]["statistics"]["complete"]
        assert not found["hung"]["statistics"]


# which registries


def test_harbor_and_docker_registry_in_one_run(portolan, document, good):
    with HarborUnderTest() as harbor:
        account = {"username": "admin", "passwordFrom": {"env": "HARBOR"}}
        wrong = {"username": "stranger", "passwordFrom": {"env": "WRONG"}}  # Not admin: Harbor would lock him out.
        file = document([entry(good),
                         {"name": "harbor", "type": "harbor", "address": harbor.url, "credentials": account},
                         {"name": "refused", "type": "harbor", "address": harbor.url, "credentials": wrong}])
        result = portolan("run", "-f", file, "-o", "json", secrets=[harbor.client.password],
                          env={"HARBOR": harbor.client.password, "WRONG": CANARY})
    found = by_name(result)
    assert result.code == 4
    assert found["harbor"]["integration"]["product"] == "Harbor"
    assert found["harbor"]["validation"]["verdict"] in ("ok", "warn")
    assert found["harbor"]["statistics"]["measures"]
    assert found["refused"]["validation"]["verdict"] == "fail"
    assert found["good"]["validation"]["verdict"] == "ok"


def test_only_the_named_registries_are_contacted(portolan, document, good, hanging):
    file = document([entry(good), entry(hanging.home, "hung")])
    assert list(by_name(portolan("run", "-f", file, "--registry", "good", "-o", "json"))) == ["good"]
    assert not hanging.seen
    wrong = portolan("run", "-f", file, "--registry", "goud")
    assert wrong.code == 64 and 'did you mean "good"?' in wrong.stderr


def test_several_files_and_a_directory_are_one_fleet(portolan, document, tmp_path, good):
    folder = tmp_path / "fleet.d"
    folder.mkdir()
    document([entry(good, "first")], "fleet.d/a.yaml")
    (folder / "b.json").write_text(json.dumps(yaml.safe_load(
        document([entry(good, "second")], "fleet.d/b.yaml").read_text())))
    (folder / "b.yaml").unlink()
    third = document([entry(good, "third")], "c.yaml")
    result = portolan("run", "-f", folder, "-f", third, "-o", "json")
    assert sorted(by_name(result)) == ["first", "second", "third"]


def test_a_refused_or_disabled_type_fails_only_its_registry(portolan, document, tmp_path, good):
    settings = tmp_path / "portolan.conf"
    settings.write_text("[plugins]\nenabled = docker-registry\n")
    harbor = {"name": "off", "type": "harbor", "address": "https://127.0.0.1:1",
              "credentials": {"username": "u", "passwordFrom": {"env": "P"}}}
    result = portolan("run", "-f", document([entry(good), harbor]), "--config", settings, "-o", "json",
                      env={"P": CANARY})
    assert result.code == 4
    assert by_name(result)["off"]["error"]["code"] == "plugin_disabled"
    assert by_name(result)["good"]["error"] is None


# files that are wrong


def test_nothing_is_contacted_when_a_file_is_wrong(portolan, document, hanging):
    fine = document([entry(hanging.home, "one")], "fine.yaml")
    wrong = document([entry(hanging.home, "two", adress="x"), {**NOBODY, "type": "docker-registri"}], "wrong.yaml")
    result = portolan("run", "-f", fine, "-f", wrong)
    assert result.code == 78 and result.stdout == ""
    assert "wrong.yaml:" in result.stderr and "address" in result.stderr
    assert "docker-registry" in result.stderr  # The nearest type.
    assert not hanging.seen


def test_a_secret_that_cannot_be_read_is_a_mistake_and_nothing_is_contacted(portolan, document, hanging):
    account = {"username": "u", "passwordFrom": {"env": "NOT_SET"}}
    result = portolan("run", "-f", document([entry(hanging.home, credentials=account)]))
    assert result.code == 78 and "NOT_SET" in result.stderr
    assert not hanging.seen


def test_switched_off_checks_are_loud_in_every_form(portolan, document):
    file = document([{"name": "lax", "type": "docker-registry", "address": "https://127.0.0.1:1",
                      "tls": {"skipVerify": True}}])
    for form in ("table", "json", "yaml", "junit"):
        result = portolan("run", "-f", file, "-o", form)
        assert "certificate checks are switched off" in result.stdout
        assert (form == "table") != ("warning: lax: certificate checks" in result.stderr)
