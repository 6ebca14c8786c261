"""The daemon as its operator meets it: first start, readiness, reload, the end, and what it refuses to start with."""

import pathlib
import re
import signal
import socket

import pytest
import requests
from rigs import DockerRegistry
from rigs.binary import CANARY
from rigs.daemon import Caller, Daemon
from rigs.process import wait_for

TREE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def daemon(start, portolan):
    return start(Daemon, portolan)


def serve(portolan, folder, *more):
    """`portolan serve` that is expected to leave by itself."""
    return portolan("serve", "--set", "server.listen=127.0.0.1:0", "--set", f"store.path={folder}", *more, timeout=20)


def test_first_start_makes_one_admin_with_the_printed_token_and_only_once(start, portolan):
    daemon = start(Daemon, portolan, admin=False)
    password = daemon.folder / "password"
    password.touch(0o600)
    password.write_text(CANARY)
    line = ("setup", "admin", "--server", daemon.url, "--setup-token-from", "env:SETUP",
            "--password-from", f"file:{password}")
    made = portolan(*line, env={"SETUP": daemon.setup_token})
    assert made.code == 0, made.stderr
    token = next(word for word in made.stdout.split() if word.startswith("ptk_"))
    me = Caller(daemon.url, token).get("me")
    assert me["admin"] is True
    again = portolan(*line, env={"SETUP": daemon.setup_token})
    assert again.code != 0 and "ptk_" not in again.stdout
    assert (daemon.store / "key").stat().st_mode & 0o777 == 0o600
    daemon.restart()
    assert "PORTOLAN_SETUP_TOKEN" not in daemon.log()


def test_a_wrong_set_up_token_makes_nobody(start, portolan):
    daemon = start(Daemon, portolan, admin=False)
    body = {"token": "setup_" + "A" * 43, "name": "root", "password": CANARY}
    assert Caller(daemon.url)("POST", "setup", body).status in (401, 403)
    assert daemon.set_up().get("me")["admin"] is True


def test_health_endpoints(daemon):
    nobody = Caller(daemon.url)
    assert nobody("GET", "/livez").status == 200
    assert nobody("GET", "/readyz").status == 200
    verbose = nobody("GET", "/readyz", verbose="true").text
    assert len(verbose.splitlines()) > 1, verbose
    metrics = daemon.admin("GET", "/metrics")
    assert metrics.status == 200 and "# TYPE portolan_" in metrics.text


def test_a_sick_registry_does_not_make_the_daemon_unready(daemon):
    body = {"name": "dead", "type": "docker-registry", "address": "http://127.0.0.1:9"}
    daemon.admin.must(201, "POST", "registries", body, validate="skip")
    daemon.admin("POST", "registries/dead/check", {})

    def known():
        state = daemon.admin.get("registries/dead")["health"]["state"]
        return state != "unknown" and state
    assert wait_for(known, "a state of the dead registry") == "unreachable"
    assert Caller(daemon.url)("GET", "/readyz").status == 200


def test_restart_keeps_everything(daemon):
    admin = daemon.admin
    admin.must(201, "POST", "workspaces", {"name": "payments", "description": "the till"})
    member = daemon.user("mia", {"payments": "workspace-viewer"})
    admin.must(204, "PUT", "workspaces/payments/namespaces/east/shop")
    body = {"name": "hub", "type": "docker-registry", "address": "http://127.0.0.1:9"}
    admin.must(201, "POST", "registries", body, validate="skip")
    asked = ("workspaces", "workspaces/payments", "workspaces/payments/members", "workspaces/payments/namespaces",
             "users")
    before = [admin.get(path) for path in asked]
    daemon.restart()
    assert [admin.get(path) for path in asked] == before
    assert admin.get("registries/hub")["address"] == "http://127.0.0.1:9"
    assert [row["name"] for row in member.get("workspaces")["items"]] == ["payments"]
    assert admin.get("audit/verification")["intact"] is True


def test_reload_by_request_and_by_signal_keeps_serving(daemon):
    assert daemon.admin("POST", "reload").status == 200
    daemon.process.signal(signal.SIGHUP)
    wait_for(lambda: "reload" in daemon.log().lower(), "a line about the reload")
    assert daemon.admin.get("me")["name"] == "root"


