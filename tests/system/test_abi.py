"""The laws of the C contract that a compiler can see (plugin-abi.md 4.1): L1-L5 and the layout of minor 0."""
import re
import shutil
import subprocess

import pytest

from abi_layout import ABI, ROOT, measure, structs

LOCK = ROOT / "tests/system/abi-1.0.lock"
FROZEN_BY_VALUE = {"portolan_str", "portolan_kv"}
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def compiles(compiler, standard, language, source, include=ABI.parents[1]):
    return subprocess.run([compiler, f"-std={standard}", "-x", language, *STRICT, f"-I{include}", "-"],
                          input=source, capture_output=True, text=True)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_layout_is_the_locked_one(compiler, tmp_path):
    locked = LOCK.read_text().splitlines()
    shipped = {line.split()[0] for line in locked}
    # A later minor adds members; sizes then move to its own lock file, offsets that shipped stay.
    assert [line for line in measure(compiler, tmp_path) if line.split()[0] in shipped] == locked


@pytest.mark.parametrize("compiler,standard,language", [
    ("gcc", "c11", "c"), ("clang", "c11", "c"), ("g++", "c++20", "c++"), ("clang++", "c++20", "c++")])
def test_the_contract_compiles_without_a_warning(compiler, standard, language):
    done = compiles(compiler, standard, language, "#include <portolan/abi/abi.h>\n")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("header", sorted(p.name for p in ABI.parent.glob("*.hpp")))
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_each_author_header_stands_alone(compiler, header):
    done = compiles(compiler, "c++20", "c++", f"#include <portolan/{header}>\n")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("header", ["call", "fan", "pager", "plugin"])
def test_each_way_to_the_call_gives_the_whole_of_it(header):
    use = ("int count(portolan::call& call, const std::vector<std::string>& urls) {\n"
           "  int n = 0;\n  portolan::fan out(call);\n  out.run();\n"
           "  call.each(urls, [&](portolan::response&&, std::size_t) { ++n; });\n"
           "  return n + static_cast<int>(call.get(\"/\").json().size());\n}\n")
    done = compiles("g++", "c++20", "c++", f"#include <portolan/{header}.hpp>\n{use}")
    assert done.returncode == 0, done.stderr


def test_every_growable_struct_starts_with_its_size():
    for name, fields in structs():
        assert fields[0] == "size" or name in FROZEN_BY_VALUE, f"{name} starts with {fields[0]}"


def bodies():
    text = "\n".join(re.sub(r"/\*.*?\*/", "", p.read_text(), flags=re.S) for p in sorted(ABI.rglob("*.h")))
    return re.findall(r"typedef struct (\w+) \{(.*?)\n\} \1;", text, re.S)


def test_no_growable_struct_is_embedded_by_value():
    growable = {name for name, _ in bodies()} - FROZEN_BY_VALUE
    for name, body in bodies():
        for statement in body.split(";"):
            if "(*" not in statement:
                for kind in growable:
                    assert not re.search(rf"\b{kind}\s+\w", statement), f"{name} embeds {kind}"


def test_only_fixed_width_integers_are_used():
    for name, body in bodies():
        assert not re.search(r"\b(bool|_Bool|enum|int|long|short|unsigned|size_t|float|double|union)\b", body), name
        assert not re.search(r"\w\s*:\s*\d", body), f"{name} has a bit-field"


def test_every_function_says_its_thread():
    """L9: a tag before each function pointer and before the exported symbol."""
    for path in sorted(ABI.rglob("*.h")):
        text = path.read_text()
        for match in re.finditer(r"\(\*(\w+)\)\(", text):
            before = text[:match.start()]
            comment = before[before.rfind("/*"):]
            if "typedef struct portolan_http_sink" in before and "typedef struct portolan_http {" not in before:
                continue  # The sink's callbacks are tagged once, above the struct.
            assert re.search(r"\[(any|in-call|serial)\]", comment), f"{path.name}: {match[1]} has no thread tag"


@pytest.mark.parametrize(
    "change", ["a field in the middle", "another type", "two fields swapped", "a field taken away"])
def test_a_changed_layout_does_not_compile(change, tmp_path):
    """The gate itself: static_assert must go red for each way of breaking shipped plugins."""
    folder = tmp_path / "portolan/abi"
    shutil.copytree(ABI, folder)
    path = folder / "call.h"
    text = path.read_text()
    path.write_text({
        "a field in the middle": lambda: text.replace("  uint64_t id;", "  uint64_t other;\n  uint64_t id;"),
        "another type": lambda: text.replace("  int64_t deadline_ns;",
                                             "  int32_t deadline_ns;\n  int32_t x;\n  int64_t y;"),
        "two fields swapped": lambda: text.replace("  void* host_context;  /*", "  uint64_t id; /*").replace(
            "  uint64_t id;         /*", "  void* host_context; /*"),
        "a field taken away": lambda: text.replace("  uint64_t id;         /*", "  /*"),
    }[change]())
    assert path.read_text() != text
    done = compiles("gcc", "c11", "c", "#include <portolan/abi/abi.h>\n", include=tmp_path)
    assert done.returncode != 0 and "assert" in done.stderr
