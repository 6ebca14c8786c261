"""Manifests: the level deep reads them, and believes no size it cannot add up."""

import json

from rigs.hostile.answers import JSON, bomb, endless, ok, page, redirect, reply
from rigs.hostile.case import Case
from rigs.push import DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, digest_of

V1 = "/v2/alpha/app/manifests/v1"
A, B = digest_of(b"a"), digest_of(b"b")
UNKNOWN = {"storage_bytes": set()}
ANY = {"storage_bytes": None, "artifacts": None}
SHORT = {"partial", "protocol", "limit"}


def manifest(layers, config=None, kind=OCI_MANIFEST, **more):
    document = {
        "schemaVersion": 2,
        "mediaType": kind,
        "layers": layers,
        "config": config or {"mediaType": OCI_CONFIG, "digest": A, "size": 2},
        **more,
    }
    return served(json.dumps(document), kind)


def served(text, kind=OCI_MANIFEST, digest=None):
    data = text if isinstance(text, bytes) else text.encode()
    return {V1: reply(200, data, ("Content-Type", kind), ("Docker-Content-Digest", digest or digest_of(data)))}


def layer(size, digest=B, **more):
    return {"mediaType": OCI_LAYER, "digest": digest, "size": size, **more}


def index(children, **rules):
    text = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
    return {**served(text, OCI_INDEX), **rules}


def sized(text):
    """A manifest whose layer has this size, written as it is."""
    return served(
        '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":2},'
        '"layers":[{"mediaType":"%s","digest":"%s","size":%s}]}' % (OCI_MANIFEST, OCI_CONFIG, A, OCI_LAYER, B, text)
    )


async def nested(exchange):
    """Every index holds one more."""
    depth = int(exchange.path.rsplit(":", 1)[-1][-4:], 16) if ":" in exchange.path else 0
    child = {"mediaType": OCI_INDEX, "digest": f"sha256:{depth + 1:064x}", "size": 100}
    text = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]})
    await reply(200, text, ("Content-Type", OCI_INDEX))(exchange)


ITSELF = "sha256:" + "5" * 64
SIZES = [
    ("below zero", "-1"),
    ("of minus a lot", "-9223372036854775808"),
    ("beyond 63 bits", "9223372036854775808"),
    ("beyond 64 bits", "99999999999999999999999"),
    ("as text", '"123"'),
    ("of a half", "0.5"),
    ("of null", "null"),
    ("as infinity", "1e999"),
    ("as a list", "[1]"),
    ("of true", "true"),
    ("with a leading zero", "007"),
]
MANIFESTS = [
    ("garbage", "{nonsense"),
    ("nothing", ""),
    ("null", "null"),
    ("an array", "[]"),
    ("a string", '"manifest"'),
    ("an empty object", "{}"),
    ("half of itself", '{"schemaVersion":2,"lay'),
    ("a page", "<html>log in</html>"),
    ("layers of null", '{"schemaVersion":2,"layers":[null]}'),
    ("a digest of null", '{"layers":[{"digest":null,"size":1}]}'),
    ("a schema of 99", '{"schemaVersion":99}'),
    ("a hundred thousand levels", '{"a":' * 100_000),
]

