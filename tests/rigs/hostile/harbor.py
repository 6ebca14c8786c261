"""The same arts against the plugin for Harbor; what a case leaves alone is answered by the simulated Harbor."""

import json

from rigs.hostile.answers import HTML, JSON, bomb, endless, hang, ok, page, redirect, reply
from rigs.hostile.case import Case

API = "/api/v2.0"
STATISTICS, PROJECTS, USER = f"{API}/statistics", f"{API}/projects", f"{API}/users/current"
HEALTH, INFO, QUOTAS = f"{API}/health", f"{API}/systeminfo", f"{API}/quotas"
STOPS = {"partial", "protocol", "limit"}


def harbor(name, rules, expect, **more):
    return Case(f"Harbor {name}", rules, expect, type="harbor", account=True, **more)


COUNTS = {
    "private_project_count": 1,
    "private_repo_count": 1,
    "public_project_count": 1,
    "public_repo_count": 1,
    "total_project_count": 2,
    "total_repo_count": 2,
    "total_storage_consumption": 1000,
}
ODD_COUNTS = [
    ("below zero", -1),
    ("beyond 63 bits", 2**63),
    ("beyond 64 bits", 10**30),
    ("as text", "2"),
    ("of a half", 0.5),
    ("of null", None),
    ("as a list", [2]),
    ("of true", True),
]
NOT_STATISTICS = [
    ("garbage", "{nonsense"),
    ("nothing", ""),
    ("null", "null"),
    ("an array", "[]"),
    ("a string", '"x"'),
    ("an empty object", "{}"),
    ("a hundred thousand levels", "[" * 100_000),
]

CASES = [
    *(
        harbor(
            f"counts projects {what}",
            {
                STATISTICS: ok(
                    json.dumps(
                        {
                            **COUNTS,
                            "total_project_count": value,
                            "public_project_count": value,
                            "total_repo_count": value,
                            "total_storage_consumption": value,
                        }
                    )
                )
            },
            {"ok", *STOPS},
            options=("--level", "quick"),
        )
        for what, value in ODD_COUNTS
    ),
    *(
        harbor(
            f"has {what} for statistics", {STATISTICS: reply(200, text, JSON)}, STOPS, options=("--level", "quick")
        )
        for what, text in NOT_STATISTICS
    ),
    *(
        harbor(
            f"says {what} projects in its header",
            {PROJECTS: reply(200, [], JSON, ("X-Total-Count", value))},
            {"ok", *STOPS},
        )
        for what, value in [
            ("minus one", "-1"),
            ("no number of", "many"),
            ("a trillion", "1000000000000"),
            ("too many", "9" * 30),
        ]
    ),
    *(
        harbor(f"has {what} for projects", {PROJECTS: reply(200, text, JSON, ("X-Total-Count", "2"))}, STOPS)
        for what, text in [
            *NOT_STATISTICS[:5],
            ("null projects", "[null,null]"),
            ("numbered projects", "[1,2]"),
            ("nameless projects", '[{"repo_count":1},{"repo_count":2}]'),
            ("counts below zero", '[{"name":"a","project_id":1,"repo_count":-5}]'),
        ]
    ),
    harbor(
        "says more projects than it shows",
        {PROJECTS: reply(200, [], JSON, ("X-Total-Count", "5000"))},
        {"ok", *STOPS},
        requests=100,
    ),
    harbor(
        "paints the terminal with projects",
        {
            PROJECTS: reply(
                200,
                [{"name": "\x1b[31mred", "project_id": 1, "repo_count": 0, "metadata": {"public": "true"}}],
                JSON,
                ("X-Total-Count", "1"),
            )
        },
        {"ok", *STOPS},
    ),
    harbor(
        "leads the projects in a circle",
        {
            PROJECTS: reply(
                200,
                [{"name": "a", "project_id": 1, "repo_count": 1, "metadata": {"public": "true"}}],
                JSON,
                ("Link", f'<{API}/projects?page=2>; rel="next"'),
                ("X-Total-Count", "99999"),
            )
        },
        {"ok", *STOPS},
        requests=200,
        seconds=15,
    ),
    harbor(
        "leads the projects to a neighbour",
        {PROJECTS: reply(200, [], JSON, ("Link", '<{foreign}/x>; rel="next"'), ("X-Total-Count", "5"))},
        {"ok", "policy", *STOPS},
        untouched=True,
    ),
    harbor("sends projects for ever", {PROJECTS: endless(b"HTTP/1.1 200 OK\r\n\r\n[", b'{"name":"a"},')}, STOPS),
    harbor("sends projects that inflate", {PROJECTS: bomb(64)}, STOPS),
    harbor(
        "hangs in the projects", {PROJECTS: hang()}, {"partial", "timeout"}, options=("--timeout", "3s"), seconds=6
    ),
    harbor(
        "forbids the projects",
        {PROJECTS: reply(403, {"errors": [{"code": "FORBIDDEN"}]}, JSON)},
        {"partial", "forbidden"},
    ),
    harbor("is down with a page", {f"{API}/.*": page(502)}, {"unavailable"}, run="validate"),
    harbor("is a captive portal", {".*": page()}, {"protocol", "invalid_config", "not_found"}, run="validate"),
    harbor("is something else", {".*": reply(404)}, {"not_found", "protocol"}, run="validate"),
    harbor("says hello in HTML", {INFO: page()}, {"protocol"}, run="validate"),
    harbor("shows a page for the account", {USER: page()}, {"protocol"}, run="validate"),
    harbor("knows nobody, politely", {USER: reply(200, "null", JSON)}, {"protocol", "unauthorized"}, run="validate"),
    harbor(
        "calls the account by another name",
        {USER: ok({"username": "\x1b[31m", "user_id": -1, "sysadmin_flag": "yes"})},
        {"ok", "protocol", "unauthorized"},
        run="validate",
    ),
    harbor(
        "refuses the password",
        {USER: reply(401, {"errors": [{"code": "UNAUTHORIZED"}]}, JSON)},
        {"unauthorized"},
        run="validate",
        requests=30,
    ),
    harbor("is healthy in HTML", {HEALTH: reply(200, "unhealthy", HTML)}, {"protocol", "ok"}, run="validate"),
    harbor(
        "has a component of no name",
        {HEALTH: ok({"status": "unhealthy", "components": [None, {"name": 5}]})},
        {"protocol", "unavailable", "ok"},
        run="validate",
    ),
    harbor(
        "moves to a neighbour",
        {f"{API}/.*": redirect("{foreign}/")},
        {"policy"},
        run="validate",
        options=("--allow-private",),
        foreign={".*": ok({})},
    ),
    harbor(
        "moves to the metadata service",
        {f"{API}/.*": redirect("http://169.254.169.254/")},
        {"policy"},
        run="validate",
    ),
    harbor(
        "has quotas beyond 64 bits",
        {
            QUOTAS: reply(
                200,
                '[{"id":1,"ref":{"id":1,"name":"library"},"hard":{"storage":-1},"used":{"storage":1e30}}]',
                JSON,
                ("X-Total-Count", "1"),
            )
        },
        {"ok", *STOPS},
    ),
]