def test_sigterm_lets_a_request_in_flight_end(daemon):
    """A body is half sent when the signal comes; its answer arrives, new connections are refused, and it is exit 0."""
    body = b'{"name":"late"}'
    host, port = daemon.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as half:
        head = (f"POST /api/v1/workspaces HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {daemon.admin.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        half.sendall(head.encode() + body[:5])
        assert Caller(daemon.url)("GET", "/livez").status == 200  # What was sent before has been read by now.
        daemon.process.signal(signal.SIGTERM)

        def refused():
            try:
                return Caller(daemon.url)("GET", "/readyz", timeout=2).status == 503
            except OSError:
                return True
        wait_for(refused, "the drain to begin")
        half.sendall(body[5:])
        assert half.recv(4096).startswith(b"HTTP/1.1 201")
    assert daemon.process.wait() == 0
    daemon.launch()
    assert daemon.admin.get("workspaces/late")["name"] == "late"


def test_a_second_process_on_the_same_store_is_refused(daemon, portolan):
    second = serve(portolan, daemon.store)
    assert second.code not in (0, None) and "serving" not in second.stderr
    assert str(daemon.process.pid) in second.stderr or "another" in second.stderr or "lock" in second.stderr
    assert Caller(daemon.url)("GET", "/readyz").status == 200


def test_a_store_without_its_key_is_refused(daemon, portolan):
    daemon.terminate()
    (daemon.store / "key").unlink()
    refused = serve(portolan, daemon.store)
    assert refused.code == 78 and "key" in refused.stderr, refused.stderr
    assert not (daemon.store / "key").exists(), "a new key would have hidden the loss"


def test_a_wrong_key_is_refused(daemon, portolan, tmp_path):
    daemon.terminate()
    text = (daemon.store / "key").read_text()  # hexadecimal: "a" and "A" are one key
    (daemon.store / "key").write_text(("0" if text[0] != "0" else "1") + text[1:])
    refused = serve(portolan, daemon.store)
    assert refused.code == 78 and "key" in refused.stderr, refused.stderr


def test_an_unknown_setting_is_refused_with_the_nearest_name(portolan, tmp_path):
    refused = serve(portolan, tmp_path / "store", "--set", "server.lisen=127.0.0.1:0")
    assert refused.code in (64, 78) and "server.listen" in refused.stderr, (refused.code, refused.stderr)
    file = tmp_path / "portolan.conf"
    file.write_text("[server]\nlisen = 127.0.0.1:0\n")
    refused = serve(portolan, tmp_path / "store", "--config", file)
    assert refused.code == 78 and f"{file}:2" in refused.stderr, (refused.code, refused.stderr)
    assert not (tmp_path / "store").exists()


def test_check_reads_the_settings_and_leaves(portolan, tmp_path):
    good = serve(portolan, tmp_path / "store", "--check")
    assert good.code == 0, good.stderr
    assert not (tmp_path / "store").exists()
    bad = serve(portolan, tmp_path / "store", "--check", "--set", "network.allow=not-a-network")
    assert bad.code == 78 and "network.allow" in bad.stderr


def test_doctor_looks_at_the_database_of_a_running_daemon_and_of_none(start, portolan):
    daemon = start(Daemon, portolan)
    beside = daemon.portolan("doctor", "--store", daemon.store)
    assert beside.code == 0, beside.stdout
    assert "ok    database (a copy: a daemon uses it)" in beside.stdout
    assert not list(daemon.store.glob("doctor-*")), "the copy is left behind"
    daemon.terminate()
    alone = portolan("doctor", "--store", daemon.store)
    assert alone.code == 0 and "ok    audit" in alone.stdout, alone.stdout
    (daemon.store / "key").unlink()
    assert portolan("key", "rotate", "--store", daemon.store).code != 0
    keyless = portolan("doctor", "--store", daemon.store)
    assert keyless.code == 1 and "fail  key" in keyless.stdout, keyless.stdout


def test_metrics_tell_of_registries_and_of_the_daemon(daemon, start):
    registry = start(DockerRegistry)
    registry.push().image("shop/web", ["1"])
    draft = {"name": "hub", "type": "docker-registry", "address": registry.address}
    daemon.admin.must(201, "POST", "registries", draft)

    def has(line):
        return line in daemon.admin("GET", "/metrics").text
    host = registry.address.removeprefix("http://")
    wait_for(lambda: has('portolan_registry_up{registry="hub",type="docker-registry",workspace=""} 1'), "it to be up")
    assert has(f'portolan_registry_info{{registry="hub",type="docker-registry",url_host="{host}",version=""}} 1')
    wait_for(lambda: has('portolan_registry_repositories{registry="hub"} 1'), "its numbers")
    assert has('portolan_registry_spaces{registry="hub",visibility="unknown"} 1')
    wait_for(lambda: has('portolan_registry_probe_duration_seconds{registry="hub"} 0.'), "how long its check took")
    commit = "(?:[0-9a-f]{12,40}(?:-dirty)?)?"
    build = re.search(rf'^portolan_build_info\{{version="([\d.]+)",commit="{commit}",abi="([\d.]+)"\}} 1$',
                      daemon.admin("GET", "/metrics").text, re.M)
    version = (TREE / "sdk/include/portolan/abi/version.h").read_text()
    assert build[1] == re.search(r'PORTOLAN_VERSION "([\d.]+)"', version)[1]
    assert build[2].split(".") == re.findall(r"PORTOLAN_ABI_M(?:AJOR|INOR) (\d+)u", version)
    for name in ("portolan_http_connections", "portolan_http_inflight_requests", "portolan_db_size_bytes"):
        assert has(f"\n{name} "), daemon.admin("GET", "/metrics").text
    assert has("portolan_config_last_reload_successful 1") and not has("portolan_config_last_reload_success_time")
    daemon.admin.must(200, "POST", "reload")
    assert has("portolan_config_last_reload_success_timestamp_seconds ")

    assert has('portolan_upstream_requests_total{type="docker-registry",code="200"} ')
    assert has('portolan_plugin_info{plugin="') and has('portolan_job_failures_total{job="robot.sync"} 0')
    refused = {"token": {"Authorization": "Bearer ptk_wrong"}, "session": {"Cookie": "portolan_session=x"}}
    for method, credential in refused.items():
        assert has(f'portolan_auth_failures_total{{method="{method}"}} 0')
        requests.get(f"{daemon.url}/api/v1/registries", headers=credential, timeout=30)
        assert has(f'portolan_auth_failures_total{{method="{method}"}} 1')
    told = set(re.findall(r"^# TYPE (\w+)", daemon.admin("GET", "/metrics").text, re.M))
    guide = (TREE / "docs/operator-guide.md").read_text()
    described = set(re.findall(r"`(portolan_\w+)[`{]", guide.split("## Watching the daemon")[1].split("\n## ")[0]))
    assert told == described - {"portolan_registry_storage_bytes"}, "docs/operator-guide.md lists others than /metrics"
