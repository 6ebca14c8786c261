"""JSON and text: what a list may hold."""

import json

from rigs.hostile.answers import JSON, ok, reply
from rigs.hostile.case import BEHIND, CATALOG, TAGS, Case

LIST = {"repositories": list(BEHIND)}
TEXT = json.dumps(LIST)


def catalog(text):
    return {CATALOG: reply(200, text, JSON)}


def named(name):
    """The catalog with one more repository, of this name."""
    return {CATALOG: ok({"repositories": [*BEHIND, name]})}


NOT_JSON = [
    ("nothing", ""),
    ("blanks", "  \n "),
    ("garbage", "{nonsense"),
    ("half of it", TEXT[:20]),
    ("two documents", TEXT + TEXT),
    ("garbage after it", TEXT + "garbage"),
    ("a trailing comma", '{"repositories":["a",]}'),
    ("comments", "/* list */ " + TEXT),
    ("single quotes", "{'repositories':[]}"),
    ("NaN", '{"repositories":NaN}'),
    ("UTF-16", TEXT.encode("utf-16")),
    ("a lone surrogate", b'{"repositories":["\\ud800"]}'),
    ("bytes that are not UTF-8", b'{"repositories":["alpha/\xff\xfe"]}'),
    ("an overlong slash", b'{"repositories":["\xc0\xaf"]}'),
    ("a raw control character", b'{"repositories":["a\x01b"]}'),
    ("zeros", b"\0" * 100),
    ("a hundred thousand levels", "[" * 100_000),
    ("levels within the list", '{"repositories":' + '{"a":' * 5000 + "1"),
]

NOT_A_LIST = [
    ("an array", "[]"),
    ("a string", '"repositories"'),
    ("null", "null"),
    ("true", "true"),
    ("a number", "1e999"),
    ("an empty object", "{}"),
    ("a list that is an object", '{"repositories":{"alpha/app":1}}'),
    ("a list that is text", '{"repositories":"alpha/app"}'),
    ("a list that is a number", '{"repositories":3}'),
    ("numbers in the list", '{"repositories":["alpha/app",7]}'),
    ("null in the list", '{"repositories":[null]}'),
    ("lists in the list", '{"repositories":[["alpha/app"]]}'),
    ("the list in capitals", '{"REPOSITORIES":["alpha/app"]}'),
    ("errors with 200", '{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}'),
]

ODD_NAMES = [
    ("that paints the terminal", "alpha/\x1b[31mred\x1b[0m"),
    ("that sets the title", "alpha/\x1b]0;owned\x07"),
    ("with line ends", "alpha/one\r\ntwo"),
    ("with a NUL", "alpha/a\x00b"),
    ("that climbs", "../../etc/passwd"),
    ("that climbs in the middle", "alpha/../../../token"),
    ("that is empty", ""),
    ("that is a dot", "."),
    ("that ends in a slash", "alpha/"),
    ("that starts with a slash", "/alpha"),
    ("with two slashes", "alpha//app"),
    ("in capitals", "Alpha/App"),
    ("with a query", "alpha/app?n=1"),
    ("with a fragment", "alpha/app#x"),
    ("with a per cent sign", "alpha%2Fapp"),
    ("with blanks", "alpha app"),
    ("that reads from the right", "alpha/\u202egpj"),
    ("of another alphabet", "\u0430lpha/app"),
    ("that is a script", "<script>alert(1)</script>"),
    ("that is an address", "http://127.0.0.1:1/x"),
    ("of ten kilobytes", "a" * 10_000),
    ("of five megabytes", "a" * 5_000_000),
    ("that is a formula", "=cmd|' /C calc'!A0"),
]

TAG_LISTS = [
    ("null", '{"name":"alpha/app","tags":null}', {"tags": 2}),
    ("empty", '{"name":"alpha/app","tags":[]}', {"tags": 2}),
]

