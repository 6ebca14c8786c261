"""One thing that an upstream may do to us, and what has to come of it."""

import dataclasses
from collections.abc import Callable

CATALOG, BASE, TAGS = "/v2/_catalog", "/v2/", "/v2/alpha/app/tags/list"

# What the docker-registry behind every docker case holds: four images in three repositories.
BEHIND = {"alpha/app": ["v1", "v2"], "alpha/web": ["v1"], "beta": ["v1"]}
# What the Harbor behind every other case holds: {project: (public, {repository: tags})}.
HARBOR_BEHIND = {"library": (True, {"library/debian": ["12"]}),
                 "payments": (False, {"payments/ledger": ["1.0", "1.1"]})}
TRUTH = {
    "docker-registry": {"spaces": 2, "repositories": 3, "tags": 4, "artifacts": 4},
    "harbor": {"spaces": 2, "spaces_public": 1, "spaces_private": 1, "repositories": 2, "repositories_public": 1,
               "repositories_private": 1, "artifacts": 3, "tags": 3},
}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # a sentence: what the upstream does
    rules: dict  # {path as regular expression: answer}
    expect: str | set = "ok"  # "ok", "partial", or the codes one of which must be told
    run: str = "stats"  # stats, deep, validate, repos, tags, detect
    type: str = "docker-registry"
    account: bool = False  # with a user name and the canary password
    options: tuple = ()  # more arguments
    # Which numbers may be called known where they are not TRUTH: one, a set of them, or None for any from 0 up.
    truth: dict = dataclasses.field(default_factory=dict)
    foreign: dict = dataclasses.field(default_factory=dict)  # rules of the other origin
    untouched: bool = False  # not one request may reach the other origin
    requests: int = 200  # at most so many requests arrive
    seconds: float = 20  # and the command is back by then
    greeting: Callable | None = None  # async(writer), on every new connection
    tls: str = ""  # "", "good", "expired", "other-name", "unknown-ca"

    def may_know(self, measure, value):
        """Whether `value` may stand for `measure` as known."""
        allowed = {**TRUTH[self.type], **self.truth}.get(measure)
        return value >= 0 if allowed is None else value in (allowed if isinstance(allowed, set) else {allowed})
