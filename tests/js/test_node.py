"""Runs the JavaScript tests beside this file, so that `pytest` is the one command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")
TIMEOUT_S = 120


@pytest.mark.skipif(NODE is None, reason="node is not installed: the JavaScript tests did NOT run")
@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_javascript(path: Path) -> None:
    command = [NODE or "", "--test", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
