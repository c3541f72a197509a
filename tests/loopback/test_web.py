"""The web over real sockets: the server, its deadlines, its stop, and the realtime protocol end to end."""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio_websocket
import trustme

from actors.runtime.settings import WebSettings
from tests.web.harness import report
from tests.web.served import (
    Hub,
    close_code,
    exchange_bytes,
    hub,
    message,
    message_of,
    opened,
    upgrade,
)

pytestmark = pytest.mark.loopback


Way = Callable[[], AbstractAsyncContextManager[Hub]]


@pytest.fixture(params=["direct", "tls"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Way:
    """Frames go straight to the socket, or through TLS and the slow way: the protocol is the same."""
    if request.param == "direct":
        return hub
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(files[1]))
    files[0].write_bytes(
        b"".join(blob.bytes() for blob in issued.cert_chain_pems) + authority.cert_pem.bytes()
    )
    settings = WebSettings(port=0, tls_certificate=str(files[0]), tls_key=str(files[1]))
    return partial(hub, settings)


async def test_a_client_gets_the_picture_then_every_tick(way: Way) -> None:
    async with way() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect()
        first = await message(client)
        assert (first["type"], first["exchange"], first["count"]) == ("initial_data", "bybit", 2)
        served.publish("BTCUSDT", price=2.0)
        tick = await message(client)
        assert tick["type"] == "market_data"
        assert [record["price"] for record in tick["data"]] == [2.0, 1.0]
        served.publish()
        assert (await message(client))["count"] == 2


async def test_changes_mode_sends_only_what_changed_and_nothing_when_nothing_did(way: Way) -> None:
    async with way() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect("?mode=changes")
        assert (await message(client))["count"] == 2
        served.publish()
        served.publish("ETHUSDT", price=3.0)
        tick = await message_of(client, "market_data")
        assert tick["mode"] == "changes"
        assert [(record["symbol"], record["price"]) for record in tick["data"]] == [("ETHUSDT", 3.0)]


async def test_a_filter_ignores_case_and_an_unknown_symbol_is_named_and_joins_later(way: Way) -> None:
    async with way() as served:
        served.publish("BTCUSDT", "ETHUSDT")
        client = await served.connect("?symbols=btcusdt,BTCUSD,NEWUSDT")
        assert [record["symbol"] for record in (await message(client))["data"]] == ["BTCUSDT"]
        errors = [await message(client), await message(client)]
        assert {error["symbol"]: error["nearest"] for error in errors} == {
            "BTCUSD": ["BTCUSDT"],
            "NEWUSDT": [],
        }
        served.publish("NEWUSDT")
        tick = await message_of(client, "market_data")
        assert {record["symbol"] for record in tick["data"]} == {"BTCUSDT", "NEWUSDT"}


async def test_an_unknown_symbol_of_a_market_that_nobody_follows_is_named(way: Way) -> None:
    async with way() as served:
        served.model.report([report(symbols=("BTCUSDT",))])
        client = await served.connect("?market=spot&symbols=BTCUSDT")
        assert (await message(client))["count"] == 0
        assert (await message(client))["symbol"] == "BTCUSDT"


async def test_the_market_filter_keeps_the_other_market_out(way: Way) -> None:
    async with way() as served:
        served.publish("BTCUSDT", price=1.0)
        served.publish("BTCUSDT", price=2.0, market="spot")
        client = await served.connect("?market=spot")
        assert [record["price"] for record in (await message(client))["data"]] == [2.0]


async def test_ping_is_answered_and_garbage_does_not_close(way: Way) -> None:
    async with way() as served:
        client = await served.connect()
        assert (await message(client))["type"] == "initial_data"
        for garbage in ("{", "[1]", '{"type":1}', '{"type":"buy"}', b"\x00\xff", "", b"", "[" * 5000):
            await client.send_message(garbage)
            assert (await message(client))["type"] == "error"
        await client.send_message('{"type":"ping","ts":17}')
        assert await message(client) == {"type": "pong", "ts": 17, "ts_hub": 1_766_523_600_500}


async def test_a_hundred_errors_in_a_minute_close_with_1008(way: Way) -> None:
    async with way() as served:
        client = await served.connect()
        for _ in range(101):
            await client.send_message("nonsense")
        assert await close_code(client) == 1008


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/ws/realtime/kraken", 404, "hyperliquid"),
        ("/ws/realtime/bybit?market=options", 400, "linear"),
        ("/ws/realtime/bybit?mode=some", 400, "changes"),
        ("/ws/other", 404, "404"),
    ],
)
async def test_a_wrong_wish_is_refused_before_the_upgrade(path: str, status: int, word: str) -> None:
    async with hub() as served:
        got, answer = await exchange_bytes(served, upgrade(path))
        assert got == status
        assert b"application/problem+json" in answer
        assert word.encode() in answer
        await served.alive()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://localhost@evil.example"]
)
async def test_a_foreign_origin_is_refused_before_the_upgrade(origin: str) -> None:
    async with hub() as served:
        got, answer = await exchange_bytes(served, upgrade("/ws/realtime/bybit", f"origin: {origin}"))
        assert got == 403
        assert b"content-security-policy" in answer


async def test_our_own_origin_is_let_in() -> None:
    async with hub() as served:
        origin = (b"origin", f"http://127.0.0.1:{served.port}".encode())
        client = await served.connect(extra_headers=[origin])
        assert (await message(client))["type"] == "initial_data"


async def test_a_message_over_64_kib_closes_with_1009_and_costs_no_memory() -> None:
    async with hub() as served:
        client = await served.connect()
        await message(client)
        with pytest.raises(trio_websocket.ConnectionClosed):
            for _ in range(1000):
                await client.send_message("x" * 65_537)
        assert client.closed is not None
        assert client.closed.code == 1009
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        flood = await opened(served)
        header = b"\x01\xff" + (2**40).to_bytes(8) + b"\0\0\0\0"
        with pytest.raises(trio.BrokenResourceError):
            await flood.send_all(header)
            for _ in range(2000):
                await flood.send_all(b"x" * 65_536)
        await flood.aclose()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 10_000
        await served.alive()
