"""The generated pages of docs/: config.md from the document's schema, cli.md from -h, types.md from the plugins.

    python3 tests/docs/reference.py        writes them again, with the binary of PORTOLAN_BUILD or .build/dev
"""

import json
import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
MADE = "<!-- Made by tests/docs/reference.py; do not edit. -->"

SETTINGS = """
## Settings of the program

An INI file, apart from the documents: `--config FILE`, else `PORTOLAN_CONFIG`, else
`$XDG_CONFIG_HOME/portolan/portolan.conf` (not for root), else `/etc/portolan/portolan.conf`. Without one the defaults
hold. `portolan plugins enable|disable TYPE` writes it and leaves comments and order as they are.

| Key | Type | Default | Means |
|---|---|---|---|
| `plugins.enabled` | types, separated by commas | `docker-registry, harbor` | types whose plugins may be used |

```ini
[plugins]
enabled = docker-registry, harbor
```
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
            + table(["Field", "Type", "Required", "Default", "Means"], rows(schema, "")) + SETTINGS)


def commands(run):
    """What `portolan -h` lists, in its order."""
    listed, names = run("-h"), []
    for name in re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?:  | [A-Z]|$)", listed.partition("Examples:")[0], re.MULTILINE):
        names.append(name)
    return names


def cli_page(run):
    parts = [f"# The command line\n\n{MADE}\n\n```\n{run('-h')}```\n"]
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


PAGES = {"config.md": config_page, "cli.md": cli_page, "types.md": types_page}


def main():
    build = pathlib.Path(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "dev")

    def run(*arguments):
        plain = {**os.environ, "PORTOLAN_PLUGIN_DIRS": "", "LC_ALL": "C.UTF-8"}
        return subprocess.run([build / "bin/portolan", *arguments], env=plain, capture_output=True, text=True,
                              check=True).stdout

    for name, make in PAGES.items():
        (TREE / "docs" / name).write_text(make(run))
        print(f"docs/{name}")


if __name__ == "__main__":
    sys.exit(main())
