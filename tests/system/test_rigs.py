"""The registries that all other tests trust are what they say they are."""

import json
import ssl
import urllib.error
import urllib.request

import pytest

from rigs import CraneRegistry, Distribution3, DockerRegistry, push_many
from rigs.process import Child, wait_for
from rigs.push import OCI_MANIFEST
from rigs.token_server import Signer


def get(registry, path, headers=None, client=True):
    context = None
    if registry.ca:
        context = ssl.create_default_context(cafile=registry.ca)
        if registry.client and client:
            context.load_cert_chain(*registry.client)
    request = urllib.request.Request(registry.address + path, headers=headers or {})
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.mark.parametrize("variant", ["anonymous", "tls", "mtls", "prefix", "no-delete"])
def test_images_can_be_pushed_and_listed_where_no_account_is_needed(start, variant):
    registry = start(DockerRegistry, variant)
    registry.push().image("team/app", ["v1", "v2"])
    assert get(registry, "/v2/_catalog")[2] == {"repositories": ["team/app"]}
    assert sorted(get(registry, "/v2/team/app/tags/list")[2]["tags"]) == ["v1", "v2"]


@pytest.mark.parametrize("rig", [CraneRegistry, Distribution3])
def test_other_implementations_take_the_same_pushes(start, rig):
    registry = start(rig)
    registry.push().image("team/app", ["v1", "v2"])
    assert get(registry, "/v2/_catalog")[2] == {"repositories": ["team/app"]}
    assert get(registry, "/v2/team/app/tags/list")[2]["tags"] == ["v1", "v2"]


@pytest.mark.parametrize("rig", [DockerRegistry, Distribution3])
def test_accounts_are_asked_for_by_basic(start, rig):
    registry = start(rig, "htpasswd")
    registry.push().image("team/app", ["v1"])
    status, headers, _ = get(registry, "/v2/")
    assert status == 401 and headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("signer", [("ES256", "x5c"), ("RS256", "x5c"), ("ES256", "kid"), ("RS256", "kid")])
def test_tokens_of_every_kind_are_accepted(start, signer):
    registry = start(DockerRegistry, "token", signer=Signer(*signer))
    registry.push().image("team/app", ["v1"])
    assert registry.tokens.requests[-1] == {
        "user": "tester", "scopes": ["repository:team/app:pull,push,delete"], "status": 200}


@pytest.mark.parametrize("variant,same", [("token", True), ("token-elsewhere", False)])
def test_the_realm_is_on_the_same_or_on_another_origin(start, variant, same):
    registry = start(DockerRegistry, variant)
    registry.push().image("team/app", ["v1"])
    _, headers, _ = get(registry, "/v2/")
    assert f'realm="{registry.tokens.realm}"' in headers["WWW-Authenticate"]
    assert registry.tokens.realm.startswith(registry.address + "/") == same


def test_a_server_that_wants_a_client_certificate_refuses_without(start):
    registry = start(DockerRegistry, "mtls")
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
        get(registry, "/v2/", client=False)


def test_deletion_can_be_disabled(start):
    registry = start(DockerRegistry, "no-delete")
    pusher = registry.push()
    descriptor = pusher.image("team/app", ["v1"])
    with pytest.raises(RuntimeError, match="405"):
        pusher.delete("team/app", descriptor)


def test_an_index_shares_layers_and_names_foreign_ones(start):
    registry = start(DockerRegistry)
    pusher = registry.push()
    amd = pusher.image("team/app", layers=[b"base", b"amd"], docker=True, foreign=1)
    arm = pusher.image("team/app", layers=[b"base", b"arm"], docker=True)
    pusher.index("team/app", ["v1"], [(amd, {"os": "linux", "architecture": "amd64"}), arm], docker=True)
    accept = "application/vnd.docker.distribution.manifest.list.v2+json"
    index = get(registry, "/v2/team/app/manifests/v1", {"Accept": accept})[2]
    assert [child["digest"] for child in index["manifests"]] == [amd.digest, arm.digest]
    accept = "application/vnd.docker.distribution.manifest.v2+json"
    image = get(registry, f"/v2/team/app/manifests/{amd.digest}", {"Accept": accept})[2]
    assert image["layers"][-1]["urls"] == ["https://example.invalid/layer"]


def test_many_repositories_are_seeded_with_a_manifest_for_each_tag(start):
    registry = start(DockerRegistry)
    push_many(registry, [f"team/app-{n}" for n in range(30)], tags=("v1", "v2"), distinct=True)
    assert len(get(registry, "/v2/_catalog")[2]["repositories"]) == 30
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    digests = {get(registry, f"/v2/team/app-{n}/manifests/{tag}", accept)[1]["Docker-Content-Digest"]
               for n in range(30) for tag in ("v1", "v2")}
    assert len(digests) == 60


def test_what_is_written_beneath_a_registry_is_what_pushes_leave_there(start):
    names, tags = [f"team-{n % 3}/app-{n}" for n in range(7)], ("v1", "v2")

    def repositories(registry):
        root = registry.folder / "data/docker/registry/v2/repositories"
        return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
                for path in root.rglob("*") if path.name != "_uploads"}

    filled, pushed = start(DockerRegistry), start(DockerRegistry)
    filled.fill(names, tags)
    push_many(pushed, names, tags)
    assert repositories(filled) == repositories(pushed)
    assert get(filled, "/v2/_catalog")[2]["repositories"] == sorted(names)
    for name in names:
        assert sorted(get(filled, f"/v2/{name}/tags/list")[2]["tags"]) == list(tags)
        assert get(filled, f"/v2/{name}/manifests/v2", {"Accept": OCI_MANIFEST})[0] == 200


def test_a_rig_leaves_no_process_and_no_folder_behind():
    with DockerRegistry() as registry:
        folder, process = registry.folder, registry.process
        assert process.running()
    assert not process.running() and not folder.exists()


def test_a_program_that_cannot_start_is_told_with_its_words(tmp_path):
    child = Child(["docker-registry", "serve", tmp_path / "nowhere.yml"], tmp_path)
    with pytest.raises(RuntimeError, match="nowhere.yml"):
        child.port()
    wait_for(lambda: not child.running(), "its end")
