"""A room includes rooms of lower rank only, and each third-party library has one door (docs/architecture.md)."""

import re

from tree import TREE, files, includes

RANK = {"base": 0, "model": 1, "config": 2, "manifest": 2, "net": 2, "store": 2, "services": 3, "plugin": 4,
        "router": 5, "engine": 6, "api": 7, "cli": 7, "daemon": 8, "main": 9, "worker_main": 9}
DOOR = {"rapidjson/": {"base"}, "re2/": {"base"}, "sodium": {"base"}, "curl/": {"net"}, "openssl/": {"net", "api"},
        "boost/dll": {"plugin"},
        "boost/program_options": {"config"}, "yaml-cpp/": {"manifest"}, "SQLiteCpp/": {"store"}, "sqlite3": {"store"},
        "boost/beast": {"api"}, "boost/asio": {"api"}, "prometheus/": {"api"}, "portolan/": {"services", "plugin"}}
SYSTEM = ("sys/", "netinet/", "arpa/", "net/if", "linux/")


def room_of(file):
    return file.parts[1].removesuffix(".cpp")


def wrong_includes(file, found, rank=RANK):
    """Sentences, one for each include that `file` of core/ may not have."""
    room, wrong = room_of(file), []
    for line, target in found:
        other = target.split("/")[0]
        if other in rank and "/" in target and other != room and rank[other] >= rank[room]:
            wrong.append(f"{file}:{line}: {room} may not include {target}")
        wrong += [f"{file}:{line}: {target} belongs behind {sorted(rooms)}"
                  for prefix, rooms in DOOR.items() if target.startswith(prefix) and room not in rooms]
    return wrong


def test_rooms_look_down_only_and_libraries_have_one_door():
    sources = files(".h", ".cpp", under=("core",))
    assert sources and {room_of(file) for file in sources} <= set(RANK)
    assert [sentence for file in sources for sentence in wrong_includes(file, includes(file))] == []


def test_every_library_that_core_uses_has_a_door():
    known = (*DOOR, *SYSTEM, *(f"{room}/" for room in RANK))
    assert [f"{file}:{line}: {target} has no door" for file in files(".h", ".cpp", under=("core",))
            for line, target in includes(file) if "/" in target and not target.startswith(known)] == []


def test_plugins_and_sdk_know_nothing_of_core():
    rooms = tuple(f"{room}/" for room in RANK)
    assert [f"{file}:{line}: {target}" for file in files(".h", ".hpp", ".c", ".cpp", under=("plugins", "sdk"))
            for line, target in includes(file) if target.startswith(rooms)] == []


def test_a_plugin_uses_the_sdk_and_the_standard_library_only():
    assert [f"{file}:{line}: {target}" for file in files(".h", ".cpp", under=("plugins", "sdk/examples"))
            for line, target in includes(file)
            if "/" in target and not target.startswith("portolan/") or ".." in target] == []


def test_the_abi_includes_nothing_but_itself_and_fixed_width_integers():
    assert [f"{file}:{line}: {target}" for file in files(".h", under=("sdk/include/portolan/abi",))
            for line, target in includes(file)
            if not re.fullmatch(r"(\.\./|ext/)?\w+\.h", target) or target.startswith("string")] == []


def modules():
    """{module: modules that it includes} of what we ship; a header and its source are one module."""
    edges = {}
    for file in files(".h", ".hpp", ".c", ".cpp", under=("core", "sdk", "plugins")):
        beside = edges.setdefault(file.with_suffix(""), set())
        for _, target in includes(file):
            places = (file.parent / target, TREE / "core" / target, TREE / "sdk/include" / target)
            found = next(((TREE / place).resolve() for place in places if (TREE / place).is_file()), None)
            if found:
                beside.add(found.relative_to(TREE).with_suffix(""))
        beside.discard(file.with_suffix(""))
    return edges


def a_circle(edges):
    """The modules of one circle of includes, or []."""
    left = {module: set(below) for module, below in edges.items()}
    while done := [module for module, below in left.items() if not below]:
        for module in done:
            del left[module]
        for below in left.values():
            below.difference_update(done)
    if not left:
        return []
    way = [next(iter(left))]
    while way[-1] not in way[:-1]:
        way.append(next(iter(left[way[-1]])))
    return [str(module) for module in way[way.index(way[-1]):]]


def test_no_module_includes_itself_by_way_of_another():
    edges = modules()
    assert sum(map(len, edges.values())) > 1000  # It does see what is included.
    assert a_circle(edges) == []
    assert a_circle({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) in (["b", "c", "b"], ["c", "b", "c"])


def test_the_rule_itself_finds_what_it_should():
    class File:
        parts = ("core", "net", "x.cpp")

        def __str__(self):
            return "core/net/x.cpp"

    for target in ("services/call.h", "manifest/manifest.h", "rapidjson/reader.h", "portolan/abi/abi.h"):
        assert len(wrong_includes(File(), [(1, target)])) == 1, target
    for target in ("base/error.h", "net/transport.h", "curl/curl.h", "vector"):
        assert wrong_includes(File(), [(1, target)]) == [], target
