"""tally.py RESULTS: adds up the parts of a test run; the last line is "N passed, N failed, N skipped".

RESULTS/parts holds "name exit-code" lines and RESULTS/<name>.xml what that part's runner reported (JUnit). A part
without a report counts as one test; one that failed although its report shows no failure counts one failure more.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree

OUTCOMES = ("passed", "failed", "skipped")


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def name(case):
    return "::".join(filter(None, (case.get("classname"), case.get("name"))))


def tally(folder):
    """(counts, names of failures, {reason: how often skipped})"""
    counts, failures, skips = collections.Counter(), [], collections.Counter()
    for line in (folder / "parts").read_text().splitlines():
        part, code = line.split()
        report = folder / f"{part}.xml"
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase")) if report.exists() else []
        found = collections.Counter(map(outcome, cases))
        failures += [f"{part}: {name(case)}" for case in cases if outcome(case) == "failed"]
        for case in cases:
            if outcome(case) == "skipped":
                skips[case.find("skipped").get("message") or name(case)] += 1
        if code != "0" and not found["failed"]:
            found["failed"] += 1
            failures.append(f"{part}: ended with {code}")
        elif not cases:
            found["passed"] += 1
        counts += found
    return counts, failures, skips


def main():
    counts, failures, skips = tally(pathlib.Path(sys.argv[1]))
    for reason, times in sorted(skips.items()):
        print(f"skipped {times}: {reason}")
    for failure in failures:
        print(f"failed: {failure}")
    print(", ".join(f"{counts[word]} {word}" for word in OUTCOMES))
    return 1 if failures or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
