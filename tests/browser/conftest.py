"""A hub in demo mode as its own process, and a real Chromium to look at it.

`BROWSER_TEST_HUB=fake` runs the same tests against `fake_hub.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.patience import PATIENCE_MS, PATIENCE_S, until
from tests.processes import ROOT, free_port, until_it_answers

from .staged_hub import StagedHub

# The shell draws the same and is the lighter of the two.
CHROMIUMS = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = next((path for path in CHROMIUMS if path.exists()), CHROMIUMS[-1])
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Hub:
    """A hub that can be stopped and started again at the same address."""

    command: list[str]
    port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKWELL_")}
        environment |= {"TICKWELL_WEB_PORT": str(self.port), "TICKWELL_DATA_DIRECTORY": str(self.directory)}
        log = self.directory / "hub.log"
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        try:
            until_it_answers(self.process, self.answers, log)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None

    def kill(self) -> None:
        """End it without a last word to anybody."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def post(self, path: str) -> None:
        """Drives the fake hub."""
        request = urllib.request.Request(self.url + path, method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    def until_whole(self) -> None:
        """Wait until every market is live, and whatever was missing is over."""
        until(self._is_whole, "whole")

    def _is_whole(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/api/v1/quality", timeout=PATIENCE_S) as answer:
            told = json.load(answer)["data"]
        is_live = all(market["state"] == "live" for market in told["markets"])
        return is_live and all(hole["to_ts"] for hole in told["holes"])

    def answers(self) -> bool:
        """Whether it does; whether it is well is not asked here."""
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True


@dataclass
class Screen:
    """A page, and everything that its console said."""

    page: Page
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.type}: {message.text}")


def demo_command(directory: Path) -> list[str]:
    settings = directory / "settings.ini"
    settings.write_text((ROOT / "settings.ini").read_text(encoding="utf-8"), encoding="utf-8")
    return [sys.executable, "supervisor.py", "--demo", "--settings", str(settings)]


def fake_command(port: int) -> list[str]:
    return [sys.executable, str(Path(__file__).parent / "fake_hub.py"), "--port", str(port)]


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The real hub with simulated exchanges."""
    directory, port = tmp_path_factory.mktemp("hub"), free_port()
    is_fake = os.environ.get("BROWSER_TEST_HUB") == "fake"
    hub = Hub(fake_command(port) if is_fake else demo_command(directory), port, directory)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture(scope="package")
def fake_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that does as it is told."""
    port = free_port()
    hub = Hub(fake_command(port), port, tmp_path_factory.mktemp("fake_hub"))
    hub.start()
    yield hub
    hub.stop()


@contextmanager
def gone(hub: Hub | StagedHub, end: Callable[[], None] | None = None) -> Iterator[None]:
    """Inside the block the hub is not there; afterwards it is, whatever was seen meanwhile."""
    (end or hub.stop)()
    try:
        yield
    finally:
        hub.start()


@contextmanager
def scripted(name: str, folders: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that is a program beside these tests."""
    port, script = free_port(), Path(__file__).parent / f"{name}.py"
    hub = Hub([sys.executable, str(script), "--port", str(port)], port, folders.mktemp(name))
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture(scope="package")
def posed_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The real web over a posed picture."""
    with scripted("posed_hub", tmp_path_factory) as hub:
        yield hub


@pytest.fixture(scope="package")
def staged_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedHub]:
    """The real hub on an exchange that can be made to fail."""
    hub = StagedHub(tmp_path_factory.mktemp("staged_hub"))
    try:
        hub.until_live()
        yield hub
    finally:
        hub.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium. Inside the block its driver keeps an asyncio loop running in this thread: no test that
    wants a loop of its own may come meanwhile."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: the browser tests did NOT run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def opened(browser: Browser) -> Iterator[Screen]:
    """A fresh page of 1440 × 900 that has gone nowhere yet."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    screen = Screen(context.new_page())
    screen.listen()
    yield screen
    context.close()


def seen(page: Page, *widths: int, height: int = 900) -> Iterator[tuple[int, str]]:
    """The page dark and light, in each of the widths: the width, and a name for its picture."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": height})
            yield width, f"{width}-{scheme}.png"


@pytest.fixture
def screen(browser: Browser) -> Iterator[Screen]:
    """A page for one test."""
    with opened(browser) as screen:
        yield screen


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Screen]:
    """One page for the whole module."""
    with opened(browser) as screen:
        yield screen
