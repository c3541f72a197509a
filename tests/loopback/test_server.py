"""The listener under pressure: clients that never read, bursts, restarts, and what the machine lacks."""

from __future__ import annotations

import logging
import ssl
import subprocess
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import trio
import trio_websocket

from actors.runtime.errors import StartError
from actors.runtime.settings import WebSettings
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.web.served import (
    close_code,
    exchange_bytes,
    hub,
    message,
    message_of,
    note_gaps,
    opened,
    read_to_end,
    until,
)
from web.limits import Limits
from web.server import serve

pytestmark = pytest.mark.loopback


async def test_never_readers_are_dropped_and_cost_the_others_nothing() -> None:
    async with hub() as served:
        symbols = [f"S{number}USDT" for number in range(100)]
        served.publish(*symbols, padding=500)
        good = [await served.connect() for _ in range(20)]
        deaf = [await opened(served, receive_buffer_bytes=4096) for _ in range(100)]
        active = served.fanout.active
        await until(lambda: active["bybit"] == 120)
        served.nursery.start_soon(partial(served.publish_for_ever, *symbols, padding=500))
        gaps_s: list[tuple[float, float]] = []
        with LivedClock() as lived:
            async with trio.open_nursery() as readers:
                for client in good:
                    readers.start_soon(note_gaps, client, gaps_s)
                await until(lambda: active["bybit"] == 20)
                readers.cancel_scope.cancel()
        # A stall is seen once the kernel's buffers are full, and ends client_stall_s later.
        assert lived.lived_s < served.settings.client_stall_s + 5
        assert len(gaps_s) > 20
        assert max(lived.between_s(*gap) for gap in gaps_s) < 2
        for stream in deaf:
            await stream.aclose()


async def test_stop_says_1001_and_is_not_held_up_by_never_readers() -> None:
    async with hub(WebSettings(port=0, client_stall_s=60)) as served:
        symbols = [f"S{number}USDT" for number in range(100)]
        served.publish(*symbols, padding=2000)
        deaf = [await opened(served, receive_buffer_bytes=4096) for _ in range(200)]
        good = [await served.connect() for _ in range(20)]
        for client in good:
            assert (await message(client))["type"] == "initial_data"
        served.publish(*symbols, padding=5000)
        for client in good:
            await message_of(client, "market_data")
        with LivedClock() as lived:
            served.stop.set()
            codes = [await close_code(client) for client in good]
            await served.ended.wait()
        assert lived.lived_s < 3
        assert codes == [1001] * 20
        with pytest.raises(OSError):
            await served.raw()
        for stream in deaf:
            await stream.aclose()


async def test_five_hundred_connect_in_a_burst() -> None:
    async with hub(WebSettings(port=0, client_stall_s=10)) as served:
        served.publish("BTCUSDT")
        streams: list[trio.SocketStream] = []

        async def arrive() -> None:
            stream = await opened(served)
            streams.append(stream)
            await stream.receive_some(1)

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                for _ in range(500):
                    nursery.start_soon(arrive)
        assert served.fanout.active["bybit"] == 500
        for stream in streams:
            await stream.aclose()
        await until(lambda: served.fanout.active["bybit"] == 0)


async def test_the_same_app_is_served_again_on_the_same_port() -> None:
    async with hub() as served:
        served.publish("BTCUSDT")
        client = await served.connect()
        assert (await message(client))["count"] == 1
        served.stop.set()
        assert await close_code(client) == 1001
        await served.ended.wait()
        served.settings = WebSettings(port=served.port)
        await served.start()
        again = await served.connect()
        assert (await message(again))["count"] == 1
        served.publish("BTCUSDT")
        assert (await message(again))["type"] == "market_data"


async def test_a_port_in_use_is_named_with_what_to_do() -> None:
    async with hub() as served:
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{served.port}.*in use.*port") as caught:
            await serve(served.app, WebSettings(port=served.port), trio.Event(), shutdown_grace_s=1)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (WebSettings(port=0, host="203.0.113.7"), "no such address"),
        (WebSettings(port=0, host="no.such.host.invalid"), "no such host"),
        (WebSettings(port=0, tls_certificate="/no/such.pem"), "/no/such.pem"),
        (WebSettings(port=0, tls_key="/no/such.key"), "tls_certificate"),
        (WebSettings(port=0, tls_certificate=__file__), "PEM"),
    ],
)
async def test_what_the_machine_does_not_give_is_a_start_error(settings: WebSettings, words: str) -> None:
    async with hub() as served:
        with pytest.raises(StartError, match=words) as caught:
            await serve(served.app, settings, trio.Event(), shutdown_grace_s=1)
        assert "\n" not in str(caught.value)


