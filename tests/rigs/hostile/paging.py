"""Pages: where the next one is said to be."""

from rigs.hostile.answers import JSON, hang, ok, page, reply
from rigs.hostile.case import BEHIND, CATALOG, Case

NAMES = list(BEHIND)
LIST = {"repositories": NAMES}
PRIVATE = ("--allow-private",)
FIRST = {"repositories": NAMES[:2]}
FEWER = {"repositories": set(), "tags": set(), "spaces": set()}  # no number of an unfinished list is known


def linked(link, body=None):
    """The first page with this Link; pages asked for with `last` are the rest, and the end."""

    async def answer(exchange):
        if "last" in exchange.query:
            return await ok({"repositories": NAMES[2:]})(exchange)
        await reply(
            200, body or FIRST, JSON, *[("Link", one) for one in ([link] if isinstance(link, str) else link)]
        )(exchange)

    return {CATALOG: answer}


def second(answer):
    """A good first page; this for the second."""

    async def pages(exchange):
        if "last" in exchange.query:
            return await answer(exchange)
        await reply(200, FIRST, JSON, ("Link", '</v2/_catalog?n=2&last=alpha%2Fweb>; rel="next"'))(exchange)

    return {CATALOG: pages}


async def on_and_on(exchange):
    """Every page names one more."""
    number = int(exchange.query.get("last", ["0"])[0])
    await reply(
        200,
        {"repositories": [f"alpha/app-{number}"]},
        JSON,
        ("Link", f'</v2/_catalog?n=1&last={number + 1}>; rel="next"'),
    )(exchange)


async def empty_for_ever(exchange):
    number = int(exchange.query.get("last", ["0"])[0])
    await reply(200, {"repositories": []}, JSON, ("Link", f'</v2/_catalog?last={number + 1}>; rel="next"'))(exchange)


async def back_and_forth(exchange):
    other = "b" if exchange.query.get("last") == ["a"] else "a"
    await reply(200, LIST, JSON, ("Link", f'</v2/_catalog?last={other}>; rel="next"'))(exchange)


async def empty_in_between(exchange):
    last = exchange.query.get("last", [""])[0]
    if last == "":
        return await reply(200, FIRST, JSON, ("Link", '</v2/_catalog?last=x>; rel="next"'))(exchange)
    if last == "x":
        return await reply(200, {"repositories": []}, JSON, ("Link", '</v2/_catalog?last=y>; rel="next"'))(exchange)
    await ok({"repositories": NAMES[2:]})(exchange)


STOPS = {"partial", "protocol", "policy", "limit"}
NEXT = "/v2/_catalog?last=alpha%2Fweb"
ODD_LINKS = [
    ("without quotes", f"<{NEXT}>; rel=next", "ok"),
    ("with more parameters", f'<{NEXT}>; title="a, b; c"; rel="next"', "ok"),
    ("of several relations", f'<{NEXT}>; rel="prev next"', "ok"),
    ("after another", f'</x>; rel="first", <{NEXT}>; rel="next"', "ok"),
    ("in a second header", ['</x>; rel="first"', f'<{NEXT}>; rel="next"'], "ok"),
    ("in capitals", f'<{NEXT}>; REL="NEXT"', "ok"),
    ("that is relative", '<?last=alpha%2Fweb>; rel="next"', "ok"),
    ("that is not escaped", '</v2/_catalog?n=2&last=alpha/web>; rel="next"', "ok"),
    ("that is absolute", "<{home}" + NEXT + '>; rel="next"', "ok"),
    ("without slashes", '<_catalog?last=alpha%2Fweb>; rel="next"', "ok"),
    ("without a relation", f"<{NEXT}>", {"ok", *STOPS}),
    ("without brackets", f'{NEXT}; rel="next"', {"ok", *STOPS}),
    ("without an end", f"<{NEXT}", {"ok", *STOPS}),
    ("that is empty", '<>; rel="next"', {"ok", *STOPS}),
    ("of nothing", "", {"ok"}),
    ("of commas", ",,,", {"ok", *STOPS}),
    ("of sixty kilobytes", "<" * 60_000, {"ok", *STOPS}),
    ("to a file", '<file:///etc/passwd>; rel="next"', STOPS),
    ("to a script", '<javascript:alert(1)>; rel="next"', STOPS),
    ("to the metadata service", '<http://169.254.169.254/>; rel="next"', STOPS),
    ("to another port", '<http://127.0.0.1:1/v2/_catalog?last=x>; rel="next"', STOPS),
    ("to another scheme", '<https:/v2/_catalog?last=x>; rel="next"', {"ok", *STOPS}),
    ("to a name and password", '<http://a:b@127.0.0.1:1/>; rel="next"', STOPS),
    ("with control characters", '</v2/_catalog?last=\x1b[31m>; rel="next"', {"ok", *STOPS}),
]

