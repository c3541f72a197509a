"""The doctor at exchanges that are well, and at such that are not: what is wrong, and what to do."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest
import trio
import trustme

from actors.feed import opening, websocket
from actors.runtime.settings import ExchangeSettings
from commands.doctor import examine, listening
from commands.doctor.advice import ADVICE
from simulator.faults import Fault
from tests.commands.doctored import (
    EXCHANGES,
    answering,
    found_at,
    of_exchange,
    served,
    settings_with,
    silent,
    simulated,
    without_names,
)
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.loopback
STEPS = {"dns", "listing", "clock", "tcp", "websocket", "subscription", "data"}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "STEP_WITHIN_S", PATIENCE_S)
    monkeypatch.setattr(listening, "DATA_WITHIN_S", PATIENCE_S)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upgrade to WebSocket has little time, and no other step: all others are taken."""
    bounds = SimpleNamespace(STEP_WITHIN_S=0.5, MESSAGE_BYTES_MAX=opening.MESSAGE_BYTES_MAX)
    monkeypatch.setattr(websocket, "opening", bounds)


async def test_exchanges_that_are_well_pass_every_step(tmp_path: Path) -> None:
    async with simulated() as (_, port):
        wanted = {name: of_exchange(name, port) for name in EXCHANGES}
        report = await examine(settings_with(tmp_path, wanted), Path("settings.ini"), PATIENCE_S)
    assert report.verdict == "ok", report.as_text()
    for name in EXCHANGES:
        assert {each.check for each in report.checks if each.subject == f"{name}:linear"} >= STEPS
    assert not list(tmp_path.iterdir()), "the doctor leaves nothing behind"


async def test_an_exchange_that_is_left_out_is_not_examined(tmp_path: Path) -> None:
    async with simulated() as (_, port):
        wanted = {
            "bybit": of_exchange("bybit", port),
            "binance": ExchangeSettings(enabled=False, linear=("X",)),
        }
        report = await examine(settings_with(tmp_path, wanted), Path("settings.ini"), PATIENCE_S)
    assert {each.subject for each in report.checks} == {"machine", "bybit:linear"}


async def test_a_name_that_nobody_knows() -> None:
    settings = ExchangeSettings(linear=("BTCUSDT",), linear_stream_url="wss://stream.exchange.invalid")
    with without_names():
        found = await found_at("bybit", settings)
    assert set(found) == {"dns"}, "without a name there is nothing else to try"
    assert "Name or service not known" in found["dns"].said
    assert found["dns"].advice == ADVICE["dns"]


async def test_a_port_that_is_closed() -> None:
    async with served(silent) as closed:
        pass
    async with simulated() as (_, port):
        settings = of_exchange("bybit", port, linear_stream_url=f"ws://127.0.0.1:{closed}/x")
        found = await found_at("bybit", settings)
    assert (found["listing"].state, found["tcp"].state) == ("ok", "failed")
    assert "refused" in found["tcp"].said.lower()
    assert "firewall" in found["tcp"].advice


@pytest.mark.parametrize(
    ("name", "words"), [("other.example", "not valid for"), ("127.0.0.1", "")], ids=["wrong", "right"]
)
async def test_a_certificate(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: None
) -> None:
    authority, context = (
        trustme.CA(organization_name="Test"),
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
    )
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with simulated() as (_, port), served(silent, context) as secure:
        settings = of_exchange("bybit", port, linear_stream_url=f"wss://127.0.0.1:{secure}/x")
        found = await found_at("bybit", settings)
    assert found["tls"].state == ("failed" if words else "ok")
    if words:
        assert words in found["tls"].said
        assert "websocket" not in found
    else:
        assert "by Test" in found["tls"].said
        assert "did not upgrade to WebSocket within" in found["websocket"].said


async def test_a_certificate_that_nobody_signed() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with simulated() as (_, port), served(silent, context) as secure:
        found = await found_at(
            "bybit", of_exchange("bybit", port, linear_stream_url=f"wss://127.0.0.1:{secure}")
        )
    assert "certificate verify failed" in found["tls"].said
    assert "ca-certificates" in found["tls"].advice


