"""config/manifest.schema.json, judged by a JSON Schema library that is not ours: the same verdict on shape.

The folders of tests/unit/manifest/documents say the verdict; the unit tests hold the program to it, this the schema.
"""
import json
import pathlib
import re

import jsonschema
import pytest
import yaml

TREE = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = TREE / "tests/unit/manifest/documents"
SCHEMA = json.loads((TREE / "config/manifest.schema.json").read_text())

formats = jsonschema.FormatChecker(formats=())


@formats.checks("duration")
def is_duration(value):
    return not isinstance(value, str) or re.fullmatch(r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+", value) is not None


class CoreSchemaLoader(yaml.SafeLoader):
    """YAML 1.2: PyYAML reads 1.1, where `no` is false."""


CoreSchemaLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"|~|null|Null|NULL", ["~", "n", "N", ""]),
]:
    CoreSchemaLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def documents(file):
    if file.suffix == ".json":
        return [json.loads(file.read_text())]
    return [each for each in yaml.load_all(file.read_text(), CoreSchemaLoader) if each is not None]


def accepts(document):
    return jsonschema.Draft202012Validator(SCHEMA, format_checker=formats).is_valid(document)


def files(folder):
    found = sorted(each for each in (DOCUMENTS / folder).iterdir() if each.suffix != ".mistakes")
    assert found
    return [pytest.param(each, id=f"{folder}/{each.name}") for each in found]


def test_the_published_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", files("good") + files("bad-rules"))
def test_what_the_program_finds_of_good_shape_the_schema_accepts(file):
    assert all(accepts(each) for each in documents(file))


@pytest.mark.parametrize("file", files("bad-shape"))
def test_what_the_program_finds_of_bad_shape_the_schema_refuses(file):
    assert not all(accepts(each) for each in documents(file))


@pytest.mark.parametrize("name", ["example.yaml", "demo.yaml"])
def test_the_shipped_documents_fit_the_published_schema(name):
    assert all(accepts(each) for each in documents(TREE / "config" / name))
