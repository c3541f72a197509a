"""Long answers of history over real sockets: whole, stopped with their reader, and never held up by one."""

from __future__ import annotations

import msgspec
import pytest
import trio

from tests.patience import PATIENCE_S
from tests.web.fake_history import SECOND_NS, FakeHistory, tick
from tests.web.harness import NOW_NS
from tests.web.served import Hub, exchange_bytes, hub, read_to_end, until
from web.api.history_desk import QUESTIONS_MAX

pytestmark = pytest.mark.loopback
ROWS = 5000
REQUEST = (
    b"GET /api/v1/tickers/bybit:linear:BTCUSDT/history?limit=%d HTTP/1.1\r\n"
    b"host: localhost\r\nconnection: close\r\n\r\n" % ROWS
)


def remembering() -> FakeHistory:
    return FakeHistory([tick(NOW_NS - each * SECOND_NS, float(each)) for each in range(ROWS + 10)])


def unchunked(answer: bytes) -> bytes:
    """The body of a chunked answer, which must be whole."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return body
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


async def test_a_long_answer_is_whole() -> None:
    async with hub(history=remembering()) as served:
        served.publish("BTCUSDT")
        status, answer = await exchange_bytes(served, REQUEST)
    assert status == 200
    body = msgspec.json.decode(unchunked(answer))
    assert [each["price"] for each in body["data"]] == [float(each) for each in range(ROWS)]
    assert body["meta"]["has_more"]


async def test_a_client_that_leaves_stops_its_question() -> None:
    history = remembering()
    history.takes_s = 60.0
    async with hub(history=history) as served:
        served.publish("BTCUSDT")
        for number in range(1, QUESTIONS_MAX + 2):
            async with await served.raw() as stream:
                await stream.send_all(REQUEST)
                await until(lambda: history.active == 1)
            await until(lambda: history.given_up == number and history.active == 0)  # noqa: B023
        history.takes_s = 0.0
        assert (await exchange_bytes(served, REQUEST))[0] == 200


async def test_clients_that_do_not_read_are_dropped_and_hold_up_nobody() -> None:
    history = remembering()
    async with hub(history=history) as served:
        served.publish("BTCUSDT")
        stalled = [await stuck(served) for _ in range(QUESTIONS_MAX * 2)]
        assert (await exchange_bytes(served, REQUEST))[0] == 200
        assert history.active == 0
        await trio.sleep(served.settings.client_stall_s * 2)
        for stream in stalled:
            with trio.fail_after(PATIENCE_S):
                assert not (await read_to_end(stream)).endswith(b"0\r\n\r\n")
            await stream.aclose()


async def stuck(served: Hub) -> trio.SocketStream:
    """A client that asks and reads nothing."""
    stream = await served.raw(receive_buffer_bytes=4096)
    await stream.send_all(REQUEST)
    return stream
