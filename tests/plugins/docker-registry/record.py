"""Records what real registries answer to the plugin's requests: fixtures/<product>.json, "METHOD path" → answer.

    PYTHONPATH=tests python tests/plugins/docker-registry/record.py
"""

import http.client
import json
import pathlib

from rigs import CraneRegistry, Distribution3, DockerRegistry

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
ACCEPT = ", ".join(["application/vnd.oci.image.index.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.docker.distribution.manifest.v2+json"])
KEPT = ("docker-distribution-api-version", "www-authenticate", "content-type", "docker-content-digest", "link")


def seed(registry):
    """Five repositories in four spaces; the manifests to ask for beside the tags."""
    pusher = registry.push()
    pusher.image("team/app", ["v1", "v2"], layers=[b"base", b"app"])
    children = [pusher.image("team/multi", layers=[b"base", b"amd"], docker=True, foreign=1),
                pusher.image("team/multi", layers=[b"base", b"arm"], docker=True)]
    pusher.index("team/multi", ["v1"], children, docker=True)
    pusher.image("solo", ["latest"], layers=[b"base"])
    pusher.image("public/one", ["latest"], layers=[b"other"])
    pusher.delete("gone/app", pusher.image("gone/app", ["v1"]))
    return [f"/v2/team/multi/manifests/{child.digest}" for child in children]


def record(registry):
    connection = http.client.HTTPConnection("127.0.0.1", registry.port)
    answers = {}

    def get(path, method="GET"):
        connection.request(method, path, headers={"Accept": ACCEPT})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders() if name.lower() in KEPT}
        answers[f"{method} {path}"] = {"status": answer.status, "headers": headers, "body": answer.read().decode()}

    for path in ["/v2/", "/v2/_catalog?n=1", "/v2/_catalog?n=100", "/v2/_catalog?n=1000", "/v2/nobody/knows/tags/list",
                 *seed(registry)]:
        get(path)
    for repository in json.loads(answers["GET /v2/_catalog?n=1000"]["body"])["repositories"]:
        get(f"/v2/{repository}/tags/list")
        tags = json.loads(answers[f"GET /v2/{repository}/tags/list"]["body"]).get("tags") or []
        for tag in tags:
            get(f"/v2/{repository}/manifests/{tag}")
            get(f"/v2/{repository}/manifests/{tag}", "HEAD")
    return answers


if __name__ == "__main__":
    for name, rig in {"distribution-2.8": DockerRegistry, "distribution-3.1": Distribution3,
                      "crane": CraneRegistry}.items():
        with rig() as running:
            (FIXTURES / f"{name}.json").write_text(json.dumps(record(running), indent=1, sort_keys=True) + "\n")
