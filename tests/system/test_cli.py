"""The commands around the run: what each takes, prints and ends with."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess

import pytest
import yaml
from docs.reference import commands

from rigs import DockerRegistry, push_many
from rigs.binary import CANARY, SOON
from rigs.hostile import Upstream, answers
from rigs.process import wait_for
from rigs.simulated_harbor import SimulatedHarbor

COMMANDS = ["run", "lint", "validate", "stats", "detect", "repos", "tags", "plugins list", "plugins inspect",
            "plugins doctor", "plugins check", "plugins new", "plugins enable", "plugins disable", "types",
            "types show", "config show", "config check", "completion", "man", "schema", "serve", "setup", "login",
            "import", "backup", "restore", "key rotate", "doctor", "search", "whoami", "reload", "plugins served"]
OF_THE_DAEMON = {"registry": "add try set rename pull-credential remove list show overview checks stats series events"
                             " check collect refresh pause resume",
                 "space": "list show create visibility delete", "binding": "list add remove",
                 "image": "list repositories tags refresh pull-secret push",
                 "workspace": "list show create set rename remove members member dismiss namespaces assign release"
                              " rotate-credential",
                 "user": "list show create password disable enable remove", "token": "list create revoke",
                 "job": "list show watch cancel", "event": "list watch", "audit": "list verify export",
                 "webhook": "list create show update enable disable delete"}
COMMANDS += [f"{noun} {verb}" for noun, verbs in OF_THE_DAEMON.items() for verb in verbs.split()]
PLUGIN = {"file", "state", "id", "version", "types", "code", "message", "hint", "needs_restart"}


@pytest.fixture
def registry(start):
    running = start(DockerRegistry)
    running.push().image("team/app", ["v1", "v2"])
    return running


@pytest.fixture
def locked(start):
    """A registry with an account; its password is the canary."""
    return start(DockerRegistry, "htpasswd", password=CANARY)


def at(registry, *more):
    return ["--type", "docker-registry", "--address", getattr(registry, "address", registry), *more]


def document(folder, *registries, name="fleet.yaml"):
    file = folder / name
    file.write_text(yaml.safe_dump({"apiVersion": "portolan.dev/v1", "kind": "Manifest", "metadata": {"name": "fleet"},
                                    "spec": {"registries": list(registries)}}))
    return file


# help, completion, manual


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(portolan, command):
    result = portolan(*command.split(), "-h")
    assert result.code == 0 and result.stderr == ""
    assert f"portolan {command}" in result.stdout
    assert re.search(r"^Examples?:?$", result.stdout, re.MULTILINE)


def test_the_list_of_commands_above_is_whole(portolan):
    assert sorted(commands(lambda *arguments: portolan(*arguments).stdout)) == sorted(COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_accepts_its_completion(portolan, tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "completion"
    script.write_text(portolan("completion", shell).stdout)
    checked = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_bash_completes_commands_and_formats(portolan, tmp_path):
    script = tmp_path / "completion"
    script.write_text(portolan("completion", "bash").stdout)
    complete = """
        source %s; command=$(complete -p portolan | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=(portolan %s ''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"
        COMP_POINT=${#COMP_LINE}; $command portolan '' x; printf '%%s\\n' "${COMPREPLY[@]}" """
    words = subprocess.run(["bash", "-c", complete % (script, "")], capture_output=True, text=True).stdout.split()
    assert {"run", "validate", "stats", "plugins"} <= set(words)
    forms = subprocess.run(["bash", "-c", complete % (script, "run -o")], capture_output=True, text=True).stdout.split()
    assert set(forms) == {"table", "json", "yaml", "junit"}


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_manual_page_is_typeset_without_a_warning(portolan):
    page = portolan("man").stdout
    typeset = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rF0"], input=page, capture_output=True, text=True)
    assert (typeset.returncode, typeset.stderr) == (0, "")
    assert all(option in page.replace("\\-", "-") for option in ("--fail-on", "--max-requests", "--password-from"))


# the command line


@pytest.mark.parametrize("arguments, says", [
    (["runn"], "run"),
    (["run"], "-f"),
    (["run", "-f", "x.yaml", "--paralel", "3"], "parallel"),
    (["run", "-f", "x.yaml", "-o", "xml"], "junit"),
    (["run", "-f", "x.yaml", "--timeout", "soon"], "--timeout"),
    (["run", "-f", "x.yaml", "--timeout", "0s"], "longer than zero"),
    (["run", "-f", "x.yaml", "--parallel", "0"], "from 1"),
    (["stats", "-f", "x.yaml", "--concurrency", "0"], "from 1"),
    (["stats", "-f", "x.yaml", "--max-requests", "0"], "from 1"),
    (["validate", "--type", "docker-registry"], "--address"),
    (["run", "-f", "x.yaml", "--address", "localhost"], "address"),
    (["validate"], "--address"),
    (["validate", "-f", "x.yaml", "--type", "harbor", "--address", "localhost"], "-f"),
    (["validate", "--type", "docker-registry", "--address", "localhost", "--option", "pageSize"], "KEY=VALUE"),
    (["validate", "--type", "docker-registry", "--address", "localhost", "--option", "pagesiz=5"], "pageSize"),
    (["tags"], "REPO"),
    (["lint"], "-f"),
])
def test_a_wrong_command_line_is_64_and_says_what(portolan, arguments, says):
    result = portolan(*arguments)
    assert (result.code, result.stdout) == (64, "")
    assert says in result.stderr


@pytest.mark.parametrize("flags, says", [
    (["--username", "u"], "--password-from"),
    (["--password-from", "env:CANARY"], "--username"),
    (["--option", "pageSize=many"], "pageSize"),
    (["--option", "pageSize=0"], "pageSize"),
    (["--username", "u", "--password-from", "env:NOT_SET"], "NOT_SET"),
    (["--username", "u", "--password-from", CANARY], "env:NAME"),
    (["--ca", "/nowhere/ca.pem"], "--ca"),
    (["--pin", "abc"], "--pin"),
    (["--proxy", "socks5://localhost"], "--proxy"),
    (["--client-certificate", __file__], "--client-key"),
    (["--username", "u", "--password-from", "env:CANARY", "--trusted-realm", "auth.example.com/token"], "origin"),
])
def test_wrong_values_are_78_and_nothing_is_contacted(portolan, flags, says):
    with Upstream({".*": answers.ok("{}")}) as upstream:
        result = portolan("validate", *at(upstream.home), *flags, env={"CANARY": CANARY})
        assert (result.code, result.stdout) == (78, "")
        assert says in result.stderr
        assert not upstream.seen


def test_an_unknown_type_is_78_with_the_nearest_name(portolan):
    result = portolan("validate", "--type", "docker-registri", "--address", "localhost")
    assert result.code == 78 and "docker-registry" in result.stderr


def test_the_one_registry_that_failed_is_1(portolan):
    assert portolan("validate", *at("http://127.0.0.1:1")).code == 1
    assert portolan("stats", *at("http://127.0.0.1:1")).code == 1


# secrets


@pytest.mark.parametrize("source", ["env", "file", "stdin", "credential"])
def test_a_password_comes_from_where_it_is_said(portolan, locked, tmp_path, source):
    secret = tmp_path / "secret"
    secret.write_text(CANARY + "\n")
    secret.chmod(0o600)
    place = {"env": "env:RIG", "file": f"file:{secret}", "stdin": "stdin", "credential": "credential:secret"}[source]
    result = portolan("validate", *at(locked, "--username", locked.username, "--password-from", place), "-o", "json",
                      env={"RIG": CANARY, "CREDENTIALS_DIRECTORY": str(tmp_path)},
                      stdin=CANARY if source == "stdin" else "")
    assert result.code == 0, result.stdout + result.stderr
    [found] = result.json()["registries"]
    assert {check["name"]: check["state"] for check in found["validation"]["checks"]}["credentials"] == "ok"


@pytest.mark.parametrize("command", [["validate"], ["stats"], ["repos"], ["tags", "team/app"]])
@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_a_wrong_password_fails_and_is_in_no_output(portolan, start, command, form):
    registry = start(DockerRegistry, "htpasswd")
    account = ["--username", registry.username, "--password-from", "env:RIG"]
    result = portolan(*command, *at(registry, *account), "-o", form, "--log-level", "debug",
                      env={"RIG": CANARY})  # The fixture looks for the canary.
    assert result.code == 1
    assert "unauthorized" in result.stdout + result.stderr or "refuse" in result.stdout + result.stderr


# lint


def test_lint_tells_all_mistakes_of_all_files_with_their_places(portolan, tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    head = "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: x}\nspec:\n  registries:\n"
    first.write_text(head + "  - {name: one, type: docker-registri, address: localhost}\n"
                            "  - {name: two, type: docker-registry, adress: localhost}\n")
    second.write_text(head + "  - {name: three, type: docker-registry, address: localhost, options: {pageSize: x}}\n")
    result = portolan("lint", "-f", first, "-f", second, "-o", "json")
    assert result.code == 78
    mistakes = result.json()["mistakes"]
    assert all(set(each) == {"file", "line", "column", "path", "message", "found", "expected", "nearest"}
               for each in mistakes)
    places = {(pathlib.Path(each["file"]).name, each["line"]) for each in mistakes}
    assert {("a.yaml", 6), ("a.yaml", 7), ("b.yaml", 6)} <= places
    assert {"docker-registry", "address"} <= {each["nearest"] for each in mistakes}
    table = portolan("lint", "-f", first, "-f", second)
    assert f"{len(mistakes)} mistakes" in table.stdout and f"{first}:6:" in table.stdout


def test_lint_of_a_good_file_is_0_and_contacts_nobody(portolan, tmp_path):
    with Upstream({".*": answers.ok("{}")}) as upstream:
        file = document(tmp_path, {"name": "x", "type": "docker-registry", "address": upstream.home})
        assert portolan("lint", "-f", file).code == 0
        assert not upstream.seen


def test_lint_reads_standard_input_and_names_what_a_directory_lacks(portolan, tmp_path):
    file = document(tmp_path, {"name": "x", "type": "docker-registry", "address": "localhost"})
    assert portolan("lint", "-f", "-", stdin=file.read_text()).code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    for command in ("lint", "run"):
        result = portolan(command, "-f", empty)
        assert result.code == 78 and "empty" in result.stdout + result.stderr
    mistake, = portolan("lint", "-f", empty, "-o", "json").json()["mistakes"]
    assert mistake["file"].endswith("empty") and mistake["message"]
    assert {name for name, value in mistake.items() if value is None} == {
        "line", "column", "path", "found", "expected", "nearest"}


# detect, repos, tags


def test_detect_names_the_type_that_is_sure(portolan, registry):
    with SimulatedHarbor() as harbor:
        for address, expected in ((registry.address, "docker-registry"), (harbor.url, "harbor")):
            result = portolan("detect", address, "-o", "json")
            assert result.code == 0
            best = result.json()["detections"][0]
            assert best["type"] == expected and best["score"] >= 80 and best["reason"]


def test_detect_is_1_when_nobody_is_sure(portolan):
    with Upstream({".*": answers.page()}) as upstream:
        assert portolan("detect", upstream.home).code == 1


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_listing_goes_on_where_it_stopped(portolan, start, form):
    registry = start(DockerRegistry)
    names = sorted(f"team/app-{n}" for n in range(7))
    push_many(registry, names)
    whole = yaml.safe_load(portolan("repos", *at(registry), "-o", form).stdout)
    assert ([row["name"] for row in whole["repositories"]], whole["cursor"]) == (names, None)
    seen, cursor = [], []
    for _ in range(7):
        answer = yaml.safe_load(portolan("repos", *at(registry), "--limit", "3", *cursor, "-o", form).stdout)
        assert len(answer["repositories"]) <= 3
        seen += [row["name"] for row in answer["repositories"]]
        if not answer["cursor"]:
            break
        cursor = ["--cursor", answer["cursor"]]
    assert seen == names


def test_listings_take_a_registry_of_a_document(portolan, registry, tmp_path):
    file = document(tmp_path, {"name": "one", "type": "docker-registry", "address": registry.address},
                    {"name": "two", "type": "docker-registry", "address": "http://127.0.0.1:1"})
    result = portolan("tags", "team/app", "-f", file, "--registry", "one")
    assert (result.code, result.stdout.split()) == (0, ["v1", "v2"])
    assert portolan("repos", "-f", file, "--registry", "one").stdout.split() == ["team/app"]
    assert portolan("repos", "-f", file).code == 64
    unknown = portolan("tags", "team/none", "-f", file, "--registry", "one")
    assert unknown.code == 1 and "the registry knows no repository team/none\n" in unknown.stderr, unknown.stderr
    assert "portolan repos" in unknown.stderr and "address" not in unknown.stderr, unknown.stderr


def test_rows_come_before_the_listing_ends(portolan):
    first = answers.ok(json.dumps({"repositories": ["team/one"]}),
                       ("Link", '</v2/_catalog?last=team%2Fone&n=1>; rel="next"'))
    silent = answers.hang()

    async def catalog(exchange):
        await (silent if "last" in exchange.query else first)(exchange)

    rules = {"/v2/": answers.ok("{}"), "/v2/_catalog": catalog}
    with Upstream(rules) as upstream:
        process = portolan.start("repos", *at(upstream.home), "-o", "json")
        try:
            wait_for(lambda: any("last=" in seen.target for seen in upstream.seen), "page two", 10)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=SOON)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 130
    assert [row["name"] for row in json.loads(out)["repositories"]] == ["team/one"]


# plugins and types


def test_plugins_are_listed_in_the_promised_shape(portolan):
    for command in (["plugins", "list"], ["plugins", "doctor"]):
        answer = portolan(*command, "-o", "json").json()
        assert set(answer) == {"plugins"} and all(set(plugin) == PLUGIN for plugin in answer["plugins"])
        assert {"docker-registry", "harbor"} <= {name for plugin in answer["plugins"] for name in plugin["types"]}
        assert {plugin["state"] for plugin in answer["plugins"]} == {"ready"}


def test_a_plugin_is_disabled_and_enabled_in_the_settings(portolan, tmp_path):
    settings = tmp_path / "portolan.conf"
    settings.write_text("# mine\n[plugins]\nenabled = docker-registry, harbor\n")

    def states():
        plugins = portolan("plugins", "list", "--config", settings, "-o", "json").json()["plugins"]
        return {plugin["types"][0]: plugin["state"] for plugin in plugins}

    assert portolan("plugins", "disable", "harbor", "--config", settings).code == 0
    assert (states()["harbor"], states()["docker-registry"]) == ("disabled", "ready")
    for command, part in (("validate", "validation"), ("stats", "statistics")):
        failed = portolan(command, "--type", "harbor", "--address", "localhost", "--config", settings, "-o", "json")
        registry = failed.json()["registries"][0]
        assert (failed.code, registry["error"]["code"], registry[part]) == (1, "plugin_disabled", None)
        assert "plugins enable harbor" in registry["error"]["hint"]
    shown = portolan("validate", "--type", "harbor", "--address", "localhost", "--config", settings)
    assert shown.code == 1 and "plugins enable harbor" in shown.stdout
    assert portolan("plugins", "enable", "harbor", "--config", settings).code == 0
    assert states()["harbor"] == "ready"
    assert settings.read_text().startswith("# mine\n")


def test_a_type_that_nothing_implements_is_not_enabled(portolan, tmp_path):
    settings = tmp_path / "portolan.conf"
    settings.write_text("[plugins]\nenabled = docker-registry, old-type\n")
    refused = portolan("plugins", "enable", "habor", "--config", settings)
    assert refused.code == 1 and 'no plugin implements the type "habor"' in refused.stderr
    assert "did you mean harbor?" in refused.stderr
    assert "habor" not in settings.read_text()
    # What was enabled once and is gone can still be taken away.
    assert portolan("plugins", "disable", "old-type", "--config", settings).code == 0
    assert "old-type" not in settings.read_text()


def test_a_plugin_folder_that_is_not_there_is_said(portolan, tmp_path):
    for command in (["validate", "--type", "mine", "--address", "localhost"], ["plugins", "list"], ["types"]):
        refused = portolan(*command, "--plugin-dir", tmp_path / "nowhere")
        assert refused.code == 78 and refused.stdout == ""
        assert f"--plugin-dir: there is no folder {tmp_path}/nowhere" in refused.stderr
        assert "no plugin implements" not in refused.stderr


def test_inspect_prints_the_manifest(portolan):
    file = next(portolan.build.glob("lib/portolan/plugins/harbor.so"))
    answer = portolan("plugins", "inspect", file, "-o", "json").json()
    assert set(answer) == PLUGIN | {"manifest"}
    assert answer["types"] == ["harbor"]
    refused = portolan("plugins", "inspect", __file__, "-o", "json")
    assert refused.code == 1 and refused.json()["plugins"][0]["code"] == "not_elf"


def test_types_show_the_fields_of_a_form(portolan):
    fields = {field["name"]: field for field in portolan("types", "show", "harbor", "-o", "json").json()["fields"]}
    assert fields["username"]["required"] and not fields["username"]["secret"]
    assert fields["password"]["required"] and fields["password"]["secret"]
    fields = {field["name"]: field
              for field in portolan("types", "show", "docker-registry", "-o", "json").json()["fields"]}
    assert not fields["username"]["required"] and fields["pageSize"]["default"] == 1000
    wrong = portolan("types", "show", "harbour")
    assert wrong.code == 1 and "harbor" in wrong.stderr


# terminals


def on_terminal(portolan, *arguments, env=None):
    """What a person sees: (code, standard output, standard error), both terminals."""
    ends = [pty.openpty(), pty.openpty()]
    process = subprocess.Popen(portolan.command(*arguments), env=portolan.environment(env), stdin=subprocess.DEVNULL,
                               stdout=ends[0][1], stderr=ends[1][1])
    for _, theirs in ends:
        os.close(theirs)
    texts = {ours: b"" for ours, _ in ends}
    open_ends = set(texts)
    while open_ends:
        for ours in select.select(list(open_ends), [], [], 20)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: the other side is closed.
                data = b""
            texts[ours] += data
            if not data:
                open_ends.discard(ours)
    for ours in texts:
        os.close(ours)
    return process.wait(20), *(text.decode() for text in texts.values())


def test_colour_and_progress_on_a_terminal_only(portolan, registry, tmp_path):
    file = document(tmp_path, {"name": "one", "type": "docker-registry", "address": registry.address})
    piped = portolan("run", "-f", file)
    assert "\033" not in piped.stdout and piped.stderr == ""
    code, out, err = on_terminal(portolan, "run", "-f", file)
    assert code == 0
    assert "\033[32m" in out and "1 of 1" not in out
    assert "1 of 1 registries" in err
    _, out, _ = on_terminal(portolan, "run", "-f", file, env={"NO_COLOR": "1"})
    assert "\033" not in out
    _, out, _ = on_terminal(portolan, "run", "-f", file, "-o", "json")
    assert "\033" not in out and json.loads(out)


@pytest.mark.parametrize("words", [["types"], ["plugins", "list", "-o", "json"], ["--version"], ["run", "-h"]])
def test_an_output_that_cannot_be_written_is_no_success(portolan, words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(portolan.command(*words), env=portolan.environment(), stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "could not be written" in done.stderr
