"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from actors.runtime.version import __version__


def parse(arguments: Sequence[str] | None, settings: Path) -> argparse.Namespace:
    """The options; `settings` is the file that is read unless another is named."""
    parser = argparse.ArgumentParser("tickwell", description="A self-hosted real-time market-data hub.")
    parser.add_argument("--settings", type=Path, default=settings, metavar="FILE")
    parser.add_argument("--demo", action="store_true", help="simulated exchanges, no internet needed")
    parser.add_argument("--check", action="store_true", help="check the settings, print the effective ones")
    parser.add_argument("--version", action="version", version=f"Tickwell {__version__}")
    return parser.parse_args(arguments)
