"""Challenges, tokens and passwords. The canary password must not reach the other origin, and no 401 is a loop."""

import base64

from rigs.binary import CANARY
from rigs.hostile.answers import JSON, bomb, guarded, hang, ok, page, redirect, reply
from rigs.hostile.case import BEHIND, CATALOG, Case

LIST = {"repositories": list(BEHIND)}
PRIVATE = ("--allow-private",)
BASIC = "Basic " + base64.b64encode(f"tester:{CANARY}".encode()).decode()
BEARER = 'Bearer realm="{home}/token",service="rig",scope="registry:catalog:*"'
DENIED = {"unauthorized", "forbidden"}


def is_basic(value):
    return value == BASIC


def is_good(value):
    return value == "Bearer good"


def never(_):
    return False


def challenged(challenge, accepts=is_basic):
    """Every path is behind this challenge."""
    return {CATALOG: guarded(ok(LIST), challenge, accepts)}


def tokens(answer, accepts=is_good, challenge=BEARER):
    return {"/token": answer, CATALOG: guarded(ok(LIST), challenge, accepts)}


def granted(document, *headers):
    return tokens(reply(200, document, JSON, *headers))


ODD_CHALLENGES = [
    ("none", [], DENIED),
    ("an empty challenge", "", DENIED),
    ("a scheme alone", "Basic", "ok"),
    ("a scheme in capitals", 'BASIC REALM="x"', "ok"),
    ("unknown schemes first", ["Negotiate", "NTLM TlRMTVNTUAA=", 'Basic realm="x"'], "ok"),
    (
        "several in one header",
        'Negotiate abc==, Digest qop="auth, auth-int", nonce="a\\"b", Basic realm="x, Bearer y"',
        "ok",
    ),
    ("only schemes it cannot answer", ["Negotiate", "NTLM", "AWS4-HMAC-SHA256"], DENIED | {"unsupported"}),
    ("a realm without an end", 'Basic realm="x', {"ok", "protocol", *DENIED}),
    ("quotes for sixty kilobytes", 'Basic realm="' + '\\"' * 30_000, {"ok", "protocol", "limit", *DENIED}),
    (
        "a thousand schemes",
        ", ".join(f"S{n} a=b" for n in range(1000)) + ', Basic realm="x"',
        {"ok", "protocol", *DENIED},
    ),
    ("commas only", ",,,,,,", DENIED | {"protocol"}),
    ("control characters", 'Basic realm="\x1b[31m\x7f"', {"ok", "protocol", *DENIED}),
]

ODD_REALMS = [
    ("no realm", 'Bearer service="rig"', DENIED | {"protocol"}),
    ("an empty realm", 'Bearer realm=""', DENIED | {"protocol", "policy"}),
    ("a relative realm", 'Bearer realm="/token",service="rig"', {"ok", "protocol", "policy"}),
    ("a realm that is a file", 'Bearer realm="file:///etc/passwd"', {"policy", "protocol"}),
    ("a realm with a password", 'Bearer realm="http://a:b@127.0.0.1:1/token"', {"policy", "protocol"}),
    ("a realm at the metadata service", 'Bearer realm="http://169.254.169.254/token"', {"policy"}),
    ("a realm that is not an address", 'Bearer realm="test-realm"', {"policy", "protocol", "unsupported"}),
    ("a service that needs encoding", 'Bearer realm="{home}/token",service="a b&scope=x#\u00e9"', "ok"),
    ("two realms", 'Bearer realm="{home}/token",realm="{foreign}/token"', {"ok", "policy", "protocol"}),
]

ODD_TOKENS = [
    ("an empty object", {}, DENIED | {"protocol"}),
    ("null", "null", {"protocol"}),
    ("a token of null", {"token": None}, {"protocol", "unauthorized"}),
    ("a token of digits", {"token": 7}, {"protocol", "unauthorized"}),
    ("an empty token", {"token": ""}, {"protocol", "unauthorized"}),
    ("a token that breaks the line", {"token": "good\r\nX-Injected: yes"}, {"protocol", "unauthorized"}),
    ("a token with a NUL", {"token": "good\x00"}, {"protocol", "unauthorized"}),
    ("a token of 100 kilobytes", {"token": "a" * 100_000}, {"protocol", "limit", "unauthorized"}),
    ("garbage", "{nonsense", {"protocol"}),
    ("a token under its other name", {"access_token": "good"}, "ok"),
    ("a life of 0", {"token": "good", "expires_in": 0}, "ok"),
    ("a life below 0", {"token": "good", "expires_in": -5}, "ok"),
    ("a life beyond 64 bits", {"token": "good", "expires_in": 10**30}, {"ok", "protocol"}),
    ("a life in words", {"token": "good", "expires_in": "an hour"}, {"ok", "protocol"}),
    ("a birth in the future", {"token": "good", "expires_in": 60, "issued_at": "2199-01-01T00:00:00Z"}, "ok"),
    ("a birth before time", {"token": "good", "expires_in": 60, "issued_at": "0001-01-01T00:00:00Z"}, "ok"),
    ("a birth that is no date", {"token": "good", "issued_at": "yesterday"}, {"ok", "protocol"}),
]