async def test_over_the_cap_there_is_a_503_and_a_place_is_free_again_at_once() -> None:
    async with hub(WebSettings(port=0, clients_max=3)) as served:
        streams = [await opened(served) for _ in range(3)]
        status, answer = await exchange_bytes(served, b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert status == 503
        assert b"retry-after" in answer
        for stream in streams:
            await stream.aclose()
        await until(lambda: served.fanout.active["bybit"] == 0)
        with trio.fail_after(PATIENCE_S):
            while (
                await exchange_bytes(
                    served, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
                )
            )[0] != 200:
                await trio.sleep(0.05)


async def test_a_client_that_leaves_is_gone_at_once() -> None:
    async with hub() as served:
        stream = await opened(served)
        await until(lambda: served.fanout.active["bybit"] == 1)
        await stream.aclose()
        with LivedClock() as lived:
            await until(lambda: served.fanout.active["bybit"] == 0)
        assert lived.lived_s < 2


async def test_a_handler_that_fails_closes_with_1011(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with hub() as served:
        client = await served.connect()
        await message(client)

        def fail(*_: object) -> bytes:
            raise RuntimeError("planted")

        monkeypatch.setattr("web.group.Group.update", fail)
        with caplog.at_level(logging.ERROR):
            served.publish("BTCUSDT")
            assert await close_code(client) == 1011
        assert "planted" in caplog.text
        await served.alive()


async def test_a_silent_feed_still_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.fanout.HEARTBEAT_S", 0.1)
    async with hub() as served:
        served.publish("BTCUSDT")
        changes, everything = await served.connect("?mode=changes"), await served.connect()
        assert (await message(changes))["count"] == (await message(everything))["count"] == 1
        assert (await message(changes))["count"] == 0
        assert (await message(everything))["count"] == 1


async def test_out_of_descriptors_is_one_quiet_line_and_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = trio.SocketListener.accept
    tries = 0

    async def accept(listener: trio.SocketListener) -> trio.SocketStream:
        nonlocal tries
        tries += 1
        if tries <= 12:
            await trio.lowlevel.checkpoint()
            raise OSError(24, "Too many open files")
        return await real(listener)

    monkeypatch.setattr(trio.SocketListener, "accept", accept)
    monkeypatch.setattr("web.server.ACCEPT_PAUSE_S", 0.01)
    with caplog.at_level(logging.WARNING):
        async with hub() as served:
            await served.alive()
    assert tries >= 13
    assert 1 <= len([line for line in caplog.records if "Too many open files" in line.message]) <= 5


async def test_cancelling_the_server_does_not_wait_for_never_readers() -> None:
    async with hub(WebSettings(port=0, client_stall_s=60)) as served:
        symbols = [f"S{number}USDT" for number in range(100)]
        served.publish(*symbols, padding=5000)
        listening: list[tuple[str, int]] = []
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            call = partial(serve, served.app, served.settings, trio.Event(), shutdown_grace_s=5)
            listening = await nursery.start(call)
            first_port, served.port = served.port, listening[0][1]
            deaf = [await opened(served, receive_buffer_bytes=4096) for _ in range(20)]
            served.publish(*symbols, padding=5000)
            lived = stack.enter_context(LivedClock())
            nursery.cancel_scope.cancel()
        assert lived.lived_s < 2
        served.port = first_port
        await served.alive()
        for stream in deaf:
            await stream.aclose()


async def test_tls_serves_and_strangers_to_tls_are_dropped(tmp_path: Path) -> None:
    certificate = tmp_path / "hub.pem"
    certificate.write_text(make_certificate())
    settings = WebSettings(port=0, tls_certificate=str(certificate))
    async with hub(settings, Limits(handshake_s=0.3)) as hurried, await hurried.raw() as silent:
        assert await read_to_end(silent) == b""
    async with hub(settings) as served:
        assert (await exchange_bytes(served, b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"))[0] == 0
        context = ssl.create_default_context(cafile=str(certificate))
        client = await trio_websocket.connect_websocket_url(
            served.nursery, f"wss://localhost:{served.port}/ws/realtime/bybit", ssl_context=context
        )
        served.clients.append(client)
        assert (await message(client))["type"] == "initial_data"
        served.stop.set()
        assert await close_code(client) == 1001


def make_certificate() -> str:
    """A fresh self-signed certificate for localhost with its key, as PEM."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout - "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    )
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout
