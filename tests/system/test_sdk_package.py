"""The installed SDK, and nothing else, builds a plugin that the installed program runs on a real server."""

import base64
import contextlib
import functools
import hashlib
import http.server
import json
import pathlib
import shutil
import subprocess
import threading

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "sdk/examples/minimal"


def blob(layout, content, media_type):
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def oci_layout(layout, tags):
    """An image layout (image-spec, image-layout.md) with one image a tag."""
    manifests = []
    for tag in tags:
        config = blob(layout, json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"tag": tag}},
                                          "rootfs": {"type": "layers", "diff_ids": []}}).encode(),
                      "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": config, "layers": []}
        entry = blob(layout, json.dumps(manifest).encode(), manifest["mediaType"])
        manifests.append({**entry, "annotations": {"org.opencontainers.image.ref.name": tag}})
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Shelf(Quiet):
    """What a plugin of `plugins new` speaks until its author writes another."""
    names = ["team/app", "team/db", "busybox"]

    def do_GET(self):
        given = self.headers.get("Authorization")
        if given and given != "Basic " + base64.b64encode(b"reader:right").decode():
            return self.answer(401, {}, {"WWW-Authenticate": "Basic"})
        path, _, query = self.path.partition("?")
        if path == "/v1/info":
            return self.answer(200, {"product": "Shelf", "version": "1.2.3"}, {})
        if path == "/v1/repositories":
            if "after=" in query:
                return self.answer(200, self.names[2:], {})
            return self.answer(200, self.names[:2], {"Link": '</v1/repositories?after=2>; rel="next"'})
        return self.answer(404, {}, {})

    def answer(self, status, body, headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(text)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def served(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    root = tmp_path_factory.mktemp("layouts")
    for name, tags in {"team/app": ["1", "2"], "team/db": ["15"], "busybox": ["1.36", "1.37", "latest"]}.items():
        oci_layout(root / name, tags)
    (root / "layouts.json").write_text('["team/app", "team/db", "busybox"]')

    with served(functools.partial(Quiet, directory=root)) as address:
        yield address, root


def test_the_layouts_are_real_ones(layouts):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    done = subprocess.run(["skopeo", "inspect", "--raw", f"oci:{layouts[1] / 'team/app'}:2"],
                          capture_output=True, text=True)
    assert json.loads(done.stdout)["config"]["digest"].startswith("sha256:"), done.stderr


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_example_is_built_elsewhere_and_runs_on_a_real_server(installed, layouts, tmp_path, compiler):
    source = tmp_path / "elsewhere"
    shutil.copytree(EXAMPLE, source)
    build = installed.build(source, tmp_path / "build", compiler)
    (build / "plugins").mkdir()
    shutil.move(build / "oci-layouts.so", build / "plugins")
    one = ("--type", "oci-layouts", "--address", layouts[0], "--plugin-dir", build / "plugins", "-o", "json")

    validated = installed.portolan("validate", *one)
    registry = json.loads(validated.stdout)["registries"][0]
    assert validated.returncode == 0, validated.stdout
    assert registry["validation"]["verdict"] == "ok"
    assert {"name": "identity", "state": "ok"}.items() <= {
        c["name"]: c for c in registry["validation"]["checks"]}["identity"].items()

    counted = installed.portolan("stats", *one)
    statistics = json.loads(counted.stdout)["registries"][0]["statistics"]
    assert {m["name"]: (m["value"], m["state"]) for m in statistics["measures"]} == {
        "repositories": (3, "known"), "artifacts": (6, "known")}
    assert statistics["complete"] is True

    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: fleet}\nspec:\n"
                     f"  registries:\n    - {{name: layouts, type: oci-layouts, address: '{layouts[0]}'}}\n")
    ran = installed.portolan("run", "-f", fleet, "--plugin-dir", build / "plugins", "-o", "json")
    registry = json.loads(ran.stdout)["registries"][0]
    assert ran.returncode == 0 and registry["error"] is None, ran.stdout + ran.stderr
    assert registry["integration"]["product"] == "OCI layouts"

    checked = installed.portolan("plugins", "check", build / "plugins/oci-layouts.so", "--address", layouts[0])
    assert checked.returncode == 0 and "registry-statistics" in checked.stdout, checked.stdout


