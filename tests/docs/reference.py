"""The generated pages of docs/: config.md from the document's schema and the table of settings, cli.md from -h,
types.md from the plugins; and config/portolan.conf. api.md from what a daemon serves.

    python3 tests/docs/reference.py        writes them again, with the binary of PORTOLAN_BUILD or .build/dev
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests"))

from docs.api_page import api_page, served_description  # noqa: E402

MADE = "<!-- Made by tests/docs/reference.py; do not edit. -->"

SETTINGS = """
## Settings of the program

INI files, apart from the documents: `--config FILE`, else `PORTOLAN_CONFIG`, else
`$XDG_CONFIG_HOME/portolan/portolan.conf` (not for root), else `/etc/portolan/portolan.conf`. After it come the files
`conf.d/*.conf` beside it in the order of their names, then the environment (`PORTOLAN_SECTION_KEY`, dots and dashes
as underscores: `PORTOLAN_SERVER_HEADER_LIMIT`), then flags of `portolan serve`, `config show` and `config check`
(`--set SECTION.KEY=VALUE`, and some with names of their own); what comes later wins. Without any the defaults hold.

`portolan config show --origin` tells where each value comes from; `portolan config check` tells all mistakes at once,
with file and line. Unknown keys are mistakes. A relative path in a file starts at the file's folder. Everything behind
a `#` is a comment. No secret stands here, only names of files. `config/portolan.conf` has every setting with its
default. `portolan plugins enable|disable TYPE` changes `plugins.enabled` and leaves comments and order as they are.

