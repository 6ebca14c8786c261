"""Figures of the issues "The road" §7 and "The daemon" §6: each a ratio of two things measured in one run.

usage: tests/bench/run [--short] [NAME…]     names: statistics deep memory start fleet
harbor border store peers sweep page ready idle
Prints a row a figure: what, ours, theirs, ratio, goal. --short uses small sizes and only proves that it runs.
"""
import argparse
import json
import os
import pathlib
import resource
import socket
import tempfile

from measure import BUILD, PORTOLAN, Spent, in_turn, median, peak_mib, processor, row, seconds
from thousand import bench_idle, bench_page, bench_ready, bench_sweep  # noqa: F401

from rigs.docker_registry import DockerRegistry
from rigs.push import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, push_many
from rigs.simulated_harbor import ADMIN_PASSWORD, SimulatedHarbor


def stats(address, *more):
    return Spent(PORTOLAN, "stats", "-t", "docker-registry", "-a", address, "-o", "json", *more)


def curl(urls, where, headers=()):
    config = pathlib.Path(where) / "urls"
    # A header once: in a config file they add up from one URL to the next.
    lines = [f'header = "{line}"' for line in headers] + [f'url = "{url}"\noutput = /dev/null' for url in urls]
    config.write_text("\n".join(lines) + "\n")
    return lambda: Spent("curl", "-s", "--parallel", "--parallel-max", "8", "-K", config)


