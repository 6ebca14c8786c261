"""`python -m rigs.demo`, called by config/demo: two registries with content, and one `portolan run` on them."""

import os
import pathlib
import sys

from rigs import DockerRegistry
from rigs.binary import Portolan
from rigs.simulated_harbor import SimulatedHarbor

TREE = pathlib.Path(__file__).resolve().parent.parent.parent


def fill_registry(registry):
    pusher = registry.push()
    base = b"the layer that all images share"
    for name, tags in {"shop/web": ["1.0", "1.1", "latest"], "shop/api": ["2.3"], "tools/backup": ["nightly"]}.items():
        pusher.image(name, tags, layers=[base, name.encode()])
    children = [pusher.image("base/debian", layers=[base, processor]) for processor in (b"amd64", b"arm64")]
    pusher.index("base/debian", ["12"], children)


def fill_harbor(harbor):
    client = harbor.client
    client.make_project("payments")
    for repository, tags in {"payments/ledger": ["1.0", "1.1"], "library/debian": ["12"]}.items():
        for tag in tags:
            client.push_image(repository, tag, [b"a shared layer", tag.encode()])
    client.close()


def main():
    portolan = Portolan(TREE / ".build" / "release")
    fleet = TREE / ".build" / "demo" / "demo.yaml"
    fleet.parent.mkdir(parents=True, exist_ok=True)
    with DockerRegistry() as registry, SimulatedHarbor() as harbor:
        fill_registry(registry)
        fill_harbor(harbor)
        text = (TREE / "config" / "demo.yaml").read_text()
        for written, real in (("http://127.0.0.1:5000", registry.address), ("http://127.0.0.1:8080", harbor.url)):
            assert written in text, f"config/demo.yaml names no {written}"
            text = text.replace(written, real)
        fleet.write_text(text)
        print(f"== docker-registry at {registry.address}, simulated Harbor at {harbor.url}")
        print(f"== portolan run -f {fleet.relative_to(TREE)}", flush=True)
        environment = portolan.environment({"PORTOLAN_DEMO_HARBOR_PASSWORD": harbor.admin_password})
        command = portolan.command("run", "-f", fleet)
        code = os.spawnve(os.P_WAIT, command[0], command, environment)
        print("== everything is stopped again", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
