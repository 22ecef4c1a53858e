#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""surefire-tap.py REPORT…: prints a TAP line for each test in XML reports of Maven's Surefire."""
import sys
from typing import Iterator
from xml.etree import ElementTree


def first_line(text: str) -> str:
    """What a reason says, without the stack trace that may follow and the exception's name before."""
    return " ".join(text.split("\n")[0].split("skipped: ")[-1].split())


def tap(case: ElementTree.Element) -> Iterator[str]:
    name = f"{case.get('classname', '').removeprefix('org.simvm.')}: {case.get('name')}"
    label = " ".join(name.split())
    for outcome in case:
        said = outcome.get("message") or outcome.text or "no reason given"
        if outcome.tag in ("failure", "error"):
            yield f"not ok {label}"
            yield from (f"    {line}" for line in (outcome.text or said).splitlines()[:12])
            return
        if outcome.tag == "skipped":
            yield f"ok {label} # SKIP {first_line(said)}"
            return
        if outcome.tag in ("flakyFailure", "flakyError"):
            yield f"ok {label} # RETRIED {first_line(said)}"
            return
    yield f"ok {label}"


def main() -> None:
    for report in sys.argv[1:]:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            print("\n".join(tap(case)))


if __name__ == "__main__":
    main()
