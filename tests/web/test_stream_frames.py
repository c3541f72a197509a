"""Shared bodies behind heads of one's own: every frame is one valid message in every format."""

from __future__ import annotations

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.streaming import payloads
from web.stream import frames
from web.stream.decoding import Format
from web.stream.frames import Part

FORMATS: list[Format] = ["json", "msgpack"]


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("format", FORMATS)
@given(
    sub=st.integers(1, 10_000),
    seq=st.integers(1, 2**40),
    records=st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=200)), max_size=70),
)
def test_every_head_makes_one_valid_message_of_the_shared_body(
    format: Format,  # noqa: A002
    deflate: bool,
    sub: int,
    seq: int,
    records: list[dict[str, str]],
) -> None:
    encoded = [frames.encoded(record, format) for record in records]
    parts = [Part("channel", frames.encoded("ticker", format)), Part("data", frames.array(encoded, format))]
    body = frames.body(parts, format, deflate=deflate)
    assert bool(body.deflated) is (deflate and len(body.rest) >= frames.DEFLATE_BYTES_MIN)
    [(first, payload)] = payloads(bytearray(b"".join(frames.frame(sub, seq, body, format))))
    assert first & 0x0F == (1 if format == "json" else 2)
    message = json.loads(payload) if format == "json" else msgpack.unpackb(payload)
    assert message == {"sub": sub, "seq": seq, "channel": "ticker", "data": records}


@pytest.mark.parametrize("count", [0, 15, 16, 65_535, 65_536])
def test_arrays_of_every_length_are_messagepack(count: int) -> None:
    assert msgpack.unpackb(frames.array([b"\x01"] * count, "msgpack")) == [1] * count


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_headers_of_every_length(length: int) -> None:
    [(first, payload)] = payloads(bytearray(frames.message(b" " * length, "json")))
    assert (first, len(payload)) == (0x81, length)
