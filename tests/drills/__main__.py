"""The drills at length, as Markdown on stdout: `python -m tests.drills [NAME …]`.

It takes about half an hour, root (to mount small disks), and the servers that the tests use.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.drills.kill_report import kill_report
from tests.drills.machines_drill import machines_report
from tests.drills.outage_report import outage_report
from tests.drills.whole_hub import hub_report

# What each drill says, line by line, given an empty folder for itself.
DRILLS: dict[str, Callable[[Path], Iterable[str]]] = {
    "outages": outage_report,
    "hub": hub_report,
    "kills": kill_report,
    "machines": machines_report,
}


def main() -> None:
    """Those that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*DRILLS, []], metavar="NAME", help=", ".join(DRILLS))
    for name in parser.parse_args().names or DRILLS:
        with tempfile.TemporaryDirectory(prefix="tickwell-drill-", ignore_cleanup_errors=True) as folder:
            for line in DRILLS[name](Path(folder)):
                print(line, flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