Durations are numbers with `ms`, `s`, `m`, `h` or `d` (`90d`, `1m30s`); sizes have `KiB`, `MiB`, `GiB` or `kB`, `MB`,
`GB`; lists are separated by commas. *Reload*: SIGHUP and `POST /api/v1/reload` change it; *restart*: it changes when
the daemon starts again.
"""

EXAMPLE = """\
# Settings of Portolan, every one with its default: take the # away from a line and change it.
# Usual place: /etc/portolan/portolan.conf; further files in conf.d/*.conf beside it, then variables
# (PORTOLAN_SERVER_LISTEN), then flags win. Check it: portolan config check --config FILE
# Made by tests/docs/reference.py; do not edit.
"""

COMMANDS = """\
A flag has one name and one meaning everywhere, and stands where it means something: a command that contacts nothing
(`lint`, `types`, `plugins list`, `config`) has no `--timeout`, one that asks a single registry no `--parallel`, one
that runs no plugin no `--log-level`.
"""


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def kind(field):
    """The type of a field, with what narrows it."""
    words = f"list of {kind(field['items'])}" if field["type"] == "array" and "items" in field else field["type"]
    if "const" in field:
        words = f"`{json.dumps(field['const'])}`" if field["type"] != "string" else f"`{field['const']}`"
    if "enum" in field:
        words = ", ".join(f"`{choice}`" for choice in field["enum"])
    if "format" in field:
        words += f" ({field['format']})"
    if "pattern" in field:
        words += f" like `{field['pattern']}`"
    return words


def rows(schema, path):
    """A row for every field below `path`, in the order of the schema."""
    for name, field in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        text = field.get("description", "")
        if field.get("examples"):
            text += " For example " + ", ".join(f"`{example}`" for example in field["examples"]) + "."
        default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
        yield [f"`{place}`", kind(field), "yes" if name in schema.get("required", []) else "", default, text]
        items = field.get("items", {})
        yield from rows(items, place + "[]") if items else rows(field, place)


def table(header, lines):
    return "".join("| " + " | ".join(map(cell, line)) + " |\n"
                   for line in [header, ["---"] * len(header), *lines])


def config_page(run):
    schema = json.loads(run("schema"))
    return (f"# The document\n\n{MADE}\n\n{schema['description']} YAML or JSON, several documents to a file;\n"
            "the schema is `config/manifest.schema.json` (`portolan schema`), an example `config/example.yaml`.\n"
            "`[]` stands for each entry of a list. A type's own fields stand under `options`:\n"
            "see [types.md](types.md).\n\n"
            + table(["Field", "Type", "Required", "Default", "Means"], rows(schema, "")) + SETTINGS + "".join(
                f"\n### {section}\n\n" + table(["Key", "Kind", "Default", "Takes", "Means"], [
                    [f"`{each['name']}`", each["kind"], f"`{each['default']}`" if each["default"] else "",
                     each["change"], sentence(each["help"])] for each in each_of])
                for section, each_of in settings(run)))


def settings(run):
    """The settings by section, in the order of the program."""
    shown = json.loads(run("config", "show", "--config", os.devnull, "-o", "json"))["settings"]
    return [(section, list(members)) for section, members
            in itertools.groupby(shown, lambda each: each["name"].partition(".")[0])]


def sentence(text):
    return text[0].upper() + text[1:] + "."


def settings_example(run):
    parts = [EXAMPLE]
    for section, members in settings(run):
        parts.append(f"\n[{section}]\n\n" if len(parts) == 1 else f"[{section}]\n\n")
        for each in members:
            lines = textwrap.wrap(sentence(each["help"]), 96, break_on_hyphens=False, break_long_words=False)
            value = f"{each['name'].partition('.')[2]} = {each['default']}".rstrip()
            parts.append("".join(f"# {line}\n" for line in lines) + f"#{value}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def commands(run):
    """What `portolan -h` lists, in its order."""
    listed, names = run("-h"), []
    for name in re.findall(r"^  ([a-z]+(?: [a-z-]+)?)(?:  | [A-Z]|$)", listed.partition("Examples:")[0], re.MULTILINE):
        names.append(name)
    return names


def cli_page(run):
    parts = [f"# The command line\n\n{MADE}\n\n{COMMANDS}\n```\n{run('-h')}```\n"]
    parts += [f"## portolan {name}\n\n```\n{run(*name.split(), '-h')}```\n" for name in commands(run)]
    return "\n".join(parts)


def types_page(run):
    parts = [f"# Registry types\n\n{MADE}\n\nThe fields of each type's form, from the schema in its plugin\n"
             "(`portolan types show TYPE`). Credentials stand under `credentials` of a registry (the password as\n"
             "`passwordFrom`), options under `options` or behind `--option`.\n"]
    for each in json.loads(run("types", "-o", "json"))["types"]:
        shown = json.loads(run("types", "show", each["type"], "-o", "json"))
        lines = [[f"`{field['pointer'][1:].replace('/', '.')}`", field["type"], "yes" if field["required"] else "",
                  "yes" if field["secret"] else "",
                  "" if field["default"] is None else f"`{json.dumps(field['default'])}`",
                  ", ".join(f"`{choice}`" for choice in field["choices"]),
                  f"{field['title']}. {field['help']}"] for field in shown["fields"]]
        parts.append(f"## {each['type']}: {each['name']}\n\n"
                     + table(["Field", "Type", "Required", "Secret", "Default", "Choices", "Means"], lines))
    return "\n".join(parts)


PAGES = {"config.md": config_page, "cli.md": cli_page, "types.md": types_page,
         "../config/portolan.conf": settings_example}


def main():
    build = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "dev")

    def run(*arguments):
        plain = {**os.environ, "PORTOLAN_PLUGIN_DIRS": "", "LC_ALL": "C.UTF-8"}
        return subprocess.run([build / "bin/portolan", *arguments], env=plain, capture_output=True, text=True,
                              check=True).stdout

    for name, make in PAGES.items():
        page = (TREE / "docs" / name).resolve()
        page.write_text(make(run))
        print(page.relative_to(TREE))
    (TREE / "docs" / "api.md").write_text(api_page(served_description(build / "bin/portolan")))
    print("docs/api.md")


if __name__ == "__main__":
    sys.exit(main())
