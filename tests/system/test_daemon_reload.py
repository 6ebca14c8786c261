"""What a reload loads: plugins that were newly enabled or newly put there; and what it leaves to a restart."""

import json
import shutil
import signal

import pytest
from rigs.daemon import Daemon
from rigs.process import wait_for
from rigs.simulated_harbor import HarborUnderTest


class Configured(Daemon):
    """A daemon with a configuration file, and a plugin directory of its own."""

    def start(self):
        self.file, self.plugins = self.folder / "portolan.conf", self.folder / "plugins"
        self.plugins.mkdir(mode=0o755)
        self.enable("docker-registry")
        super().start()

    def command(self):
        return [*super().command(), f"--config={self.file}"]

    def enable(self, *types):
        self.file.write_text(f"[plugins]\nenabled = {', '.join(types)}\ndirectories = {self.plugins}\n")

    def types(self):
        return [row["type"] for row in self.admin.get("registry-types")["types"]]

    def plugin(self, kind):
        return next(row for row in self.admin.get("plugins")["plugins"] if kind in row["types"])


@pytest.fixture
def daemon(start, portolan):
    return start(Configured, portolan)


def test_sighup_loads_a_newly_enabled_plugin_and_its_registry_becomes_healthy(daemon):
    with HarborUnderTest() as harbor:
        draft = {"name": "harbor", "type": "harbor", "address": harbor.url, "allow_plain_http": True,
                 "credentials": {"username": harbor.client.username, "password": harbor.client.password}}
        assert daemon.admin("POST", "registries", draft).code == "plugin_disabled"
        # A daemon that has it makes the row; then the operator takes the type away.
        daemon.enable("docker-registry", "harbor")
        daemon.restart()
        daemon.admin.must(201, "POST", "registries", draft)
        daemon.enable("docker-registry")
        daemon.restart()

        def health():
            return daemon.admin.get("registries/harbor")["health"]
        wait_for(lambda: health()["reason"] == "plugin_disabled", "the plugin to be missed")
        assert health()["state"] == "unknown" and daemon.types() == ["docker-registry"]

        daemon.enable("docker-registry", "harbor")
        daemon.process.signal(signal.SIGHUP)
        wait_for(lambda: health()["state"] == "healthy", "the registry to be live")
        assert daemon.types() == ["docker-registry", "harbor"]
        assert daemon.plugin("harbor")["needs_restart"] is None
        assert daemon.admin("GET", "registry-types/harbor").status == 200


def test_what_is_in_use_stays_until_a_restart_and_the_list_says_so(daemon):
    daemon.enable()
    told = daemon.admin.must(200, "POST", "reload")
    assert told["changed"] == ["plugins.enabled"]
    assert [row["types"] for row in told["plugins"]["needs_restart"]] == [["docker-registry"]]
    row = daemon.plugin("docker-registry")
    assert row["state"] == "ready" and "not enabled any more" in row["needs_restart"]
    assert daemon.types() == ["docker-registry"]
    table = daemon.portolan("plugins", "served")
    assert table.code == 0 and "NEEDS A RESTART" in table.stdout and "not enabled any more" in table.stdout
    daemon.restart()
    assert daemon.types() == [] and daemon.plugin("docker-registry")["needs_restart"] is None


def test_a_refused_plugin_stops_no_reload_and_is_told(daemon, portolan):
    bad = daemon.plugins / "broken.so"
    bad.write_text("no plugin")
    bad.chmod(0o644)
    daemon.enable("docker-registry", "harbor", "jfrog")
    told = daemon.admin.must(200, "POST", "reload")["plugins"]
    assert told["loaded"] == ["harbor"] and told["missing"] == ["jfrog"]
    assert [(row["file"], row["code"]) for row in told["refused"]] == [(str(bad), "not_elf")]
    # A second file for a type in use is refused, whatever it is; the one in use goes on.
    harbor = daemon.plugin("harbor")["file"]
    shutil.copy(harbor, daemon.plugins / "another.so")
    (daemon.plugins / "another.so").chmod(0o644)
    told = daemon.admin.must(200, "POST", "reload")["plugins"]
    assert {row["code"] for row in told["refused"]} == {"not_elf", "duplicate_type"}, json.dumps(told)
    assert "harbor" in daemon.types()


def test_a_configuration_that_is_wrong_loads_nothing(daemon):
    daemon.file.write_text("[plugins]\nenabled = docker-registry, harbor\n[health]\ninterval = soon\n")
    assert daemon.admin("POST", "reload").code == "invalid_config"
    assert daemon.types() == ["docker-registry"]
