"""Redirects and other ways to lead a request, or a credential, elsewhere."""

from rigs.hostile.answers import JSON, ok, page, redirect, reply, then
from rigs.hostile.case import BASE, BEHIND, CATALOG, Case

LIST = {"repositories": list(BEHIND)}
METADATA = "http://169.254.169.254/latest/meta-data/"
FAR = {".*": ok(LIST)}
PRIVATE = ("--allow-private",)

NOWHERE = [
    ("the metadata service", METADATA, {"policy"}),
    ("the metadata service in hexadecimal", "http://0xa9fea9fe/", {"policy", "protocol"}),
    ("the metadata service as one number", "http://2852039166/", {"policy", "protocol"}),
    ("the metadata service mapped into IPv6", "http://[::ffff:169.254.169.254]/", {"policy", "unreachable"}),
    ("the metadata service of IPv6", "http://[fd00:ec2::254]/", {"policy", "unreachable"}),
    ("link-local IPv6 with a zone", "http://[fe80::1%25lo]/", {"policy", "protocol", "unreachable"}),
    ("the unspecified address", "http://0.0.0.0:1/", {"policy"}),
    ("a file", "file:///etc/passwd", {"policy", "protocol"}),
    ("gopher", "gopher://127.0.0.1:70/_x", {"policy", "protocol"}),
    ("ftp", "ftp://127.0.0.1/x", {"policy", "protocol"}),
    ("a script", "javascript:alert(1)", {"policy", "protocol"}),
    ("data", "data:application/json,{}", {"policy", "protocol"}),
    ("a unix socket", "unix:///run/docker.sock", {"policy", "protocol"}),
    ("port 0", "http://127.0.0.1:0/", {"policy", "protocol", "unreachable"}),
    ("port 65536", "http://127.0.0.1:65536/", {"policy", "protocol"}),
    ("the same host without its port", "http://127.0.0.1/v2/_catalog", {"policy", "unreachable"}),
    ("nothing", "", {"protocol"}),
    ("blanks", "   ", {"protocol", "limit"}),
    ("a broken address", "http://[", {"protocol", "policy"}),
    ("a very long address", "/v2/_catalog?x=" + "a" * 20_000, {"protocol", "limit"}),
]

CASES = [
    *(
        Case(f"redirects to {what}", {CATALOG: redirect(where)}, codes, account=True)
        for what, where, codes in NOWHERE
    ),
    *(
        Case(
            f"redirects to {what} although private is allowed",
            {CATALOG: redirect(where)},
            codes,
            account=True,
            options=PRIVATE,
        )
        for what, where, codes in NOWHERE[:7]
    ),
    Case("redirects without a place", {CATALOG: reply(302)}, {"protocol"}),
    Case("redirects to itself", {CATALOG: redirect("{home}/v2/_catalog")}, {"limit", "protocol"}, requests=20),
    Case(
        "redirects in a circle",
        {CATALOG: redirect("/v2/a"), "/v2/a": redirect("/v2/_catalog")},
        {"limit", "protocol"},
        requests=20,
    ),
    Case("redirects on and on", {CATALOG: redirect("/r/1"), "/r/.*": redirect("x/1")}, {"limit"}, requests=20),
    Case("redirects once with 307", {CATALOG: redirect("/other", 307), "/other": ok(LIST)}, account=True),
    Case("redirects once with 308", {CATALOG: redirect("other?x=1", 308), "/v2/other": ok(LIST)}),
    Case("redirects to a log-in page", {CATALOG: redirect("/login"), "/login": page()}, {"protocol"}),
    Case(
        "redirects with 300 and choices",
        {CATALOG: reply(300, "", ("Location", "/other")), "/other": ok(LIST)},
        {"ok", "protocol"},
    ),
    Case(
        "redirects to a neighbour",
        {CATALOG: redirect("{foreign}/v2/_catalog")},
        {"policy"},
        account=True,
        foreign=FAR,
        untouched=True,
    ),
    Case(
        "redirects to a neighbour that is allowed",
        {CATALOG: redirect("{foreign}/v2/_catalog")},
        {"ok", "policy"},
        account=True,
        options=PRIVATE,
        foreign=FAR,
    ),
    Case(
        "redirects to a neighbour that asks for the password",
        {CATALOG: redirect("{foreign}/v2/_catalog")},
        {"unauthorized", "policy", "forbidden"},
        account=True,
        options=PRIVATE,
        foreign={".*": reply(401, "", ("WWW-Authenticate", 'Basic realm="give"'))},
    ),
    Case(
        "redirects to a neighbour with a bearer realm at home",
        {CATALOG: redirect("{foreign}/v2/_catalog")},
        {"unauthorized", "policy", "protocol", "forbidden"},
        account=True,
        options=PRIVATE,
        foreign={".*": reply(401, "", ("WWW-Authenticate", 'Bearer realm="{foreign}/token"'))},
    ),
    Case(
        "redirects there and back",
        {CATALOG: redirect("{foreign}/back"), "/back": ok(LIST)},
        {"ok", "policy"},
        account=True,
        options=PRIVATE,
        foreign={"/back": redirect("{home}/back")},
    ),
    Case(
        "redirects to a name and password of its own",
        {CATALOG: redirect("http://evil:word@127.0.0.1:1/")},
        {"policy", "protocol", "unreachable"},
        account=True,
    ),
    Case(
        "redirects from TLS to plain",
        {CATALOG: redirect("{foreign}/v2/_catalog")},
        {"policy"},
        account=True,
        options=PRIVATE,
        tls="good",
        foreign=FAR,
        untouched=True,
    ),
    Case(
        "moves the base to a neighbour",
        {BASE: redirect("{foreign}/v2/", 301)},
        {"policy"},
        run="validate",
        account=True,
        options=PRIVATE,
        foreign=FAR,
    ),
    Case(
        "sets cookies",
        {
            CATALOG: then(
                reply(503, "", ("Set-Cookie", "sid=1; Path=/"), ("Retry-After", "0")),
                reply(200, LIST, JSON, ("Set-Cookie", "sid=2; Path=/")),
            )
        },
    ),
    Case(
        "names a neighbour in alternative services",
        {CATALOG: reply(200, LIST, JSON, ("Alt-Svc", 'h2="127.0.0.1:1"; ma=86400'), ("Refresh", "0; {foreign}/"))},
        foreign=FAR,
        untouched=True,
    ),
    # TLS itself.
    Case("has a certificate that ended", {}, {"tls"}, tls="expired", run="validate"),
    Case("has a certificate of another name", {}, {"tls"}, tls="other-name", run="validate"),
    Case("has a certificate of an unknown authority", {}, {"tls"}, tls="unknown-ca", run="validate"),
]
