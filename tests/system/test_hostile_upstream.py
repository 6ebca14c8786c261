"""The hostile upstream does what its cases say, so that a green case means something."""

import collections
import concurrent.futures
import gzip
import socket
import time
import urllib.parse

import pytest

from rigs import DockerRegistry
from rigs.hostile import ALL, Upstream, answers


def ask(origin, path="/v2/_catalog", seconds=0.5, most=1 << 20):
    """What the origin answers to a plain GET, at most `most` bytes of it."""
    place = urllib.parse.urlsplit(origin)
    got = b""
    with socket.create_connection((place.hostname, place.port), timeout=seconds) as connection:
        try:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
            while len(got) < most and (data := connection.recv(65536)):
                got += data
        except TimeoutError:
            pass
    return got


def test_there_is_a_case_for_whatever_we_could_think_of():
    names = collections.Counter(case.name for case in ALL)
    assert len(names) >= 80 and max(names.values()) == 1


def test_every_script_runs_without_a_mistake_of_its_own():
    def run(case):
        with Upstream(case.rules, case.foreign, greeting=case.greeting) as upstream:
            for path in case.rules or ["/v2/"]:
                try:
                    ask(upstream.home, path.replace(".*", "x"), seconds=0.05)
                except OSError:
                    pass
            return [f"{case.name}: {error!r}" for error in upstream.errors]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(run, ALL), []) == []


def test_bytes_arrive_as_they_were_written():
    with Upstream({"/x": answers.raw(b"HTTP/9.9 \x00\xff")}) as upstream:
        assert ask(upstream.home, "/x") == b"HTTP/9.9 \x00\xff"


def test_a_drip_is_slow_and_a_hang_is_silent():
    with Upstream({"/drip": answers.drip(b"abcdef", 0.05), "/hang": answers.hang()}) as upstream:
        began = time.monotonic()
        assert ask(upstream.home, "/drip") == b"abcdef"
        assert time.monotonic() - began >= 0.25
        assert ask(upstream.home, "/hang", seconds=0.2) == b""


def test_endless_is_more_than_anybody_wants():
    with Upstream({"/": answers.endless(b"head", b"more")}) as upstream:
        assert len(ask(upstream.home, "/", most=20 << 20)) >= 20 << 20


def test_a_reset_is_not_an_end():
    with Upstream({"/": answers.reset(b"some")}) as upstream, pytest.raises(ConnectionResetError):
        ask(upstream.home, "/")


def test_a_bomb_is_small_on_the_wire():
    with Upstream({"/": answers.bomb(8)}) as upstream:
        body = ask(upstream.home, "/").partition(b"\r\n\r\n")[2]
        assert len(body) < 10_000 and len(gzip.decompress(body)) == 8 << 20


def test_answers_take_turns():
    with Upstream({"/": answers.then(answers.reply(503), answers.ok([]))}) as upstream:
        assert [ask(upstream.home, "/", 0.05).split()[1] for _ in range(3)] == [b"503", b"200", b"200"]


def test_both_origins_remember_who_asked_what():
    with Upstream({"/": answers.redirect("{foreign}/x")}) as upstream:
        assert f"Location: {upstream.foreign}/x".encode() in ask(upstream.home, "/", 0.05)
        ask(upstream.foreign, "/x", 0.05)
        assert [(seen.place, seen.target) for seen in upstream.seen] == [("home", "/"), ("foreign", "/x")]
        assert upstream.at("foreign")[0].header("host") == urllib.parse.urlsplit(upstream.foreign).netloc


def test_what_no_rule_names_is_answered_by_the_registry_behind(start):
    registry = start(DockerRegistry)
    registry.push().image("team/app", ["v1"])
    with Upstream({"/v2/team/app/.*": answers.reply(500)}, backend=("127.0.0.1", registry.port)) as upstream:
        assert b'{"repositories":["team/app"]}' in ask(upstream.home)
        assert b" 500 " in ask(upstream.home, "/v2/team/app/tags/list")
