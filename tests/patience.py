"""How long a test waits for what must come, before it says that it did not.

It measures nothing: a machine may be slow, and busy with other tests. What has to be quick is a question of
`benchmarks/`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60.0
PATIENCE_MS = 1000 * PATIENCE_S
# What takes many waits, each of them with its own patience, hangs when it takes longer than this.
HANGS_AFTER_S = 5 * PATIENCE_S


def until(is_so: Callable[[], bool], word: str) -> None:
    """Ask again and again until it is so. For tests without a loop."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline_s, f"not {word} within {PATIENCE_S} s"
        time.sleep(0.1)
