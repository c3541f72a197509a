"""What the whole suite shares: its options, and the promise that nothing is skipped silently."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from trio_asyncio import _loop as island

from tests.thoroughness import DEEP

# Set by `.ci/run`: there, whatever a test needs is installed, so that a skip is a failure.
SKIP_NOTHING = bool(os.environ.get("SKIP_NOTHING"))
NO_QUESTDB = bool(os.environ.get("NO_QUESTDB"))

# Once imported, trio-asyncio makes every new loop of the program one of its own, in every thread that has set
# no policy. Playwright and the clients under test want asyncio's.
island._FakedPolicy.policy = asyncio.DefaultEventLoopPolicy()

# A stall of the machine is no finding. Every change is tried on the same examples; `make deep` draws others.
settings.register_profile(
    "tickwell", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not DEEP
)
settings.load_profile("tickwell")

# What takes longest comes first, so that at the end of a run nobody waits for a long file that began late.
# Before all others comes what looks at pages, one file after the other: they share a hub and a browser,
# as others share a QuestDB.
LONGEST_FIRST = (
    "browser/test_every_screen.py",
    "browser/test_realtime_page.py",
    "browser/test_terminal_page.py",
    "browser/test_market_page.py",
    "browser/test_docs_page.py",
    "browser/test_shell.py",
    "browser/test_alerts_page.py",
    "browser/test_example_page.py",
    "browser/test_looks.py",
    "browser/test_comparison_pages.py",
    "browser/test_sink_alarm.py",
    "browser/test_quality_page.py",
    "browser/test_stream_client.py",
    "browser/test_stream_in_chromium.py",
    "browser/test_console.py",
    "drills/test_drills.py",
    "sinks/test_questdb_outages.py",
    "sinks/test_questdb.py",
    "sinks/test_questdb_history.py",
    "sinks/test_questdb_transport.py",
    "sinks/test_liquidations_read_back.py",
    "sinks/test_gaps_read_back.py",
    "sinks/test_questdb_queries.py",
    "sinks/test_questdb_tls.py",
    "loopback/test_hub.py",
    "loopback/test_program.py",
    "loopback/test_truth_trades.py",
    "loopback/test_truth_books.py",
    "loopback/test_stream_conformance.py",
    "simulation/test_days.py",
    "clients/test_client_loopback.py",
    "loopback/test_warm_start.py",
    "loopback/test_history_kept.py",
    "commands/test_top_terminal.py",
    "loopback/test_kill_hub.py",
    "loopback/test_truth_trouble.py",
    "loopback/test_stream_resume_drill.py",
)
PLACES = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST_FIRST)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite what golden frames mean now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PLACES.get(item.path, len(PLACES)))


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
