"""The screens that are checked in are what their sources make, with types and tests that hold.

`npm ci` fetches the build's tools into `web/ui/node_modules`, once.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "web" / "ui"
BUILT = ROOT / "web" / "static" / "app"
FIRST_LOAD_BYTES_MAX = 200_000
NPM = shutil.which("npm")

needs_npm = pytest.mark.skipif(
    NPM is None, reason="npm is not installed: the screens were NOT rebuilt and checked"
)


def npm(*arguments: str) -> str:
    """What npm says; fails the test with it where npm fails."""
    assert NPM is not None
    environment = os.environ | {"CI": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        [NPM, *arguments],
        check=False,
        cwd=SOURCES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tools() -> None:
    """The tools that the lock file names."""
    lock, made = SOURCES / "package-lock.json", SOURCES / "node_modules" / ".package-lock.json"
    if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--no-audit", "--no-fund")
        made.touch()


@needs_npm
@pytest.mark.usefixtures("tools")
def test_the_types_fit() -> None:
    npm("run", "check")


@needs_npm
@pytest.mark.usefixtures("tools")
def test_the_parts_do_what_they_say() -> None:
    npm("test")


@needs_npm
@pytest.mark.usefixtures("tools")
def test_what_is_checked_in_is_what_the_sources_make(tmp_path: Path) -> None:
    npm("run", "build", "--", "--outDir", str(tmp_path / "app"), "--logLevel", "warn")
    assert contents(BUILT) == contents(tmp_path / "app"), "run `make screens`, and commit what it makes"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_first_load_is_small() -> None:
    """The page, and what it names, and what the market's page imports."""
    page = (BUILT / "index.html").read_text()
    first = {BUILT / name for name in re.findall(r"/static/app/(assets/[\w.-]+)", page)}
    market = [path for path in (BUILT / "assets").iterdir() if path.name.startswith("MarketPage")]
    for path in [path for path in (*first, *market) if path.suffix == ".js"]:
        first.add(path)
        first |= {
            path.parent / name for name in re.findall(r'(?:from|import)"\./([\w.-]+)"', path.read_text())
        }
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in first) <= FIRST_LOAD_BYTES_MAX


def test_no_address_of_elsewhere_is_loaded() -> None:
    """Works offline: no page, style or script names another host to fetch from."""
    for path in BUILT.rglob("*"):
        if path.suffix in {".html", ".css"}:
            assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", path.read_text()), path


def test_the_lock_file_names_no_host() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()