def wrk_seconds(urls, where):
    """How long wrk's rate needs for the same requests at 8 connections."""
    paths = pathlib.Path(where) / "paths.lua"
    listed = ",".join(json.dumps("/" + url.split("/", 3)[3]) for url in urls)
    paths.write_text(f"local p={{{listed}}}\nlocal i=0\n"
                     "request=function() i=i%#p+1 return wrk.format('GET',p[i]) end\n")
    origin = "/".join(urls[0].split("/")[:3])

    def run():
        out = Spent("wrk", "-t1", "-c8", "-d2s", "-s", paths, origin).output
        rate = float(next(line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec")))
        return len(urls) / rate

    return run


class Fleet:
    """One docker-registry with `count` repositories of five tags."""

    def __init__(self, count, distinct=False):
        self.names = [f"team-{n % 40}/app-{n}" for n in range(count)]
        self.tags = [f"v{n}" for n in range(5)]
        self.distinct = distinct

    def __enter__(self):
        self.registry = DockerRegistry("anonymous").__enter__()
        if self.distinct:
            push_many(self.registry, self.names, tags=self.tags, distinct=True)
        else:
            self.registry.fill(self.names, self.tags)
        self.address = self.registry.address
        self.urls = [f"{self.address}/v2/_catalog?n=1000"] + [f"{self.address}/v2/{n}/tags/list" for n in self.names]
        return self

    def __exit__(self, *error):
        self.registry.__exit__(*error)


def bench_statistics(short):
    """Level normal beside curl --parallel and wrk; processor time beside curl's."""
    with Fleet(50 if short else 1000) as fleet, tempfile.TemporaryDirectory() as where:
        ours, theirs, load = in_turn(1 if short else 9, lambda: stats(fleet.address), curl(fleet.urls, where),
                                     wrk_seconds(fleet.urls, where))
        report = json.loads(ours[0].output)["registries"][0]
        found = {m["name"]: m["value"] for m in report["statistics"]["measures"]}
        assert (found["repositories"], found["tags"]) == (len(fleet.names), 5 * len(fleet.names)), found
        row("statistics normal ÷ curl --parallel", seconds(ours), seconds(theirs), "≤ 1.10")
        row("statistics normal ÷ wrk's rate", seconds(ours), median(load), "≤ 1.35")
        row("processor time ÷ curl's", processor(ours), processor(theirs), "≤ 2")


def bench_peers(short):
    """crane catalog | xargs -P8 crane ls; skopeo has no catalog, so its list-tags only."""
    cache = pathlib.Path(os.environ.get("PORTOLAN_RIG_CACHE", pathlib.Path.home() / ".cache/portolan"))
    crane = next((path for path in cache.rglob("crane*") if os.access(path, os.X_OK) and path.is_file()), None)
    if crane is None:
        return print("peers: skipped, crane is not in the cache (tests/run makes it)")
    with Fleet(20 if short else 1000) as fleet:
        host = fleet.address.removeprefix("http://")
        ours, theirs = in_turn(1 if short else 3, lambda: stats(fleet.address), lambda: Spent(
            "sh", "-c", f"{crane} catalog {host} | xargs -P8 -I_ {crane} ls {host}/_ >/dev/null"))
        row("statistics normal ÷ crane catalog | xargs -P8 crane ls", seconds(ours), seconds(theirs), "≤ 0.15")


def bench_deep(short):
    """Level deep beside curl asking the same manifests by tag."""
    accept = "Accept: " + ", ".join([OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST])
    with Fleet(20 if short else 1000, distinct=True) as fleet, tempfile.TemporaryDirectory() as where:
        urls = fleet.urls + [f"{fleet.address}/v2/{n}/manifests/{t}" for n in fleet.names for t in fleet.tags]
        ours, theirs = in_turn(1 if short else 3, lambda: stats(fleet.address, "--level", "deep", "--timeout", "300s"),
                               curl(urls, where, [accept]))
        row("statistics deep ÷ curl --parallel", seconds(ours), seconds(theirs), "≤ 1.25")


def bench_memory(short):
    """Peak memory of 1,000 and of 10,000 repositories."""
    peaks = []
    for count in (20, 200) if short else (1000, 10_000):
        with Fleet(count) as fleet:
            peaks.append(median([peak_mib(PORTOLAN, "stats", "-t", "docker-registry", "-a", fleet.address,
                                          "--timeout", "300s") for _ in range(3)]))
    row("peak memory, ten times the repositories (difference in MiB)", peaks[1] - peaks[0], 8, "difference ≤ 8", "MiB")


def bench_start(short):
    """Start-up; `true` is what a process costs on this machine."""
    version, listing, nothing = in_turn(3 if short else 30, lambda: Spent(PORTOLAN, "--version").seconds * 1000,
                                        lambda: Spent(PORTOLAN, "plugins", "list").seconds * 1000,
                                        lambda: Spent("true").seconds * 1000)
    row("portolan --version (beside `true`)", median(version), median(nothing), "≤ 15 ms", "ms")
    row("portolan plugins list (beside `true`)", median(listing), median(nothing), "≤ 30 ms", "ms")


def bench_fleet(short):
    """A run of registries of which half never answer, beside the healthy half alone."""
    count = 4 if short else 100
    with DockerRegistry("anonymous") as registry, tempfile.TemporaryDirectory() as where:
        push_many(registry, [f"team/app-{n}" for n in range(5)])
        # Listening, never accepting: the handshake succeeds and nothing follows.
        dead = [socket.create_server(("127.0.0.1", 0), backlog=16) for _ in range(count)]
        deadline = 3

        def document(name, addresses):
            path = pathlib.Path(where) / name
            path.write_text(json.dumps({
                "apiVersion": "portolan.dev/v1", "kind": "Manifest", "metadata": {"name": "bench"},
                "spec": {"registries": [{"name": f"r{n}", "type": "docker-registry", "address": address}
                                        for n, address in enumerate(addresses)]}}))
            return path

        half = document("half.json", [registry.address] * count +
                        [f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in dead])
        healthy = document("healthy.json", [registry.address] * count)

        def run(path, accept):
            return Spent(PORTOLAN, "run", "-f", path, "-o", "json", "--timeout", f"{deadline}s", accept=accept)

        alone, mixed = in_turn(1 if short else 5, lambda: run(healthy, (0,)), lambda: run(half, (4,)))
        longer = max(seconds(alone), deadline)
        row(f"run of {2 * count}, half dead ÷ longer of healthy half, deadline", seconds(mixed), longer, "≤ 1.1")
        for listener in dead:
            listener.close()


def bench_harbor(short):
    """Requests that a collection by password costs a Harbor (times are the simulation's)."""
    many = 30 if short else 1000
    with SimulatedHarbor() as harbor:
        harbor.seed_many(projects=many - 1, repositories=many)  # and "library"
        for level, most in (("quick", 4), ("normal", 35)):
            harbor.reset_requests()
            Spent(PORTOLAN, "stats", "-t", "harbor", "-a", harbor.url, "-u", "admin",
                  "--password-from", "env:HARBOR_PASSWORD", "--level", level, env={"HARBOR_PASSWORD": ADMIN_PASSWORD})
            asked = sum(harbor.requests().values())
            row(f"simulated Harbor, {many} projects, level {level}: requests", asked, most, f"≤ {most}", "")


def bench_border(short):
    """The routed call beside the direct one, and items through the ABI."""
    found = json.loads(Spent(BUILD / "bin/bench_border", BUILD / "tests/bench").output)
    goal = f"difference ≤ 100 ns (here {found['difference_ns']:.0f})"
    row("routed call ÷ direct call", found["routed_ns"], found["direct_ns"], goal, "ns")
    row("10,000 items through the ABI", found["items_10000_ms"], 3, "≤ 3 ms", "ms")


def bench_store(short):
    """What the daemon asks its store most, over 1,000 registries and 20,000 spaces."""
    found = json.loads(Spent(BUILD / "bin/bench_store", 2 if short else 365).output)
    for key, most in [("list_registries_50_by_name", 2), ("list_registries_50_by_state", 2),
                      ("list_repositories_50_usable", 2), ("access_world_after_change", 30), ("usable_spaces", 1),
                      ("series_500_points", 5), ("put_health_1000_in_one", 100),
                      ("compact_one_hour_of_10000_series", 500)]:
        row(f"store: {key.replace('_', ' ')}", found[key], most, f"≤ {most} ms", "ms")


BENCHES = {name.removeprefix("bench_"): function for name, function in list(globals().items())
           if name.startswith("bench_")}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true")
    arguments.add_argument("names", nargs="*", metavar="NAME")
    given = arguments.parse_args()
    unknown = set(given.names) - set(BENCHES)
    if unknown:
        arguments.error(f"unknown: {', '.join(sorted(unknown))}; there are: {' '.join(BENCHES)}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for name in given.names or BENCHES:
        BENCHES[name](given.short)


if __name__ == "__main__":
    main()
