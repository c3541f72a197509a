"""Every case put to every side: `python -m tests.rfc6455 [--write]`. It takes about a minute.

A table comes out; `--write` puts it into `docs/conformance.md`. The exit code is 1 if a case failed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import trio

from tests.rfc6455.suite import COMPRESSIONS, LOADS, QUICK, SIDES, Result, Section, results, side_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "conformance.md"
BEGIN, END = "<!-- made: begin -->\n", "<!-- made: end -->\n"
ALL: dict[str, Section] = {**QUICK, **LOADS, **COMPRESSIONS}
SHOWN_MAX = 20
TITLES = {"hub": "the hub", "batched": "feeds, `batched`", "plain": "feeds, `plain`"}
Table = dict[str, dict[str, list[Result]]]


async def everything() -> Table:
    """All results, by section and side. Who never offers to compress is not asked to."""
    table: Table = {title: {} for title in ALL}
    for name in SIDES:
        async with side_of(name) as side:
            for title, section in ALL.items():
                if name == "hub" or title not in COMPRESSIONS:
                    table[title][name] = [each async for each in results(side, section)]
    return table


def lines(table: Table) -> Iterator[str]:
    """The table, and below it every case that did not pass."""
    yield f"| section | {' | '.join(TITLES[name] for name in SIDES)} |"
    yield "|---|" + "--:|" * len(SIDES)
    for title in sorted(table, key=place):
        cells = [cell(table[title].get(name)) for name in SIDES]
        yield f"| {title} | {' | '.join(cells)} |"
    sums = [cell([one for found in table.values() for one in found.get(name, [])]) for name in SIDES]
    yield f"| **all** | {' | '.join(sums)} |"
    for name in SIDES:
        yield from remarks(name, [one for found in table.values() for one in found.get(name, [])])


def place(title: str) -> int:
    """Where a section stands; the rule about masks comes first."""
    number = title.split()[0].rstrip(",")
    return int(number) if number.isdigit() else 0


def cell(found: list[Result] | None) -> str:
    """How many passed, and how many did not."""
    if found is None:
        return "not offered"
    counts = Counter(one.verdict for one in found)
    others = [f"{counts[verdict]} {verdict}" for verdict in ("not strict", "failed") if counts[verdict]]
    return ", ".join([f"{counts['passed']} of {len(found)}", *others])


def remarks(name: str, found: list[Result]) -> Iterator[str]:
    """Which cases a side did not pass, by reason."""
    reasons: dict[str, list[str]] = {}
    for one in found:
        if one.verdict != "passed":
            reasons.setdefault(f"{one.verdict}: {one.why.partition(':')[0]}", []).append(one.case.number)
    for reason, numbers in reasons.items():
        yield ""
        which = ", ".join(numbers) if len(numbers) <= SHOWN_MAX else summed(numbers)
        yield f"{TITLES[name]}, {reason}: {which}."


def summed(numbers: list[str]) -> str:
    """Many cases, by their sections."""
    counts = Counter(number.partition(".")[0] for number in numbers)
    return ", ".join(f"{count} of section {section}" for section, count in counts.items())


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.rfc6455", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/conformance.md")
    options = parser.parse_args()
    table = trio.run(everything)
    text = "\n".join(lines(table)) + "\n"
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    failed = [one for found in table.values() for side in found.values() for one in side]
    return int(any(one.verdict == "failed" for one in failed))


if __name__ == "__main__":
    sys.exit(main())
