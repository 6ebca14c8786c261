"""Settings as an operator meets them: config show, config check, the example, the unit."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from rigs.certificates import Authority

TREE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = TREE / "config" / "portolan.conf"


@pytest.fixture
def shown(portolan):
    """shown(*arguments, env=...) -> {name: setting} of `config show`."""
    def show(*arguments, **options):
        answer = portolan("config", "show", *arguments, "-o", "json", **options)
        assert answer.code == 0, answer.stderr
        return {setting["name"]: setting for setting in answer.json()["settings"]}
    return show


def test_the_example_has_every_setting_once_and_holds_the_defaults(shown, tmp_path):
    lines = EXAMPLE.read_text().splitlines()
    keys, section = [], ""
    for line in lines:
        section = line[1:-1] if line.startswith("[") else section
        keys += [f"{section}.{key}" for key in re.findall(r"^#([a-z-]+) =", line)]
    settings = shown("--config", os.devnull)
    assert keys == list(settings)
    (tmp_path / "portolan.conf").write_text("\n".join(re.sub(r"^#([a-z-]+) =", r"\1 =", line) for line in lines))
    uncommented = shown("--config", tmp_path / "portolan.conf")
    assert {name: each["value"] for name, each in uncommented.items() if each["value"] != each["default"]} \
        == {"store.key-file": "/var/lib/portolan/key"}
    assert all(each["origin"].startswith(str(tmp_path)) for each in uncommented.values())
    assert all(each["origin"] == "default" for each in shown("--config", EXAMPLE).values())


def test_each_value_says_where_it_comes_from(portolan, shown, tmp_path):
    main, part = tmp_path / "portolan.conf", tmp_path / "conf.d" / "10-mine.conf"
    part.parent.mkdir()
    main.write_text("[health]\ninterval = 2m\ntimeout = 3s\n")
    part.write_text("[health]\ntimeout = 4s\n")
    arguments = ("--config", main, "--log-level", "error", "--set", "limits.page=7")
    settings = shown(*arguments, env={"PORTOLAN_LOG_LEVEL": "debug", "PORTOLAN_SERVER_DRAIN": "1s"})
    expected = {"health.interval": ("2m", f"{main}:2"), "health.timeout": ("4s", f"{part}:2"),
                "server.drain": ("1s", "environment PORTOLAN_SERVER_DRAIN"),
                "log.level": ("error", "flag --log-level"), "limits.page": ("7", "flag --set"),
                "limits.page-max": ("500", "default")}
    assert {name: (settings[name]["value"], settings[name]["origin"]) for name in expected} == expected
    table = portolan("config", "show", "--origin", *arguments).stdout
    assert re.search(rf"^health.timeout +4s +{re.escape(str(part))}:2 *$", table, re.MULTILINE)
    assert "ORIGIN" not in portolan("config", "show", *arguments).stdout


def test_check_tells_every_mistake_at_once(portolan, tmp_path):
    main = tmp_path / "portolan.conf"
    main.write_text("[server]\nlitsen = 127.0.0.1:1\ndrain = soon\n[plugin]\nx = 1\n")
    checked = portolan("config", "check", "--config", main, env={"PORTOLAN_LIMITS_QUEUE": "0"})
    assert (checked.code, checked.stdout) == (78, "")
    assert f"portolan: {main}:2: unknown setting \"server.litsen\"\n  hint: did you mean \"server.listen\"?" \
        in checked.stderr
    assert f"{main}:3: server.drain: \"soon\" is not a duration" in checked.stderr
    assert f"{main}:5: unknown setting \"plugin.x\"" in checked.stderr
    assert "environment PORTOLAN_LIMITS_QUEUE: limits.queue: \"0\" is less than 1" in checked.stderr
    answer = portolan("config", "check", "--config", main, "-o", "json")
    assert answer.code == 78 and [each["where"] for each in answer.json()["mistakes"]] \
        == [f"{main}:2", f"{main}:3", f"{main}:5"]
    assert portolan("config", "show", "--config", main).code == 78
    assert portolan("config", "check", "--config", os.devnull, "--set", "limits.page=x").code == 64


def test_a_command_that_reads_settings_says_that_there_are_more_mistakes(portolan, tmp_path):
    main = tmp_path / "portolan.conf"
    main.write_text("[log]\nlevel = loud\nformat = xml\n")
    failed = portolan("plugins", "list", "--config", main)
    assert failed.code == 78 and f"{main}:2" in failed.stderr and "1 more: see `portolan config check`" in failed.stderr


def test_check_opens_the_files_that_are_named(portolan, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.server()
    _, wrong_key = authority.server(file="other")
    main = tmp_path / "portolan.conf"

    def check(text, code):
        main.write_text(text)
        checked = portolan("config", "check", "--config", main)
        assert checked.code == code, checked.stderr
        return checked.stderr + checked.stdout

    tls = "[server]\nlisten = 127.0.0.1:0, https://0.0.0.0:0\ntls-certificate = {}\ntls-key = {}\n"
    assert "the settings are well" in check(tls.format(certificate, key), 0)
    assert "the key does not belong to the certificate" in check(tls.format(certificate, wrong_key), 78)
    assert f"{main}:3: server.tls-certificate: the file {tmp_path}/none cannot be read" in check(
        tls.format("none", key), 78)
    assert "the certificate cannot be read" in check(tls.format(main, key), 78)
    key.chmod(0o644)
    assert "may be read or written by others" in check(tls.format(certificate, key), 78)
    said = check("[network]\nallow = 10.0.0.0/8, 10.0.0.1/8\nallow-workspaces = everything\n"
                 "[plugins]\ndirectories = nowhere\n[server]\nclient-ca = portolan.conf\n", 78)
    assert "write 10.0.0.0/8 for the whole network" in said and "\"everything\" is not understood" in said
    assert f"{tmp_path}/nowhere is no directory" in said and "the CA text holds no certificate" in said


def test_a_misspelt_variable_is_told(portolan):
    checked = portolan("config", "check", "--config", os.devnull, env={"PORTOLAN_LOG_LEVLE": "debug"})
    assert checked.code == 0
    assert "PORTOLAN_LOG_LEVLE sets nothing; did you mean PORTOLAN_LOG_LEVEL?" in checked.stderr


def test_directories_of_the_settings_are_searched_for_plugins(portolan, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "broken.so").write_text("no ELF")
    (tmp_path / "portolan.conf").write_text("[plugins]\ndirectories = more\n")
    listed = portolan("plugins", "list", "--config", tmp_path / "portolan.conf", "-o", "json").json()["plugins"]
    assert [plugin["state"] for plugin in listed if plugin["file"].startswith(str(tmp_path))] == ["refused"]


def unit():
    """{section: {key: [values]}} of the unit."""
    found, section = {}, ""
    for line in (TREE / "config" / "portolan.service").read_text().splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found


def test_the_unit_fits_the_program(shown):
    service = unit()["Service"]
    assert service["Type"] == ["notify"] and service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    settings = shown("--config", os.devnull)
    assert settings["store.path"]["default"] == "/var/lib/" + service["StateDirectory"][0]
    assert f"unix:/run/{service['RuntimeDirectory'][0]}/portolan.sock" in settings["server.listen"]["default"]
    drain = int(settings["server.drain"]["default"].removesuffix("s"))
    assert drain < int(service["TimeoutStopSec"][0])
    assert "78" in service["RestartPreventExitStatus"][0].split()
    assert settings["store.key-file"]["value"] == "/var/lib/portolan/key"


def test_a_systemd_credential_is_the_key(shown, portolan, tmp_path):
    name, = unit()["Service"]["LoadCredential"]
    (tmp_path / name).write_text("x")
    (tmp_path / name).chmod(0o440)  # As systemd's access list looks.
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert shown("--config", os.devnull, env=env)["store.key-file"]["value"] == str(tmp_path / name)
    assert portolan("config", "check", "--config", os.devnull, env=env).code == 0


@pytest.fixture
def analyze(portolan, tmp_path):
    """systemd-analyze on the unit with the built program in it."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    text = (TREE / "config" / "portolan.service").read_text()
    (tmp_path / "portolan.service").write_text(text.replace("/usr/bin/portolan", str(portolan.binary)))

    def run(*arguments):
        return subprocess.run(["systemd-analyze", *arguments, tmp_path / "portolan.service"],
                              capture_output=True, text=True)
    return run


def test_systemd_takes_the_unit_as_it_is(analyze):
    verified = analyze("verify", "--man=no")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_unit_exposes_little(analyze):
    judged = analyze("security", "--offline=true", "--threshold=15")
    exposure = float(re.search(r"Overall exposure level for portolan.service: ([0-9.]+)", judged.stdout)[1])
    assert judged.returncode == 0 and exposure <= 1.5, judged.stdout
