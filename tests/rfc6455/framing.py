"""Sections 1 to 5: sizes, pings, reserved bits, opcodes, fragments; and masks."""

from __future__ import annotations

from collections.abc import Iterator

from tests.rfc6455.case import KINDS, PROTOCOL_ERROR, Case, Speech, fragments, halves, pieces
from tests.rfc6455.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame

SIZES = (0, 125, 126, 127, 128, 65_535, 65_536)
WAYS: tuple[tuple[str, int | None], ...] = ((", a frame at a time", None), (", byte by byte", 1))
FAULT = (PROTOCOL_ERROR,)


def masks(speech: Speech) -> Iterator[Case]:
    """RFC 6455, 5.1: what a client sends is masked, what a server sends is not."""
    hello = speech.said(b"Hello")
    for opcode, words in ((TEXT, "text"), (PING, "a ping")):
        payload = hello if opcode == TEXT else b"Hello"
        yield Case(
            number=f"0.{opcode}",
            words=f"{words}, masked the wrong way round",
            close=FAULT,
            frames=[Frame(opcode, payload)],
            is_masked_wrongly=True,
        )


def sizes(speech: Speech) -> Iterator[Case]:
    """Section 1."""
    for part, opcode in ((1, TEXT), (2, BINARY)):
        for number, size in enumerate(SIZES, 1):
            message = speech.sized(opcode, size)
            words = f"{KINDS[opcode]} of {size} bytes"
            yield Case(
                number=f"1.{part}.{number}", words=words, frames=[Frame(opcode, message)], messages=[message]
            )
        yield Case(
            number=f"1.{part}.8",
            words=f"{words}, 997 at a time",
            frames=[Frame(opcode, message)],
            messages=[message],
            chop_bytes=997,
        )


def pings(speech: Speech) -> Iterator[Case]:
    """Section 2."""
    payloads = {
        "no payload": b"",
        "text": b"Hello, world!",
        "bytes": b"\x00\xff\xfe\xfd\x00\xff",
        "125": b"p" * 125,
    }
    for place, (words, payload) in enumerate(payloads.items(), 1):
        yield Case(
            number=f"2.{place}", words=f"a ping: {words}", frames=[Frame(PING, payload)], pongs=[payload]
        )
    yield Case(number="2.5", words="a ping of 126 bytes", frames=[Frame(PING, b"p" * 126)], close=FAULT)
    yield Case(
        number="2.6",
        words="a ping of 125 bytes, byte by byte",
        frames=[Frame(PING, b"p" * 125)],
        pongs=[b"p" * 125],
        chop_bytes=1,
    )
    yield Case(number="2.7", words="a pong that nobody asked for", frames=[Frame(PONG)])
    yield Case(number="2.8", words="the same, with a payload", frames=[Frame(PONG, b"unsolicited")])
    both = [Frame(PONG, b"unsolicited"), Frame(PING, b"ping")]
    yield Case(number="2.9", words="such a pong, then a ping", frames=both, pongs=[b"ping"])
    ten = [b"payload-%d" % number for number in range(10)]
    for number, chop_bytes in (("2.10", None), ("2.11", 1)):
        yield Case(
            number=number,
            words="ten pings" + (", byte by byte" if chop_bytes else ""),
            pongs=ten,
            frames=[Frame(PING, each) for each in ten],
            chop_bytes=chop_bytes,
        )


def reserved_bits(speech: Speech) -> Iterator[Case]:
    """Section 3."""
    hello = speech.said(b"Hello")
    good = Frame(TEXT, hello)
    yield Case(number="3.1", words="text with RSV 1", frames=[Frame(TEXT, hello, reserved=1)], close=FAULT)
    for number, reserved, chop_bytes in (("3.2", 2, None), ("3.3", 3, 64), ("3.4", 4, 1)):
        yield Case(
            number=number,
            words=f"good text, text with RSV {reserved}, a ping",
            messages=[hello],
            frames=[good, Frame(TEXT, hello, reserved=reserved), Frame(PING)],
            close=FAULT,
            chop_bytes=chop_bytes,
        )
    yield Case(
        number="3.5", words="binary with RSV 5", frames=[Frame(BINARY, b"\x00\xff", reserved=5)], close=FAULT
    )
    yield Case(
        number="3.6", words="a ping with RSV 6", frames=[Frame(PING, b"Hello", reserved=6)], close=FAULT
    )
    close = Frame(CLOSE, b"\x03\xe8", reserved=7)
    yield Case(number="3.7", words="a close with RSV 7", frames=[close], close=FAULT)


