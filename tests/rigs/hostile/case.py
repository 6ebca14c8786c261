"""One thing that an upstream may do to us, and what has to come of it."""

import dataclasses
from collections.abc import Callable

CATALOG, BASE, TAGS = "/v2/_catalog", "/v2/", "/v2/alpha/app/tags/list"

# What the docker-registry behind every docker case holds: four images in three repositories.
BEHIND = {"alpha/app": ["v1", "v2"], "alpha/web": ["v1"], "beta": ["v1"]}
TRUTH = {"spaces": 2, "repositories": 3, "tags": 4}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # a sentence: what the upstream does
    rules: dict  # {path as regular expression: answer}
    expect: str | set = "ok"  # "ok", "partial", or the codes one of which must be told
    run: str = "stats"  # stats, deep, validate, repos, tags, detect
    type: str = "docker-registry"
    account: bool = False  # with a user name and the canary password
    options: tuple = ()  # more arguments
    truth: dict = dataclasses.field(default_factory=dict)  # numbers that may be called known, where they differ
    foreign: dict = dataclasses.field(default_factory=dict)  # rules of the other origin
    untouched: bool = False  # not one request may reach the other origin
    requests: int = 200  # at most so many requests arrive
    seconds: float = 20  # and the command is back by then
    greeting: Callable | None = None  # async(writer), on every new connection
    tls: str = ""  # "", "good", "expired", "other-name", "unknown-ca"

    def __str__(self):
        return self.name.replace(" ", "-")
