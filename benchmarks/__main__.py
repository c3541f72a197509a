"""`python -m benchmarks [--quick] [--write] [1 3 …]`: one Markdown table per question.

What was measured in each run goes to `benchmarks/results/`; `--write` puts the tables into
`docs/performance.md`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import time
from datetime import UTC, datetime

from benchmarks.harness import ROOT, Answer, Plan, machine, raise_file_limit, say, versions

QUESTIONS = {
    1: "q1_ingest",
    2: "q2_paced",
    3: "q3_fanout",
    4: "q4_deflate",
    5: "q5_ten_thousand",
    6: "q6_latency",
    7: "q7_memory",
    8: "q8_never_readers",
    9: "q9_whole_market",
    10: "q10_rows",
    11: "q11_questions",
    12: "q12_streams",
    13: "q13_screens",
}
COMPARED = (
    "trio", "trio-websocket", "wsproto", "hypercorn", "quart", "quart-trio", "msgspec", "cryptofeed", "ccxt",
    "picows", "websockets", "uvicorn", "uvloop", "starlette", "fastapi", "aiohttp", "questdb", "redis",
)  # fmt: skip
DOCUMENT = ROOT / "docs" / "performance.md"
SECTION = re.compile(r"^### (\d+)\. .*?(?=^### |\Z)", re.MULTILINE | re.DOTALL)
LEFT_OUT_WHEN_QUICK = (5, 8, 9, 10, 11, 12, 13)
MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("questions", nargs="*", type=int, metavar="question")
    parser.add_argument("--quick", action="store_true", help="a minute and a half, fewer runs")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    if unknown := set(options.questions) - QUESTIONS.keys():
        parser.error(f"there are the questions {', '.join(map(str, QUESTIONS))}, not {unknown}")
    plan = Plan(options.quick)
    left_out = LEFT_OUT_WHEN_QUICK if plan.quick and not options.questions else ()
    asked = options.questions or [number for number in QUESTIONS if number not in left_out]
    raise_file_limit()
    heading = [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC{', quick' if plan.quick else ''}.",
        machine() + ".",
        versions(COMPARED) + ".",
    ]
    if left_out:
        heading.append(f"Left out because they take long: questions {', '.join(map(str, left_out))}.")
    print("\n".join(heading) + "\n", flush=True)
    answers: list[Answer] = []
    for number in asked:
        say(f"question {number}")
        began_s = time.monotonic()
        answers.append(importlib.import_module(f"benchmarks.{QUESTIONS[number]}").answer(plan))
        print(answers[-1].markdown(), flush=True)
        say(f"  took {time.monotonic() - began_s:.0f} s")
    save(heading, answers)
    if options.write:
        write(heading, answers)


def save(heading: list[str], answers: list[Answer]) -> None:
    """Every run's numbers, as JSON."""
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    body = {
        "heading": heading,
        "questions": {
            each.number: {
                "title": each.title,
                "runs": each.raw,
                "bars": [
                    {"name": bar.name, "reached": bar.reached, "limit": bar.limit, "met": bar.met}
                    for bar in each.bars
                ],
            }
            for each in answers
        },
    }
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(body, indent=1))
    say(f"every run: {path.relative_to(ROOT)}")


def write(heading: list[str], answers: list[Answer]) -> None:
    """Replace what the document says about the questions that were asked; the others' answers stay."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(MARKS[0])
    old, end, after = rest.partition(MARKS[1])
    sections = {int(found[1]): found[0].strip() for found in SECTION.finditer(old)}
    for each in answers:
        sections[each.number] = f"{each.markdown()}- {heading[0]}"
    measured = [" ".join(heading[1:]), *(sections[number] for number in sorted(sections))]
    text = "\n\n".join((begin, *measured, end))
    DOCUMENT.write_text(before + text + after, encoding="utf-8")


if __name__ == "__main__":
    main()
