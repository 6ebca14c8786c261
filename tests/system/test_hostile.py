"""What the program makes of an upstream that is slow, wrong or evil: every case of rigs/hostile, by the real binary.

Never a crash, a hang, a lot of memory, a wrong number called known, a control character on the terminal, or the
password anywhere but in a request to the origin it was given for.
"""

import base64
import json
import ssl

import pytest

from rigs import DockerRegistry
from rigs.binary import CANARY, SANITIZED
from rigs.certificates import Authority
from rigs.hostile import ALL, Upstream
from rigs.hostile.case import BEHIND, HARBOR_BEHIND
from rigs.simulated_harbor import SimulatedHarbor

PATIENCE = 3  # A machine that does much else at once, or a sanitizer, takes so many times what a case may.
ADDRESSED = {"stats": [], "deep": ["--level", "deep"], "validate": ["--depth", "full"]}


@pytest.fixture(scope="module")
def behind():
    """{type: (host, port)} of the registries that answer what a case leaves alone."""
    with DockerRegistry() as registry, SimulatedHarbor(admin_password=CANARY) as harbor:
        pusher = registry.push()
        for repository, tags in BEHIND.items():
            for tag in tags:
                pusher.image(repository, [tag])
        client = harbor.client
        for project, (public, repositories) in HARBOR_BEHIND.items():
            if project != "library":
                client.make_project(project, public)
            for repository, tags in repositories.items():
                for tag in tags:
                    client.push_image(repository, tag, [tag.encode()])
        client.close()
        yield {"docker-registry": ("127.0.0.1", registry.port), "harbor": ("127.0.0.1", harbor.port)}


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """{kind: server context}, and under "ca" the authority to trust."""
    folder, elsewhere = tmp_path_factory.mktemp("tls"), tmp_path_factory.mktemp("other")
    authority = Authority(folder)
    issued = {"good": authority.server(), "expired": authority.server(days=-1, file="expired"),
              "other-name": authority.server(("registry.example",), file="other"),
              "unknown-ca": Authority(elsewhere).server()}
    made = {"": None, "ca": authority.file}
    for kind, files in issued.items():
        made[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[kind].load_cert_chain(*files)
    return made


def command(case, home, authority):
    """The arguments and the environment that this case asks for."""
    if case.run == "detect":
        return ["detect", home, "-o", "json", *case.options], {}
    arguments = [case.run] if case.run != "deep" else ["stats"]
    arguments += ["alpha/app"] if case.run == "tags" else []
    arguments += ["--type", case.type, "--address", home, *ADDRESSED.get(case.run, []), *case.options]
    arguments += ["-o", "json"] if case.run in ADDRESSED else []
    arguments += ["--ca", authority] if case.tls else []
    if not case.account:
        return arguments, {}
    name = "admin" if case.type == "harbor" else "tester"
    return [*arguments, "--username", name, "--password-from", "env:CANARY"], {"CANARY": CANARY}


def told(registry):
    """The codes that the report gives, the states of what it could not count, and "ok" when there is nothing else."""
    codes = {registry["error"]["code"]} if registry["error"] else set()
    checks = (registry.get("validation") or {}).get("checks", [])
    codes |= {check["code"] for check in checks if check["state"] in ("fail", "unknown")}
    statistics = registry.get("statistics") or {}
    if statistics.get("complete") is False:
        codes.add("partial")
    counted = ("repositories", "artifacts") if statistics.get("level") == "deep" else ("repositories",)
    codes |= {measure["state"] for measure in statistics.get("measures", []) if measure["name"] in counted}
    return codes - {None, "", "known"} or {"ok"}


def no_credential_left(upstream):
    secrets = (CANARY, base64.b64encode(f"tester:{CANARY}".encode()).decode(),
               base64.b64encode(f"admin:{CANARY}".encode()).decode())
    for seen in upstream.seen:
        said = [seen.target, *(value for _, value in seen.headers), seen.body.decode("latin-1")]
        if seen.place == "home":
            said = [seen.target]  # There the header may carry it, the address never.
        assert not any(secret in text for text in said for secret in secrets), (seen.place, seen.method, seen.target)
        assert seen.header("cookie") is None


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name.replace(" ", "-"))
def test_the_upstream(case, portolan, behind, contexts):
    with Upstream(case.rules, case.foreign, behind[case.type], contexts[case.tls], case.greeting) as upstream:
        arguments, environment = command(case, upstream.home, contexts["ca"])
        result = portolan(*arguments, env=environment, timeout=PATIENCE * case.seconds + 10)
    assert upstream.errors == []
    no_credential_left(upstream)
    assert result.code in (0, 1), result.stderr
    assert result.seconds < case.seconds * PATIENCE
    assert SANITIZED or result.peak_mib < 128
    assert all(character.isprintable() or character in "\n" for character in result.stdout + result.stderr)
    assert len(upstream.seen) <= case.requests
    assert not (case.untouched and upstream.at("foreign"))
    judge(case, result)


def judge(case, result):
    expected = {case.expect} if isinstance(case.expect, str) else case.expect
    if case.run not in ADDRESSED:
        return
    (registry,) = result.json()["registries"]
    assert told(registry) & expected, json.dumps(registry, indent=1)
    for measure in (registry.get("statistics") or {}).get("measures", []):
        if measure["state"] == "known":
            assert case.may_know(measure["name"], measure["value"]), measure
