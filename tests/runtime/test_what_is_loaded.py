"""What a hub has no use for is not loaded: memory and time at every start."""

from __future__ import annotations

import subprocess
import sys

from tests.processes import ROOT

OF_CONSOLES = {"rich", "pygments", "textual"}
OF_EXTRAS = {"questdb", "redis", "nats", "pyarrow", "numpy", "trio_asyncio"}


def test_nothing_of_a_console_and_of_what_is_not_configured() -> None:
    program = "import supervisor, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert not (OF_CONSOLES | OF_EXTRAS) & set(done.stdout.split())
