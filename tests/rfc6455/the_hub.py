"""The hub's side: its stream's `ping`, which gives back what it was sent."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgpack
import trio

from actors.runtime.settings import StreamSettings, WebSettings
from tests.rfc6455.case import Case, Seen, Speech
from tests.rfc6455.frames import BINARY, RSV1, TEXT, Frame
from tests.rfc6455.line import Line
from tests.web.served import Hub, head_of, hub, upgrade

BEFORE, AFTER = b'{"method":"ping","params":"', b'"}'
REFUSED = b"refused"


def said(raw: bytes) -> bytes:
    """JSON with `raw` in it."""
    return BEFORE + raw + AFTER


def sized(opcode: int, size: int) -> bytes:
    """JSON or MessagePack of exactly so many bytes; of none, nothing at all."""
    if opcode == TEXT:
        return said(b"*" * (size - len(said(b"")))) if size else b""
    lengths = range(max(0, size - 40), size)
    return next((packed for each in lengths if len(packed := _packed("*" * each)) == size), b"")


def _packed(params: str) -> bytes:
    data: bytes = msgpack.packb({"method": "ping", "params": params})
    return data


SPEECH = Speech(
    said=said,
    sized=sized,
    message_bytes_max=65_536,
    sizes=(16_384, 65_536, 65_537, 262_144, 1_048_576),
    fragmented=65_536,
    fragments=(256, 1024, 4096, 16_384, 65_536),
    chopped=65_536,
    crowd=200,
    crowd_sizes=(64, 256, 1024, 4096),
)


class TheHub:
    """A hub that is served, and asked one case after the other, each on a connection of its own."""

    name = "the hub"
    speech = SPEECH

    def __init__(self, served: Hub) -> None:
        self._served = served

    async def play(self, case: Case) -> tuple[Case, Seen]:
        """The case as the hub's answers can show it, and what was seen."""
        seen = Seen()
        more = ["sec-websocket-protocol: tickwell.v1.msgpack"] if case.is_binary else []
        more += [f"sec-websocket-extensions: {case.extensions}"] if case.extensions else []
        async with await self._served.raw() as stream:
            await stream.send_all(upgrade("/ws", *more))
            head = await head_of(stream)
            if not head.startswith(b"HTTP/1.1 101"):
                seen.error = f"no upgrade: {head[:80]!r}"
            elif case.extensions and bool(_agreed(head)) is case.extensions.endswith("=9"):
                seen.error = f"an offer of {case.extensions} was answered with {_agreed(head)!r}"
            else:
                await Line(stream, seen, heard, is_client=True).play(case)
        messages = [each if params_of(each, case) is not None else REFUSED for each in case.messages]
        return replace(case, messages=messages), seen


def _agreed(head: bytes) -> bytes:
    """What the hub agreed to."""
    return head.lower().partition(b"sec-websocket-extensions: ")[2].partition(b"\r\n")[0]


def params_of(message: bytes, case: Case) -> Any:
    """What a message of ours holds, and its answer must; `None` of one that is none."""
    try:
        told = msgpack.unpackb(message) if case.is_binary else json.loads(message)
    except ValueError:
        return None
    return told.get("params")


def heard(frame: Frame) -> bytes | None:
    """The message of ours that the hub answers; `None` if it is no answer."""
    payload = frame.payload
    if frame.reserved == RSV1:
        payload = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
    answer = msgpack.unpackb(payload) if frame.opcode == BINARY else json.loads(payload)
    if "success" not in answer:
        return None
    if not answer["success"]:
        return REFUSED
    params = answer["result"]["params"]
    return _packed(params) if frame.opcode == BINARY else said(params.encode())


@asynccontextmanager
async def the_hub() -> AsyncIterator[TheHub]:
    """A hub that takes as many messages per second as there may be."""
    with trio.CancelScope():
        async with hub(WebSettings(port=0), stream=StreamSettings(messages_per_s=1000)) as served:
            yield TheHub(served)