ODD_TAGS = [
    ("missing", '{"name":"alpha/app"}'),
    ("an object", '{"name":"alpha/app","tags":{"v1":1}}'),
    ("a number", '{"name":"alpha/app","tags":2}'),
    ("full of numbers", '{"name":"alpha/app","tags":[1,2]}'),
    ("text", '{"name":"alpha/app","tags":"v1"}'),
    ("garbage", "v1\nv2\n"),
]

CASES = [
    *(Case(f"answers {what} for JSON", catalog(text), {"protocol", "limit"}) for what, text in NOT_JSON),
    *(Case(f"answers {what} for the list", catalog(text), {"protocol"}) for what, text in NOT_A_LIST),
    *(
        Case(
            f"has a repository {what}",
            named(name),
            {"ok", "partial", "protocol", "limit"},
            truth={"repositories": {3, 4}, "spaces": {2, 3}},
        )
        for what, name in ODD_NAMES
    ),
    Case("lists a repository that paints the terminal", named("alpha/\x1b[31mred"), {"ok", "protocol"}, run="repos"),
    *(
        Case(f"has a list of tags that is {what}", {TAGS: reply(200, text, JSON)}, truth=truth)
        for what, text, truth in TAG_LISTS
    ),
    *(
        Case(
            f"has a list of tags that is {what}",
            {TAGS: reply(200, text, JSON)},
            {"partial", "protocol"},
            truth={"tags": set()},
        )
        for what, text in ODD_TAGS
    ),
    Case(
        "has a repository that went away",
        {TAGS: reply(404, {"errors": [{"code": "NAME_UNKNOWN"}]}, JSON)},
        {"ok", "partial"},
        truth={"tags": 2, "repositories": {2, 3}},
    ),
    Case(
        "has a repository that is forbidden",
        {TAGS: reply(403, {"errors": [{"code": "DENIED"}]}, JSON)},
        {"partial", "forbidden"},
        truth={"tags": set()},
    ),
    Case("has a repository that is down", {TAGS: reply(503)}, {"partial", "unavailable"}, truth={"tags": set()}),
    Case(
        "names another repository in the list of tags",
        {TAGS: ok({"name": "beta", "tags": ["v1", "v2"]})},
        {"ok", "partial", "protocol"},
    ),
    Case(
        "names a tag twice",
        {TAGS: ok({"name": "alpha/app", "tags": ["v1", "v1", "v2"]})},
        {"ok", "partial", "protocol"},
        truth={"tags": {4, 5}},
    ),
    Case(
        "paints the terminal with tags",
        {TAGS: ok({"name": "alpha/app", "tags": ["v1", "\x1b[2J"]})},
        {"ok", "partial", "protocol"},
        run="tags",
    ),
    Case(
        "has a list twice",
        catalog('{"repositories":["alpha/app"],"repositories":["alpha/app","alpha/web","beta"]}'),
        {"ok", "protocol"},
    ),
    Case(
        "has more than the list",
        catalog('{"more":{"a":[1,-0,1e400,18446744073709551616]},' + TEXT[1:]),
        {"ok", "protocol"},
    ),
    Case("starts with a byte order mark", catalog(b"\xef\xbb\xbf" + TEXT.encode()), {"ok", "protocol"}),
    Case(
        "escapes what needs no escape", catalog('{"\\u0072epositories":["\\u0061lpha\\/app","alpha\\/web","beta"]}')
    ),
    Case(
        "names a repository twice",
        {CATALOG: ok({"repositories": [*BEHIND, "beta"]})},
        {"ok", "partial", "protocol"},
        truth={"repositories": {3, 4}, "tags": {4, 5}},
    ),
    Case("has no repository", {CATALOG: ok({"repositories": []})}, truth={"repositories": 0, "spaces": 0, "tags": 0}),
    Case(
        "has null repositories",
        {CATALOG: ok({"repositories": None})},
        {"ok", "protocol"},
        truth={"repositories": 0, "spaces": 0, "tags": 0},
    ),
]
