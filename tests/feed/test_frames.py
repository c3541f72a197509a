"""The frame parser, against wsproto on random streams in random pieces, and against the rules one by one."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from actors.feed.frames import BINARY, CONTINUATION, FINAL, PING, PONG, TEXT, FrameError, FrameParser

MANY = settings(max_examples=400)


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, head: int = 0) -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65_536:
        length = b"\x7e" + struct.pack("!H", size)
    else:
        length = b"\x7f" + struct.pack("!Q", size)
    return bytes([(FINAL if final else 0) | opcode | head]) + length + payload


def parser(message_bytes_max: int = 1_000_000) -> FrameParser:
    return FrameParser(message_bytes_max)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


texts = st.text(max_size=300).map(str.encode)
payloads = st.one_of(texts, st.binary(max_size=140), st.sampled_from([b"x" * 126, b"y" * 70_000]))
frames = st.one_of(
    texts.map(lambda payload: frame(TEXT, payload)),
    payloads.map(lambda payload: frame(BINARY, payload)),
    st.binary(max_size=125).map(lambda payload: frame(PING, payload)),
    st.binary(max_size=125).map(lambda payload: frame(PONG, payload)),
    st.tuples(texts, texts, texts).map(
        lambda parts: (
            frame(TEXT, parts[0], final=False)
            + frame(PING, b"between")
            + frame(CONTINUATION, parts[1], final=False)
            + frame(CONTINUATION, parts[2])
        )
    ),
)
broken = st.one_of(
    texts.map(lambda payload: frame(TEXT, payload + b"\xff")),
    texts.map(lambda payload: frame(TEXT, payload, head=0x40)),
    st.binary(max_size=125).map(lambda payload: frame(PING, payload, final=False)),
    st.binary(min_size=126, max_size=200).map(lambda payload: frame(PONG, payload)),
    st.tuples(st.sampled_from([3, 4, 5, 6, 7, 11, 12, 15]), texts).map(lambda each: frame(*each)),
    texts.map(lambda payload: frame(CONTINUATION, payload)),
    texts.map(lambda payload: frame(TEXT, payload, final=False) + frame(TEXT, payload)),
    texts.map(lambda payload: frame(TEXT, payload + b"\xc3", final=False) + frame(CONTINUATION, b"x")),
    st.binary(min_size=5, max_size=125).map(
        lambda load: bytes([FINAL | TEXT, 0x80 | len(load)]) + b"mask" + load
    ),
)


def by_wsproto(data: bytes) -> tuple[list[bytes], list[bytes], bool]:
    """Messages, ping and pong payloads, and whether the stream was broken, as wsproto sees it."""
    library = Connection(ConnectionType.CLIENT)
    messages, controls, parts = list[bytes](), list[bytes](), bytearray()
    try:
        library.receive_data(data)
        for event in library.events():
            if isinstance(event, Message):
                parts += event.data.encode() if isinstance(event, TextMessage) else event.data
                if event.message_finished:
                    messages.append(bytes(parts))
                    parts.clear()
            elif isinstance(event, Ping | Pong):
                controls.append(bytes(event.payload))
            elif isinstance(event, CloseConnection):
                return messages, controls, True
    except (RemoteProtocolError, LocalProtocolError, UnicodeDecodeError):
        return messages, controls, True
    return messages, controls, False


def by_us(data: bytes, cuts: list[int]) -> tuple[list[bytes], list[bytes], bool]:
    ours, messages = parser(), list[bytes]()
    try:
        for piece in pieces(data, cuts):
            messages += ours.receive(piece)
    except FrameError:
        return messages, [control[2:] for control in ours.controls], True
    return messages, [control[2:] for control in ours.controls], False


@MANY
@given(st.lists(frames, max_size=12), st.lists(st.integers(0, 100_000), max_size=8))
def test_we_see_what_wsproto_sees_however_the_stream_is_cut(stream: list[bytes], cuts: list[int]) -> None:
    data = b"".join(stream)
    assert by_us(data, cuts) == by_wsproto(data)


@MANY
@given(st.lists(frames, max_size=4), broken, st.lists(st.integers(0, 5000), max_size=8))
def test_what_wsproto_refuses_we_refuse(stream: list[bytes], damage: bytes, cuts: list[int]) -> None:
    data = b"".join([*stream, damage])
    assert by_us(data, cuts)[2]
    assert by_wsproto(data)[2]


@MANY
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_random_bytes_raise_nothing_but_frame_errors(data: bytes, cuts: list[int]) -> None:
    whole, cut = by_us(data, []), by_us(data, cuts)
    assert whole == cut


def test_a_batch_is_one_list_and_keeps_its_order() -> None:
    data = frame(TEXT, b"a") + frame(BINARY, b"\xff") + frame(PING, b"p") + frame(TEXT, b"c")
    ours = parser()
    assert ours.receive(data) == [b"a", b"\xff", b"c"]
    assert ours.controls == [frame(PING, b"p")]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_every_width_of_size_byte_by_byte(size: int) -> None:
    ours, data = parser(), frame(BINARY, b"\x80" * size)
    step = 1 if size < 1000 else 4096
    received = [m for start in range(0, len(data), step) for m in ours.receive(data[start : start + step])]
    assert received == [b"\x80" * size]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes([0x81, 0x85]) + b"mask" + b"hello", 1002),
        (frame(TEXT, b"\xc3"), 1007),
        (frame(TEXT, "é".encode()[:1], final=False) + frame(CONTINUATION, b"x"), 1007),
        (bytes([0x82, 127]) + struct.pack("!Q", 2**62), 1009),
        (bytes([0x82, 127]) + struct.pack("!Q", 100), 1002),
        (bytes([0x82, 126, 0, 5]) + b"hello", 1002),
        (frame(BINARY, b"x" * 600, final=False) + frame(CONTINUATION, b"x" * 600), 1009),
        (frame(PING, b"x" * 126), 1002),
        (frame(BINARY, b"x" * 1001), 1009),
    ],
)
def test_each_fault_has_its_close_code(data: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        parser(1000).receive(data)
    assert caught.value.code == code


def test_text_may_be_cut_within_a_character() -> None:
    first, second = "é".encode()[:1], "é".encode()[1:]
    data = frame(TEXT, first, final=False) + frame(CONTINUATION, second)
    assert parser().receive(data) == ["é".encode()]


def test_a_size_that_never_arrives_costs_no_memory() -> None:
    ours = parser(10_000_000)
    assert ours.receive(bytes([0x82, 127]) + struct.pack("!Q", 9_000_000)) == []
    assert isinstance(BytesMessage(b""), Message)