@pytest.mark.parametrize(
    ("fault", "check", "state", "words"),
    [
        (Fault(kind="refuse"), "websocket", "failed", "HTTP 503"),
        (Fault(kind="refuse_topic", topic="tickers.BTCUSDT"), "subscription", "failed", "refused: "),
        (Fault(kind="clock_skew", skew_s=7.0), "clock", "warning", r"\+(6\.9|7\.0)"),
        (Fault(kind="clock_skew", skew_s=-7.0), "clock", "warning", r"-(6\.9|7\.0)"),
        (Fault(kind="rest_storm", code=403), "listing", "failed", "HTTP 403"),
        (Fault(kind="rest_storm", code=429, retry_after_s=17), "listing", "failed", "HTTP 429"),
    ],
    ids=lambda each: each.kind if isinstance(each, Fault) else "",
)
async def test_what_an_exchange_can_get_wrong(fault: Fault, check: str, state: str, words: str) -> None:
    async with simulated() as (simulator, port):
        simulator.inject(fault)
        found = await found_at("bybit", of_exchange("bybit", port))
    assert found[check].state == state, found
    assert re.search(words, found[check].said)
    assert found[check].advice


async def test_an_exchange_that_says_nothing_to_an_upgrade(hurried: None) -> None:
    async with simulated() as (simulator, port):
        simulator.inject(Fault(kind="accept_silent"))
        found = await found_at("bybit", of_exchange("bybit", port))
    assert found["websocket"].state == "failed", found
    assert "did not upgrade" in found["websocket"].said
    assert found["websocket"].advice


@pytest.mark.parametrize(
    ("topic", "state", "words"),
    [
        (None, "failed", r"none within [1-9]\d* s"),
        ("tickers.BTCUSDT", "warning", r"nothing of tickers\.BTCUSDT"),
    ],
)
async def test_silence(topic: str | None, state: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for within_s in (1.0, 4.0, PATIENCE_S):  # a busy machine needs longer to hear at least the others
        monkeypatch.setattr(listening, "DATA_WITHIN_S", within_s)
        async with simulated() as (simulator, port):
            simulator.inject(Fault(kind="silence", topic=topic))
            found = await found_at("bybit", of_exchange("bybit", port))
        if found["data"].state == state:
            break
    assert found["data"].state == state, found
    assert re.search(words, found["data"].said)
    assert found["data"].advice


async def test_a_clock_that_cannot_be_asked_is_judged_by_the_data() -> None:
    async with simulated() as (simulator, port):
        simulator.inject(Fault(kind="clock_skew", skew_s=-30.0))
        found = await found_at("hyperliquid", of_exchange("hyperliquid", port))
    assert found["clock"].state == "warning"
    assert "30." in found["clock"].said
    assert "NTP" in found["clock"].advice


@pytest.mark.parametrize(("code", "advice"), [(403, "another network"), (429, "wait 17 s")])
async def test_a_refusal_says_what_to_do(code: int, advice: str) -> None:
    async with simulated() as (simulator, port):
        simulator.inject(Fault(kind="rest_storm", code=code, retry_after_s=17))
        found = await found_at("bybit", of_exchange("bybit", port))
    assert advice in found["listing"].advice
    assert found["data"].state == "ok", "streams of named symbols work without a listing"


async def test_a_symbol_that_is_not_listed_is_named_and_the_next_is_tried() -> None:
    async with simulated() as (_, port):
        found = await found_at("bybit", of_exchange("bybit", port, linear=("BTCUSDTT", "BTCUSDT")))
    assert found["listing"].state == "warning"
    assert "BTCUSDTT: not in the exchange's listing; near it are BTCUSDT" in found["listing"].said
    assert found["data"].state == "ok"


async def test_the_most_traded_cannot_be_known_without_a_listing() -> None:
    async with simulated() as (simulator, port):
        found = await found_at("bybit", of_exchange("bybit", port, linear=("top:3",)))
        assert found["data"].state == "ok"
        simulator.inject(Fault(kind="rest_storm"))
        found = await found_at("bybit", of_exchange("bybit", port, linear=("top:3",)))
    assert set(found) == {"dns", "listing"}


async def test_what_is_no_exchange_at_all() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    async with served(answering(page)) as port:
        found = await found_at("bybit", of_exchange("bybit", port))
    assert "the listing cannot be read" in found["listing"].said
    assert found["websocket"].state == "failed"


async def test_an_examination_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "STEP_WITHIN_S", 600)
    async with served(silent) as port:
        settings = settings_with(tmp_path, {"bybit": of_exchange("bybit", port)})
        with trio.fail_after(PATIENCE_S):
            report = await examine(settings, Path("settings.ini"), 1.0)
    last = report.checks[-1]
    assert (last.subject, last.check, last.state) == ("bybit:linear", "time", "failed")
    assert report.exit_code == 1
