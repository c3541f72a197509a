"""Schemathesis at length: `python -m tests.schema [--examples N] [--seed N]`. It takes some minutes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.schema.runs import demo_hub, run


def main() -> int:
    """Start a hub, ask it everything, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.schema", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, metavar="N", help="of each operation, at most")
    parser.add_argument("--seed", type=int, metavar="N", help="repeat a run")
    options = parser.parse_args()
    more = [] if options.seed is None else [f"--seed={options.seed}"]
    with tempfile.TemporaryDirectory(prefix="tickwell-schema-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with demo_hub(folder) as tickwell:
            done = run(f"{tickwell.url}/openapi.json", folder, f"--max-examples={options.examples}", *more)
    print(done.stdout, done.stderr, sep="\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
