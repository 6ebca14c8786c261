"""The simulated Harbor answers as recordings of a real core 2.15.2 do, for each of ten callers."""

import copy
from email.message import Message

import harbor_replay as replay
import pytest
from rigs.simulated_harbor import SimulatedHarbor

EXCHANGES = replay.load()
NOT_SERVED = replay.not_served()
CALLERS = (
    "admin", "padm", "dev", "lone", "projrobot", "sysrobot", "pullrobot", "leastpriv", "wrong",
    "anonymous",
)


def caller_of(exchange):
    caller = exchange["caller"]
    if caller in replay.LEAST_RIGHTS:
        return "leastpriv"
    return "pullrobot" if caller.startswith("pull") else caller


def listed(name):
    return any(replay.covers(pattern, name) for pattern, _ in NOT_SERVED)


@pytest.fixture(scope="module")
def differences():
    with SimulatedHarbor(lockout=0.0) as harbor:
        return replay.Replay(harbor, EXCHANGES).run()


@pytest.mark.parametrize("caller", CALLERS)
def test_every_recorded_answer_to_a_caller_is_given_again(differences, caller):
    names = [e["name"] for e in EXCHANGES if caller_of(e) == caller and not listed(e["name"])]
    assert names
    assert {name: differences[name] for name in names if differences[name]} == {}


def test_every_recording_has_one_of_the_ten_callers():
    assert {caller_of(exchange) for exchange in EXCHANGES} == set(CALLERS)


def test_all_1294_recordings_are_there_and_nearly_all_are_served():
    assert len(EXCHANGES) == len({exchange["name"] for exchange in EXCHANGES}) == 1294
    assert sum(not listed(exchange["name"]) for exchange in EXCHANGES) >= 1250


@pytest.mark.parametrize("pattern, reason", NOT_SERVED)
def test_what_is_listed_as_not_served_has_a_reason_and_is_not_served(differences, pattern, reason):
    names = [e["name"] for e in EXCHANGES if replay.covers(pattern, e["name"])]
    assert names and len(reason) > 5
    assert [name for name in names if not differences[name]] == []


# The comparison itself


def recorded(name):
    return copy.deepcopy(next(e for e in EXCHANGES if e["name"] == name))


def answer_of(exchange):
    headers = Message()
    for name, value in exchange["answer"].items():
        headers[name] = value
    return exchange["status"], headers, replay.json.dumps(exchange["shown"]).encode()


def set_status(exchange):
    exchange["status"] = 404


def set_total(exchange):
    exchange["answer"]["X-Total-Count"] = "5"


def drop_link(exchange):
    del exchange["answer"]["Link"]


def drop_key(exchange):
    del exchange["shown"][0]["repo_count"]


def set_type(exchange):
    exchange["shown"][0]["project_id"] = "4"


def set_value(exchange):
    exchange["shown"][0]["name"] = "other"


def drop_row(exchange):
    exchange["shown"].pop()


@pytest.mark.parametrize(
    "change", [set_status, set_total, drop_link, drop_key, set_type, set_value, drop_row]
)
def test_the_comparison_notices(change):
    exchange = recorded("projects_detail_false__admin")
    assert replay.differences(exchange, *answer_of(exchange)) == []
    other = recorded("projects_detail_false__admin")
    change(other)
    assert len(replay.differences(exchange, *answer_of(other))) == 1


def test_the_comparison_notices_another_challenge():
    exchange = recorded("v2_tags_priv__anonymous")
    status, headers, body = answer_of(exchange)
    headers.replace_header("Www-Authenticate", 'Basic realm="harbor"')
    assert len(replay.differences(exchange, status, headers, body)) == 1


def test_the_comparison_leaves_times_ids_and_digests_alone():
    exchange = recorded("artifacts_priv_app__admin")
    other = recorded("artifacts_priv_app__admin")
    other["shown"][0] |= {"id": 77, "push_time": "2031-01-01T00:00:00.000Z"}
    other["shown"][0]["digest"] = "sha256:" + 64 * "0"
    assert replay.differences(exchange, *answer_of(other)) == []
