"""Rows over `ws://`: acknowledged or not, and never taken for written before.

No server that speaks QWP can be had where these tests run, so the other end is written after QuestDB's public
description of the protocol: it upgrades, reads each message's header, and answers as it is told.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Literal

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from actors.market.rows import Row
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks import _questdb_sending
from actors.sinks._questdb_address import Address
from actors.sinks._questdb_sending import Sending
from tests.patience import PATIENCE_S
from tests.sinks.conformance import tick, trade

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

Answer = Literal["ok", "schema mismatch", "write error", "silence", "hang up"]
HEADER = struct.Struct("<4sBBHI")  # magic, version, flags, tables, bytes of payload
SCHEMA_MISMATCH, WRITE_ERROR = 3, 9
PATHS = ("/write/v4", "/api/v4/write")


class QwpEnd:
    """The server's end. `messages` holds the number of tables in each message that came."""

    def __init__(self) -> None:
        self.answer: Answer = "ok"
        self.refuse_with: int | None = None
        self.messages: list[int] = []
        self.port = 0

    async def serve(self, request: WebSocketRequest) -> None:
        if self.refuse_with is not None:
            await request.reject(self.refuse_with)
            return
        assert request.path in PATHS
        connection = await request.accept(extra_headers=[(b"X-QWP-Version", b"1")])
        with suppress(ConnectionClosed):
            await self._answer_all(connection)

    async def _answer_all(self, connection: WebSocketConnection) -> None:
        sequence = 0
        while True:
            message = await connection.get_message()
            assert isinstance(message, bytes)
            magic, version, _, tables, payload_bytes = HEADER.unpack_from(message)
            assert (magic, version, payload_bytes) == (b"QWP1", 1, len(message) - HEADER.size)
            self.messages.append(tables)
            if self.answer == "hang up":
                await connection.aclose(1011)
                return
            if self.answer != "silence":
                await connection.send_message(self._response(sequence))
            sequence += 1

    def _response(self, sequence: int) -> bytes:
        if self.answer == "ok":
            return struct.pack("<BqH", 0, sequence, 0)
        status = SCHEMA_MISMATCH if self.answer == "schema mismatch" else WRITE_ERROR
        words = self.answer.encode()
        return struct.pack("<BqH", status, sequence, len(words)) + words


@pytest.fixture
async def end() -> AsyncIterator[QwpEnd]:
    async with opened_end() as end:
        yield end


@asynccontextmanager
async def opened_end() -> AsyncIterator[QwpEnd]:
    end = QwpEnd()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, end.serve, "127.0.0.1", 0, ssl_context=None))
        end.port = server.port
        yield end
        nursery.cancel_scope.cancel()


async def send(sending: Sending, *rows: Row) -> None:
    await trio.to_thread.run_sync(sending.send, rows)


def sending_to(end: QwpEnd, timeout_s: float = 5.0) -> Sending:
    return Sending(Address.parse(f"ws://127.0.0.1:{end.port}"), timeout_s)


async def test_rows_are_written_when_every_message_was_acknowledged(
    end: QwpEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_questdb_sending, "ROWS_PER_REQUEST", 10)
    sending = sending_to(end)
    await send(sending, tick(), trade())
    await send(sending, *[trade(number, str(number)) for number in range(25)])
    assert end.messages == [2, 1, 1, 1]
    sending.close()


async def test_a_schema_that_does_not_fit_is_refused(end: QwpEnd) -> None:
    end.answer = "schema mismatch"
    sending = sending_to(end)
    with pytest.raises(SinkRefused, match="schema mismatch"):
        await send(sending, trade())
    end.answer = "ok"
    await send(sending, tick())
    sending.close()


@pytest.mark.parametrize("answer", ["write error", "silence", "hang up"])
async def test_rows_that_are_not_acknowledged_are_the_callers(end: QwpEnd, answer: Answer) -> None:
    end.answer = answer
    sending = sending_to(end, timeout_s=0.5)
    with trio.fail_after(PATIENCE_S), pytest.raises(SinkUnavailable):
        await send(sending, trade())
    end.answer, sent = "ok", len(end.messages)
    await send(sending, tick(), trade())
    assert end.messages[sent:] == [2], "what failed is not sent again by itself"
    sending.close()


@pytest.mark.parametrize(
    ("status", "words"), [(401, "password"), (404, "takes no rows"), (503, "takes no rows")]
)
async def test_an_upgrade_that_is_refused(end: QwpEnd, status: int, words: str) -> None:
    end.refuse_with = status
    with pytest.raises(SinkUnavailable, match=words):
        await send(sending_to(end), trade())


async def test_nobody_is_there() -> None:
    sending = Sending(Address.parse("ws://127.0.0.1:1"), 1.0)
    with pytest.raises(SinkUnavailable, match="refused"):
        await send(sending, trade())
    sending.close()
