"""The type docker-registry through the program, on real registries: every number is what was pushed."""

import json
import re

import pytest

from rigs import CraneRegistry, Distribution3, DockerRegistry, push_many
from rigs.binary import CANARY
from rigs.simulated_harbor import HarborUnderTest

ENV = {"RIG_PASSWORD": CANARY}
IMPLEMENTATIONS = [DockerRegistry, Distribution3, CraneRegistry]


class Seed:
    """Pushes a small estate and keeps its own account of it."""

    def __init__(self, registry):
        self.pusher = registry.push()
        self.tags, self.artifacts, self.blobs = {}, {}, {}

    def image(self, repository, tags, layers, **more):
        return self._note(repository, tags, self.pusher.image(repository, tags, layers=layers, **more))

    def index(self, repository, tags, children):
        return self._note(repository, tags, self.pusher.index(repository, tags, children, docker=True))

    def _note(self, repository, tags, descriptor):
        self.tags.setdefault(repository, set()).update(tags)
        self.artifacts.setdefault(repository, set()).update({descriptor.digest} if tags else ())
        space = repository.split("/")[0] if "/" in repository else "_"
        blobs = self.blobs.setdefault(space, {})
        blobs[descriptor.digest] = descriptor.size
        for part in self.parts(repository, descriptor):
            if not part.get("urls"):
                blobs[part["digest"]] = part["size"]
        return descriptor

    def parts(self, repository, descriptor):
        _, _, data = self.pusher._send("GET", f"/v2/{repository}/manifests/{descriptor.digest}", repository,
                                       headers={"Accept": descriptor.media_type})
        document = json.loads(data)
        return [document["config"], *document["layers"]] if "config" in document else []

    def whole(self):
        """Repositories in four spaces: shared layers, two tags of one image, an index, a foreign layer."""
        self.image("team/app", ["v1", "v2"], [b"base", b"application"])
        children = [self.image("team/multi", [], [b"base", b"amd"], docker=True, foreign=1),
                    self.image("team/multi", [], [b"base", b"arm"], docker=True)]
        self.index("team/multi", ["v1", "latest"], children)
        self.image("solo", ["latest"], [b"base"])
        self.image("public/one", ["latest"], [b"something else"])
        self.image("deep/er/and/deeper", ["v1"], [b"base"])
        return self

    def truth(self):
        all_blobs = {digest: size for blobs in self.blobs.values() for digest, size in blobs.items()}
        return {"spaces": len(self.blobs), "repositories": len(self.tags),
                "tags": sum(map(len, self.tags.values())), "artifacts": sum(map(len, self.artifacts.values())),
                "storage_bytes": sum(all_blobs.values())}


def target(registry, password=CANARY):
    """The flags that address a rig."""
    flags = ["--type", "docker-registry", "--address", registry.address]
    if registry.username and password:
        flags += ["--username", registry.username, "--password-from", "env:RIG_PASSWORD"]
    if registry.ca:
        flags += ["--ca", registry.ca]
    if registry.client:
        flags += ["--client-certificate", registry.client[0], "--client-key", registry.client[1]]
    return flags


def report(portolan, command, registry, *flags, code=0, password=CANARY, env=None):
    result = portolan(command, *target(registry, password), *flags, "-o", "json",
                      env={"RIG_PASSWORD": password or "", **(env or {})})
    assert result.code == code, result.stdout + result.stderr
    return result.json()["registries"][0]


def numbers(statistics):
    return {measure["name"]: measure["value"] for measure in statistics["measures"] if measure["state"] == "known"}


def states(validation):
    return {check["name"]: check["state"] for check in validation["checks"]}


@pytest.mark.parametrize("rig", IMPLEMENTATIONS)
def test_deep_numbers_are_what_was_pushed(portolan, start, rig):
    registry = start(rig)
    seed = Seed(registry).whole()
    statistics = report(portolan, "stats", registry, "--level", "deep")["statistics"]
    assert statistics["complete"] and numbers(statistics) == seed.truth()
    storage = {space["name"]: numbers(space)["storage_bytes"] for space in statistics["spaces"]}
    assert storage == {space: sum(blobs.values()) for space, blobs in seed.blobs.items()}
    shared = next(m for m in statistics["measures"] if m["name"] == "storage_bytes")
    assert shared["kind"] == "deduplicated" and "in several spaces" in shared["hint"]


@pytest.mark.parametrize("variant", ["htpasswd", "token", "tls", "mtls", "prefix", "no-delete"])
def test_every_set_up_gives_the_same_numbers_and_verdict(portolan, start, variant):
    registry = start(DockerRegistry, variant, password=CANARY)
    seed = Seed(registry).whole()
    found = numbers(report(portolan, "stats", registry, "--level", "deep")["statistics"])
    assert found == seed.truth()
    validation = report(portolan, "validate", registry)["validation"]
    # On the token rig anybody may pull what lies under public/.
    assert validation["verdict"] == ("warn" if variant == "token" else "ok"), validation
    assert len(validation["checks"]) >= 10