def opcodes(speech: Speech) -> Iterator[Case]:
    """Section 4."""
    hello = speech.said(b"Hello")
    for part, first in ((1, 3), (2, 11)):
        for number in range(1, 6):
            opcode, payload = first + number - 1, b"payload" if number % 2 == 0 else b""
            good = [Frame(TEXT, hello)] if number > 2 else []
            yield Case(
                number=f"4.{part}.{number}",
                words=f"the reserved opcode {opcode}" + (", after text" if good else ""),
                frames=[*good, Frame(opcode, payload), Frame(PING)],
                messages=[hello] if good else [],
                close=FAULT,
                chop_bytes=1 if number == 5 else None,
            )


def fragmented(speech: Speech) -> Iterator[Case]:
    """Section 5."""
    hello = speech.said(b"fragment1 fragment2")
    first, second = halves(hello)
    whole, inner = fragments(TEXT, first, second), Frame(PING, b"ping")
    yield Case(number="5.1", words="a ping in two fragments", frames=fragments(PING, b"a", b"b"), close=FAULT)
    yield Case(number="5.2", words="a pong in two fragments", frames=fragments(PONG, b"a", b"b"), close=FAULT)
    yield Case(number="5.3", words="text in two fragments", frames=whole, messages=[hello])
    for place, (words, chop) in enumerate(WAYS, 4):
        yield Case(
            number=f"5.{place}",
            words=f"the same{words}",
            frames=whole,
            messages=[hello],
            chop_bytes=chop or 64,
        )
    between = [whole[0], inner, whole[1]]
    for place, (words, chop) in enumerate((("", None), (", in small writes", 64), (", byte by byte", 1)), 6):
        yield Case(
            number=f"5.{place}",
            words=f"a ping between two fragments{words}",
            frames=between,
            messages=[hello],
            pongs=[b"ping"],
            chop_bytes=chop,
        )
    yield from _out_of_place(speech, whole, hello)
    five = fragments(TEXT, *pieces(hello, len(hello) // 5 + 1))
    with_pings = [*five[:2], Frame(PING, b"1"), *five[2:4], Frame(PING, b"2"), *five[4:]]
    for number in ("5.19", "5.20"):
        yield Case(
            number=number,
            words="five fragments, pings among them",
            frames=with_pings,
            messages=[hello],
            pongs=[b"1", b"2"],
            chop_bytes=None if number == "5.20" else 7,
        )


def _out_of_place(speech: Speech, whole: list[Frame], hello: bytes) -> Iterator[Case]:
    """A fragment of nothing, and a message within a message."""
    text = Frame(TEXT, hello)
    place = 9
    for final in (True, False):
        lost = Frame(CONTINUATION, b"nothing to continue", final=final)
        for chop in (None, 64, 1):
            words = f"a fragment of nothing, {'the last' if final else 'not the last'}, then text"
            yield Case(number=f"5.{place}", words=words, frames=[lost, text], close=FAULT, chop_bytes=chop)
            place += 1
    lost = Frame(CONTINUATION, b"nothing to continue", final=False)
    yield Case(
        number="5.15",
        words="two fragments, a fragment of nothing, text",
        frames=[*whole, lost, text],
        messages=[hello],
        close=FAULT,
    )
    for number, final in ((16, False), (17, True)):
        begun = [Frame(CONTINUATION, b"x", final=final), *whole]
        yield Case(
            number=f"5.{number}",
            words="a fragment of nothing, then two of a message, twice",
            frames=begun * 2,
            close=FAULT,
        )
    twice = [Frame(TEXT, whole[0].payload, final=False), Frame(TEXT, whole[1].payload)]
    yield Case(number="5.18", words="text within a fragmented text", frames=twice, close=FAULT)