CASES = [
    *(
        Case(f"challenges with {what}", challenged(challenge), expect, account=True, requests=12)
        for what, challenge, expect in ODD_CHALLENGES
    ),
    *(
        Case(
            f"challenges with {what}",
            {**tokens(ok({"token": "good"})), **challenged(challenge, is_good)},
            expect,
            account=True,
            requests=16,
        )
        for what, challenge, expect in ODD_REALMS
    ),
    *(
        Case(f"grants {what}", granted(document), expect, account=True, requests=16)
        for what, document, expect in ODD_TOKENS
    ),
    Case("refuses the password for ever", challenged('Basic realm="x"', never), DENIED, account=True, requests=12),
    Case(
        "refuses the password everywhere",
        {".*": guarded(ok({}), 'Basic realm="x"', never)},
        DENIED,
        account=True,
        run="validate",
        requests=8,
    ),
    Case("refuses everybody", {".*": guarded(ok({}), 'Basic realm="x"', never)}, DENIED, run="validate", requests=8),
    Case("refuses every token", tokens(ok({"token": "good"}), never), DENIED, account=True, requests=16),
    Case(
        "forbids with a good token",
        {**tokens(ok({"token": "good"})), CATALOG: guarded(page(403), BEARER, is_good)},
        {"forbidden"},
        account=True,
        requests=16,
    ),
    Case(
        "asks for another scope each time",
        {
            "/token": ok({"token": "good"}),
            CATALOG: guarded(
                ok(LIST), 'Bearer realm="{home}/token",scope="registry:catalog:*",error="insufficient_scope"', never
            ),
        },
        DENIED | {"forbidden"},
        account=True,
        requests=16,
    ),
    Case("has a token service that refuses", tokens(reply(401, {})), DENIED, account=True, requests=12),
    Case(
        "has a token service that forbids",
        tokens(reply(403, {})),
        {"forbidden", "unauthorized"},
        account=True,
        requests=12,
    ),
    Case("has a token service that is down", tokens(page(502)), {"unavailable"}, account=True, requests=20),
    Case(
        "has a token service that has enough",
        tokens(reply(429, "", ("Retry-After", "3600"))),
        {"rate_limited"},
        account=True,
        requests=20,
    ),
    Case(
        "has a token service that hangs",
        tokens(hang()),
        {"timeout", "partial"},
        account=True,
        options=("--timeout", "3s"),
        seconds=6,
    ),
    Case("has a token service that shows a page", tokens(page()), {"protocol"}, account=True, requests=12),
    Case("has a token service that sends a bomb", tokens(bomb(64)), {"limit", "protocol"}, account=True, requests=12),
    Case(
        "has a token service that moves to a neighbour",
        tokens(redirect("{foreign}/token")),
        {"policy", "protocol"},
        account=True,
        options=PRIVATE,
        foreign={".*": ok({"token": "good"})},
    ),
    Case(
        "has a token service that moves in a circle",
        tokens(redirect("/token")),
        {"limit", "protocol"},
        account=True,
        requests=20,
    ),
    Case(
        "names a realm next door",
        challenged('Bearer realm="{foreign}/token",service="rig"', is_good),
        {"policy"},
        account=True,
        foreign={".*": ok({"token": "good"})},
        untouched=True,
    ),
    Case(
        "names a realm next door that is allowed but not trusted",
        challenged('Bearer realm="{foreign}/token",service="rig"', is_good),
        {"policy"},
        account=True,
        options=PRIVATE,
        foreign={".*": ok({"token": "good"})},
    ),
    Case(
        "names a realm next door to nobody",
        challenged('Bearer realm="{foreign}/token",service="rig"', is_good),
        options=PRIVATE,
        foreign={".*": ok({"token": "good"})},
    ),
    Case(
        "names a plain realm from TLS",
        challenged('Bearer realm="{foreign}/token",service="rig"', is_good),
        {"policy"},
        account=True,
        options=PRIVATE,
        tls="good",
        foreign={".*": ok({"token": "good"})},
    ),
    Case(
        "answers 401 with true",
        {CATALOG: reply(401, "true", ("Content-Type", "text/html"))},
        DENIED,
        account=True,
        requests=12,
    ),
    Case(
        "echoes the password in an error",
        {CATALOG: reply(403, {"errors": [{"code": "DENIED", "message": f"{CANARY} is not enough, {BASIC}"}]}, JSON)},
        {"forbidden"},
        account=True,
    ),
]