CASES = [
    *(
        Case(f"has a layer {what}", sized(text), {"ok", *SHORT}, run="deep", truth={**UNKNOWN, "artifacts": None})
        for what, text in SIZES
    ),
    *(
        Case(
            f"serves {what} as a manifest",
            served(text),
            {"ok", *SHORT},
            run="deep",
            truth={**UNKNOWN, "artifacts": None},
        )
        for what, text in MANIFESTS
    ),
    Case(
        "has layers that together pass 63 bits",
        manifest([layer(2**62, digest_of(bytes([n]))) for n in range(4)]),
        {"ok", *SHORT},
        run="deep",
        truth={**UNKNOWN, "artifacts": None},
    ),
    Case(
        "says a digest that is not the content's",
        served("{}", digest="sha256:" + "0" * 64),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case(
        "says a digest of nonsense", served("{}", digest="sha256:xyz\x1b[31m"), {"ok", *SHORT}, run="deep", truth=ANY
    ),
    Case("has one blob in two sizes", manifest([layer(10), layer(99)]), {"ok", *SHORT}, run="deep", truth=ANY),
    Case(
        "has a layer without a digest",
        manifest([{"mediaType": OCI_LAYER, "size": 5}]),
        {"ok", *SHORT},
        run="deep",
        truth={**UNKNOWN, "artifacts": None},
    ),
    Case(
        "has a digest that climbs",
        manifest([layer(5, "sha256:../../../token")]),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case(
        "has a hundred thousand layers",
        manifest([layer(1, digest_of(str(n).encode())) for n in range(50_000)]),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case(
        "is an index that holds itself",
        index(
            [{"mediaType": OCI_INDEX, "digest": ITSELF, "size": 9}],
            **{
                "/v2/alpha/app/manifests/sha256:5+": reply(
                    200,
                    {
                        "schemaVersion": 2,
                        "mediaType": OCI_INDEX,
                        "manifests": [{"mediaType": OCI_INDEX, "digest": ITSELF, "size": 9}],
                    },
                    ("Content-Type", OCI_INDEX),
                )
            },
        ),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
        requests=60,
    ),
    Case(
        "is an index in an index without end",
        {"/v2/alpha/app/manifests/(v1|sha256:0.*)": nested},
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
        requests=60,
    ),
    Case(
        "is an index of ten thousand missing images",
        index(
            [{"mediaType": OCI_MANIFEST, "digest": f"sha256:{n:064x}", "size": 9} for n in range(10_000)],
            **{"/v2/alpha/app/manifests/sha256:0.*": reply(404)},
        ),
        {"partial", "limit"},
        run="deep",
        options=("--max-requests", "100"),
        truth=ANY,
        requests=110,
    ),
    Case(
        "is an index with children of no kind",
        index([{"digest": A}, None, 7, "x"]),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case(
        "is an index with a missing child",
        index([{"mediaType": OCI_MANIFEST, "digest": A, "size": 9}]),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case("calls an image an index", manifest([layer(5)], kind=OCI_INDEX), {"ok", *SHORT}, run="deep", truth=ANY),
    Case("calls a manifest a page", {V1: page()}, {"ok", *SHORT}, run="deep", truth={**UNKNOWN, "artifacts": None}),
    Case(
        "serves manifests for ever",
        {V1: endless(b"HTTP/1.1 200 OK\r\n\r\n", b'{"a":[')},
        SHORT,
        run="deep",
        truth={**UNKNOWN, "artifacts": None},
    ),
    Case("serves a manifest that inflates", {V1: bomb(64)}, SHORT, run="deep", truth={**UNKNOWN, "artifacts": None}),
    Case(
        "leads a manifest to the metadata service",
        {V1: redirect("http://169.254.169.254/")},
        SHORT | {"policy"},
        run="deep",
        truth={**UNKNOWN, "artifacts": None},
    ),
    Case(
        "lost a manifest",
        {V1: reply(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]}, JSON)},
        {"ok", *SHORT},
        run="deep",
        truth={"storage_bytes": None, "artifacts": {3}, "tags": {3, 4}},
    ),
    Case(
        "forbids a manifest",
        {V1: reply(403)},
        {"partial", "forbidden"},
        run="deep",
        truth={**UNKNOWN, "artifacts": set()},
    ),
    Case(
        "has no size in a schema 1 image",
        served(
            '{"schemaVersion":1,"name":"alpha/app","tag":"v1","fsLayers":[{"blobSum":"%s"}]}' % B,
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ),
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
    Case(
        "answers every manifest with an image of everything",
        {"/v2/.*/manifests/.*": ok({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "layers": [], "config": {}})},
        {"ok", *SHORT},
        run="deep",
        truth=ANY,
    ),
]