def test_the_installed_program_finds_its_own_plugins(installed):
    listed = json.loads(installed.portolan("plugins", "list", "-o", "json").stdout)["plugins"]
    assert {p["file"]: p["state"] for p in listed} == {
        str(installed.prefix / f"lib/portolan/plugins/{name}.so"): "ready" for name in ("docker-registry", "harbor")}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_c_file_compiles_by_pkg_config_alone(installed, tmp_path, compiler):
    found = subprocess.run(["pkg-config", "--cflags", "portolan"], capture_output=True, text=True,
                           env={"PKG_CONFIG_LIBDIR": str(installed.prefix / "share/pkgconfig"),
                                "PATH": "/usr/bin:/bin"})
    assert found.returncode == 0, found.stderr
    source = tmp_path / "plugin.c"
    source.write_text("#include <portolan/abi/abi.h>\n"
                      "int reads(const portolan_call *c) { return PORTOLAN_HAS(c, portolan_call, log) ? 1 : 0; }\n")
    done = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", source,
                           "-o", tmp_path / "plugin.o", *found.stdout.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("type,compiler", [("my-type", "g++"), ("2-shelves", "clang++")])
def test_the_project_that_plugins_new_writes_builds_and_passes(installed, tmp_path, type, compiler):
    made = installed.portolan("plugins", "new", type, "--directory", tmp_path / "project")
    assert made.returncode == 0, made.stderr
    build = installed.build(tmp_path / "project", tmp_path / "build", compiler)
    tested = subprocess.run(["ctest", "--test-dir", build, "--output-on-failure"], capture_output=True, text=True)
    assert tested.returncode == 0 and "100% tests passed, 0 tests failed out of 2" in tested.stdout, tested.stdout
    inspected = json.loads(installed.portolan("plugins", "inspect", build / f"{type}.so", "-o", "json").stdout)
    assert inspected["state"] == "ready" and inspected["types"] == [type]

    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text("right")
    with served(Shelf) as address:
        here = ("--type", type, "--address", address, "--plugin-dir", build, "-o", "json")
        for who in ((), ("--username", "reader", "--password-from", f"file:{password}")):
            for depth in ("quick", "full"):
                validated = installed.portolan("validate", *here, *who, "--depth", depth)
                registry = json.loads(validated.stdout)["registries"][0]
                assert validated.returncode == 0 and registry["validation"]["verdict"] == "ok", validated.stdout
            statistics = json.loads(installed.portolan("stats", *here, *who).stdout)["registries"][0]["statistics"]
            assert {m["name"]: m["value"] for m in statistics["measures"]} == {"repositories": 3, "spaces": 2}
        password.write_text("wrong")
        refused = json.loads(installed.portolan("validate", *here, *who).stdout)["registries"][0]
        assert refused["validation"]["verdict"] == "fail" and refused["error"]["code"] == "unauthorized", refused


@pytest.mark.parametrize("type", ["My-Type", "-x", "", "a" * 64, "a/b", "a.b"])
def test_plugins_new_wants_a_type_word(installed, tmp_path, type):
    done = installed.portolan("plugins", "new", "--directory", tmp_path / "project", "--", type)
    assert done.returncode in (1, 64) and not (tmp_path / "project").exists()


def test_plugins_new_overwrites_nothing(installed, tmp_path):
    (tmp_path / "mine").write_text("mine")
    done = installed.portolan("plugins", "new", "my-type", "--directory", tmp_path)
    assert done.returncode == 1 and "not an empty directory" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    done = installed.portolan("plugins", "new", "my-type", "--directory", tmp_path / "mine")
    assert done.returncode == 1 and (tmp_path / "mine").read_text() == "mine"
