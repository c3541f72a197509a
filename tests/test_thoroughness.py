"""How the suite spreads its time: few cases every time, many in depth, and long files first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.thoroughness import DEEP

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("deep", "tried"), [("", "3"), ("1", "50")])
def test_many_cases_are_tried_only_in_depth(deep: str, tried: str) -> None:
    command = [sys.executable, "-c", "from tests.thoroughness import cases; print(cases(3, 50))"]
    answer = subprocess.check_output(command, cwd=ROOT, env=os.environ | {"DEEP": deep}, text=True)
    assert answer.strip() == tried


def test_no_property_is_timed_and_only_in_depth_examples_are_new() -> None:
    profile = settings()
    assert (profile.deadline, profile.derandomize) == (None, not DEEP)
    assert HealthCheck.too_slow in profile.suppress_health_check


def test_the_files_that_come_first_are_there(request: pytest.FixtureRequest) -> None:
    """A file that was renamed would silently come late."""
    [conftest] = [
        each for each in request.config.pluginmanager.get_plugins() if hasattr(each, "LONGEST_FIRST")
    ]
    assert [str(path) for path in conftest.PLACES if not path.is_file()] == []