CASES = [
    *(
        Case(
            f"has a Link {what}",
            linked(link),
            expect,
            account=True,
            truth=(
                {}
                if expect == "ok"
                else {"repositories": {2, 3}, "tags": {3, 4}, "spaces": {1, 2}} if "ok" in expect else FEWER
            ),
        )
        for what, link, expect in ODD_LINKS
    ),
    Case(
        "leads the pages to a neighbour",
        linked('<{foreign}/v2/_catalog?last=x>; rel="next"'),
        STOPS,
        account=True,
        truth=FEWER,
        foreign={".*": ok({"repositories": ["beta"]})},
        untouched=True,
    ),
    Case(
        "leads the pages to a neighbour that is allowed",
        linked('<{foreign}/v2/_catalog?last=x>; rel="next"'),
        STOPS,
        account=True,
        options=PRIVATE,
        truth=FEWER,
        foreign={".*": ok({"repositories": ["beta"]})},
        untouched=True,
    ),
    Case(
        "leads the pages to a neighbour by two slashes",
        linked('<//127.0.0.1:1/v2/_catalog?last=x>; rel="next"'),
        STOPS,
        account=True,
        truth=FEWER,
    ),
    Case(
        "leads back to the first page",
        linked('</v2/_catalog>; rel="next"', LIST),
        STOPS | {"ok"},
        truth=FEWER,
        requests=60,
    ),
    Case("leads back and forth", {CATALOG: back_and_forth}, STOPS, truth=FEWER, requests=60),
    Case(
        "has no last page, and a budget ends it",
        {CATALOG: on_and_on, "/v2/alpha/app-.*": ok({"name": "x", "tags": []})},
        {"partial"},
        options=("--max-requests", "50"),
        truth=FEWER,
        requests=60,
    ),
    Case(
        "has no last page, and time ends it",
        {CATALOG: on_and_on, "/v2/alpha/app-.*": ok({"name": "x", "tags": []})},
        {"partial", "timeout", "limit"},
        options=("--timeout", "3s"),
        truth=FEWER,
        requests=100_000,
        seconds=6,
    ),
    Case(
        "has empty pages for ever",
        {CATALOG: empty_for_ever},
        {"unknown", "partial", "limit", "protocol", "timeout"},
        truth=FEWER,
        options=("--timeout", "3s"),
        requests=100_000,
        seconds=6,
    ),
    Case("has an empty page in between", {CATALOG: empty_in_between}),
    Case(
        "names a last page that is empty",
        second(ok({"repositories": []})),
        truth={"repositories": 2, "tags": 3, "spaces": 1},
    ),
    Case("forbids the second page", second(page(403)), {"partial", "forbidden"}, truth=FEWER),
    Case("breaks the second page", second(reply(200, "{nonsense", JSON)), {"partial", "protocol"}, truth=FEWER),
    Case("is down for the second page", second(reply(503)), {"partial", "unavailable"}, truth=FEWER),
    Case(
        "hangs in the second page",
        second(hang()),
        {"partial", "timeout"},
        truth=FEWER,
        options=("--timeout", "3s"),
        seconds=6,
    ),
    Case("shows a log-in page for the second page", second(page()), {"partial", "protocol"}, truth=FEWER),
    Case(
        "calls the offset too large",
        second(reply(400, {"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]}, JSON)),
        {"partial", "protocol"},
        truth=FEWER,
    ),
]
