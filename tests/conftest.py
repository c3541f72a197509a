"""What the whole suite shares: its options, and the promise that nothing is skipped silently."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

# Set by `.ci/run`: there, whatever a test needs is installed, so that a skip is a failure.
SKIP_NOTHING = bool(os.environ.get("SKIP_NOTHING"))
NO_QUESTDB = bool(os.environ.get("NO_QUESTDB"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite what golden frames mean now")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be skipped, a skip is a failure; recorded evidence alone is no part of us."""
    report = yield
    if (
        report.skipped
        and SKIP_NOTHING
        and "captures" not in item.keywords
        and not hasattr(report, "wasxfail")
        and not (NO_QUESTDB and "no QuestDB" in str(report.longrepr))
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report
