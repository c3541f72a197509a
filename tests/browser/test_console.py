"""The test console of `/realtime-test`: raw frames both ways, and the same conversation as a program."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Screen
from .staged_hub import StagedHub

pytestmark = pytest.mark.browser


def open_console(screen: Screen, hub: StagedHub) -> Page:
    screen.page.goto(f"{hub.url}/realtime-test?console")
    expect(screen.page.locator("#fields [name=symbols]")).to_be_visible()
    return screen.page


def connect(page: Page) -> None:
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#socket-state")).to_have_text("open")


def frames(page: Page, direction: str) -> list[str]:
    return page.locator(f'#frames li[data-direction="{direction}"] code').all_text_contents()


def test_a_conversation_on_the_stream(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_console(screen, staged_hub)
    expect(page.locator("#message")).to_have_value(
        re.compile(r'"channel":"trades","symbols":\["bybit:linear:BTCUSDT"\]')
    )
    page.locator("#channel").select_option("ticker")
    page.locator("#fields [name=max_rate_hz]").fill("2")
    connect(page)
    page.locator("#message").press("Control+Enter")
    expect(page.locator('#frames li[data-direction="in"]', has_text='"type":"snapshot"')).to_have_count(1)
    [said] = frames(page, "out")
    wish = {"channel": "ticker", "symbols": ["bybit:linear:BTCUSDT"], "max_rate_hz": 2}
    assert json.loads(said) == {"method": "subscribe", "req_id": 1, "params": wish}
    assert '"type":"welcome"' in frames(page, "in")[-1]
    expect(page.locator("#frame-figures")).to_have_text(re.compile(r"^\d+ frames, [\d.]+ kB in"))
    page.locator("#frame-filter").fill('"SUCCESS":TRUE')
    expect(page.locator("#frames li")).to_have_count(1)
    page.locator("#frames summary").click()
    expect(page.locator("#frames pre")).to_contain_text('"channel": "ticker"')
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#socket-state")).to_have_text("closed")
    assert screen.said == []


def test_what_is_no_json_is_said_and_can_be_sent(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_console(screen, staged_hub)
    connect(page)
    page.locator("#message").fill("{nonsense")
    expect(page.locator("#complaint")).to_contain_text("This is no JSON")
    page.get_by_role("button", name="Send").click()
    expect(page.locator('#frames li[data-direction="in"]', has_text='"bad_message"')).to_have_count(1)
    assert screen.said == []


def test_the_picture_of_one_exchange_and_the_same_in_python(
    screen: Screen, staged_hub: StagedHub, tmp_path: Path
) -> None:
    page = open_console(screen, staged_hub)
    page.locator("#socket").select_option("bybit")
    page.locator("#socket-symbols").fill("BTCUSDT, NOPE")
    address = f"{staged_hub.url.replace('http', 'ws')}/ws/realtime/bybit?symbols=BTCUSDT,NOPE&mode=changes"
    expect(page.locator("#address")).to_have_text(address)
    connect(page)
    expect(page.locator('#frames li[data-direction="in"]', has_text='"initial_data"')).to_have_count(1)
    expect(page.locator("#frames li", has_text="unknown_symbol")).to_have_count(1)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#frames li", has_text='"pong"')).to_have_count(1)
    page.get_by_role("button", name="Python").click()
    program = page.locator("#code").inner_text()
    assert f'connect("{address}"' in program
    compile(program, "copied.py", "exec")
    page.get_by_role("button", name="wscat").click()
    command = page.locator("#code").inner_text()
    echo = subprocess.run(
        ["/bin/sh", "-c", f'wscat() {{ printf "%s\\n" "$@"; }}; {command}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert echo.stdout.split("\n")[:4] == ["-c", address, "-x", '{"type":"ping","ts":1}']
    assert screen.said == []
