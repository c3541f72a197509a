"""What is counted of real connections: bytes, refusals, stalls, goodbyes; and the scrape itself."""

from __future__ import annotations

import pytest
import trio

from actors.runtime.settings import WebSettings
from tests.web.served import Hub, exchange_bytes, head_of, hub, opened, until, upgrade
from web.traffic import Traffic

pytestmark = pytest.mark.loopback
GET = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


async def test_bytes_are_counted_whoever_wrote_them() -> None:
    async with hub() as served:
        traffic: Traffic = served.app.extensions["tickwell"].traffic
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        await stream.send_all(GET)
        received = 0
        while data := await stream.receive_some(65_536):
            received += len(data)
        await stream.aclose()
        await until(lambda: not traffic.streams)
        assert traffic.sent_bytes == received > 1000
        assert (traffic.accepted, traffic.refused, traffic.stalled) == (1, 0, 0)
        client = await served.connect()
        served.publish("BTCUSDT")
        await client.get_message()
        await until(lambda: traffic.sent_bytes > received)
        assert len(traffic.streams) == 1


async def test_the_loop_is_measured_while_the_web_is_served() -> None:
    async with hub() as served:
        loop = served.app.extensions["tickwell"].loop
        await until(lambda: sum(loop.lags.report().counts) > 0)
        status, body = await exchange_bytes(served, GET)
        assert status == 200
        assert "tickwell_web_connections 1.0" in str(body)


async def test_a_client_that_takes_nothing_is_a_stall() -> None:
    async with hub(WebSettings(port=0, client_stall_s=1)) as served:
        traffic: Traffic = served.app.extensions["tickwell"].traffic
        symbols = [f"S{number}USDT" for number in range(100)]
        served.publish(*symbols, padding=500)
        deaf = await opened(served, receive_buffer_bytes=4096)
        await until(lambda: served.fanout.active["bybit"] == 1)
        served.nursery.start_soon(lambda: served.publish_for_ever(*symbols, padding=500))
        await until(lambda: traffic.stalled == 1)
        await until(lambda: traffic.goodbyes["realtime", "gone"] == 1)
        await deaf.aclose()


async def stream_client(served: Hub) -> trio.SocketStream:
    stream = await served.raw()
    await stream.send_all(upgrade("/ws"))
    assert (await head_of(stream)).startswith(b"HTTP/1.1 101")
    return stream


async def test_how_clients_of_the_stream_went_is_counted() -> None:
    async with hub() as served:
        goodbyes = served.app.extensions["tickwell"].traffic.goodbyes
        first = await stream_client(served)
        await first.aclose()
        await until(lambda: goodbyes["stream", "gone"] == 1)
        second = await stream_client(served)
        served.stop.set()
        await until(lambda: goodbyes["stream", "1001"] == 1)
        await second.aclose()


async def test_who_finds_no_room_is_refused_and_who_is_closed_gets_a_code() -> None:
    async with hub(WebSettings(port=0, clients_max=1)) as served:
        traffic: Traffic = served.app.extensions["tickwell"].traffic
        client = await served.connect()
        await until(lambda: served.fanout.active["bybit"] == 1)
        other = await trio.open_tcp_stream("127.0.0.1", served.port)
        await until(lambda: traffic.refused == 1)
        await other.aclose()
        served.stop.set()
        await until(lambda: traffic.goodbyes["realtime", "1001"] == 1)
        await client.aclose()