def test_what_is_asked_for_at_normal_is_known_and_the_rest_says_how_to_know_it(portolan, start):
    registry = start(DockerRegistry)
    truth = Seed(registry).whole().truth()
    statistics = report(portolan, "stats", registry)["statistics"]
    assert statistics["complete"]
    measures = {measure["name"]: measure for measure in statistics["measures"]}
    assert {name: measures[name]["value"] for name in ("spaces", "repositories", "tags")} == {
        name: truth[name] for name in ("spaces", "repositories", "tags")}
    assert measures["storage_bytes"]["state"] == "unknown" and "deep" in measures["storage_bytes"]["hint"]
    assert measures["spaces_public"]["state"] == "unsupported" and measures["spaces_public"]["value"] is None


@pytest.mark.parametrize("rig", IMPLEMENTATIONS)
def test_a_registry_is_recognised_and_its_catalog_listed(portolan, start, rig):
    registry = start(rig)
    seed = Seed(registry).whole()
    found = portolan("detect", registry.address, "--allow-private", "-o", "json")
    assert found.code == 0 and "docker-registry" in found.stdout, found.stdout + found.stderr
    listed = portolan("repos", *target(registry))
    assert listed.code == 0 and all(name in listed.stdout for name in seed.tags), listed.stdout + listed.stderr
    listed = portolan("tags", "team/app", *target(registry))
    assert listed.code == 0 and "v1" in listed.stdout and "v2" in listed.stdout, listed.stdout + listed.stderr


def test_a_repository_whose_tags_are_gone_counts_without_tags(portolan, start):
    registry = start(DockerRegistry)
    pusher = registry.push()
    pusher.delete("gone/app", pusher.image("gone/app", ["v1"]))
    found = numbers(report(portolan, "stats", registry, "--level", "deep")["statistics"])
    assert found == {"spaces": 1, "repositories": 1, "tags": 0, "artifacts": 0, "storage_bytes": 0}


@pytest.mark.parametrize("rig", [DockerRegistry, Distribution3])
@pytest.mark.parametrize("variant", ["htpasswd", "token"])
def test_a_wrong_password_fails_as_such(portolan, start, rig, variant):
    registry = start(rig, variant, password=CANARY)
    found = report(portolan, "validate", registry, password="wrong", code=1)["validation"]
    assert found["verdict"] == "fail" and states(found)["credentials"] == "fail"
    error = report(portolan, "stats", registry, password="wrong", code=1)["error"]
    assert error["code"] == "unauthorized"
    if registry.tokens:
        assert [request["status"] for request in registry.tokens.requests if request["user"] == ""].count(401) <= 3


def test_without_the_password_it_wants_a_registry_fails_by_name(portolan, start):
    registry = start(DockerRegistry, "htpasswd")
    found = report(portolan, "validate", registry, password=None, code=1)["validation"]
    check = next(check for check in found["checks"] if check["name"] == "credentials")
    assert (check["state"], check["code"]) == ("fail", "unauthorized") and check["hint"]


def test_an_anonymous_caller_of_a_token_registry_gets_states_not_zeros(portolan, start):
    registry = start(DockerRegistry, "token")
    Seed(registry).whole()
    statistics = report(portolan, "stats", registry, password=None)["statistics"]
    measures = {measure["name"]: measure for measure in statistics["measures"]}
    assert (measures["repositories"]["state"], measures["repositories"]["value"]) == ("forbidden", None)


def test_a_realm_elsewhere_gets_the_password_only_when_it_is_named(portolan, start):
    registry = start(DockerRegistry, "token-elsewhere", password=CANARY)
    seed = Seed(registry).whole()
    asked = len(registry.tokens.requests)
    flags = ["--allow-private"]
    assert report(portolan, "stats", registry, *flags, code=1)["error"]["code"] == "policy"
    assert all(request["user"] == "" for request in registry.tokens.requests[asked:])
    flags += ["--trusted-realm", registry.tokens.origin]
    found = numbers(report(portolan, "stats", registry, *flags, "--level", "deep")["statistics"])
    assert found == seed.truth()


def test_a_password_on_an_open_registry_is_not_verifiable(portolan, start):
    registry = start(DockerRegistry)
    Seed(registry).whole()
    registry.username = "somebody"
    found = report(portolan, "validate", registry)["validation"]
    assert found["verdict"] == "unknown"
    assert states(found)["credentials"] == "unknown" and states(found)["permissions.anonymous"] == "warn"


def test_an_address_with_the_api_path_is_the_registrys(portolan, start):
    registry = start(DockerRegistry, "prefix")
    truth = Seed(registry).whole().truth()
    address, registry.address = registry.address, registry.address + "/v2/"
    assert numbers(report(portolan, "stats", registry, "--level", "deep")["statistics"]) == truth
    integration = report(portolan, "validate", registry)
    assert integration["validation"]["verdict"] == "ok"
    assert address.endswith("/team/registry")


def test_twelve_hundred_repositories_are_counted_page_by_page(portolan, start):
    registry = start(DockerRegistry, "many")
    statistics = report(portolan, "stats", registry)["statistics"]
    found = numbers(statistics)
    assert (found["spaces"], found["repositories"], found["tags"]) == (40, 1200, 1200)
    assert {numbers(space)["repositories"] for space in statistics["spaces"]} == {30}
    quick = numbers(report(portolan, "stats", registry, "--level", "quick")["statistics"])
    assert (quick["repositories"], "tags" in quick) == (1200, False)
    # One page and 1,200 lists of tags do not fit into this budget.
    cut = report(portolan, "stats", registry, "--max-requests", "100")["statistics"]
    tags = next(measure for measure in cut["measures"] if measure["name"] == "tags")
    assert not cut["complete"] and tags["state"] == "partial" and 0 < tags["value"] < 100
    small = report(portolan, "stats", registry, "--option", "pageSize=7")["statistics"]
    assert numbers(small)["repositories"] == 1200


def test_more_than_the_registry_permits_in_a_page_falls_back_to_its_own_number(portolan, start):
    registry = start(DockerRegistry)
    push_many(registry, [f"team/app-{n}" for n in range(130)])
    found = numbers(report(portolan, "stats", registry, "--option", "pageSize=5000")["statistics"])
    assert (found["repositories"], found["tags"]) == (130, 130)


def test_a_registry_that_cuts_its_list_is_caught_at_it(portolan, start):
    registry = start(CraneRegistry)
    for n in range(130):
        registry.push().image(f"team/app-{n}", ["v1"])
    statistics = report(portolan, "stats", registry, "--option", "pageSize=110")["statistics"]
    found = next(measure for measure in statistics["measures"] if measure["name"] == "repositories")
    assert found["state"] == "partial" and 110 <= found["value"] <= 130 and "pageSize" in found["hint"]
    whole = report(portolan, "stats", registry, "--option", "pageSize=1000")["statistics"]
    assert whole["complete"] and numbers(whole)["repositories"] == 130


def test_run_tells_all_of_it_in_one_report(portolan, start, tmp_path):
    registry = start(DockerRegistry, "htpasswd", password=CANARY)
    truth = Seed(registry).whole().truth()
    document = tmp_path / "fleet.yaml"
    document.write_text(f"""
apiVersion: portolan.dev/v1
kind: Manifest
metadata: {{name: fleet}}
spec:
  registries:
    - name: rig
      type: docker-registry
      address: {registry.address}
      credentials: {{username: {registry.username}, passwordFrom: {{env: RIG_PASSWORD}}}}
""")
    result = portolan("run", "-f", document, "-o", "json", env=ENV)
    assert result.code == 0, result.stdout + result.stderr
    found = result.json()["registries"][0]
    assert found["integration"]["account"] == registry.username
    assert found["integration"]["capabilities"] == ["tags", "catalog"]
    assert found["validation"]["verdict"] == "ok"
    assert numbers(found["statistics"])["tags"] == truth["tags"]


def test_a_harbor_works_with_a_warning_that_names_the_better_type(portolan):
    with HarborUnderTest() as harbor:
        project = harbor.client.unique("plain")
        harbor.client.make_project(project)
        harbor.client.push_image(f"{project}/app", "v1")
        flags = ["--type", "docker-registry", "--address", harbor.url, "--username", harbor.client.username,
                 "--password-from", "env:HARBOR", "--allow-private", "-o", "json"]
        env = {"HARBOR": harbor.client.password}
        found = portolan("validate", *flags, env=env).json()["registries"][0]["validation"]
        identity = next(check for check in found["checks"] if check["name"] == "identity")
        assert identity["state"] == "warn" and "harbor" in identity["hint"]
        assert states(found)["credentials"] == states(found)["permissions.catalog"] == "ok"
        spaces = portolan("stats", *flags, env=env).json()["registries"][0]["statistics"]["spaces"]
        assert numbers(next(space for space in spaces if space["name"] == project)) == {"repositories": 1, "tags": 1}


def test_debug_names_every_request_once_without_query_or_secret(portolan):
    with DockerRegistry("htpasswd", password=CANARY) as registry:
        Seed(registry).image("team/app", ["v1"], [b"base"])
        result = portolan("validate", *target(registry), "--log-level", "debug", env={"RIG_PASSWORD": CANARY})
        assert result.code == 0, result.stdout + result.stderr
        lines = [line for line in result.stderr.splitlines() if line.startswith("debug ")]
        probe, *requests = [line for line in lines if " request " in line or " probe " in line]
        assert " probe " in probe and f'url="{registry.address}"' in probe and 'credential="none"' in probe
        assert all(re.search(r' request method="(GET|HEAD)" url="[^"?@]+" status="\d+" ms="\d+" attempt="1" '
                             r'credential="(none|basic)"', line) for line in requests), requests
        assert any(f'url="{registry.address}/v2/_catalog" status="200"' in line for line in requests)
        assert any('credential="basic"' in line for line in requests)
        assert CANARY not in result.stderr and "n=" not in result.stderr
        quiet = portolan("validate", *target(registry), env={"RIG_PASSWORD": CANARY})
        assert "debug " not in quiet.stderr
