"""Section 6: text is UTF-8, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.rfc6455.case import NOT_UTF8, Case, Speech, fragments, pieces
from tests.rfc6455.frames import TEXT, Frame

GREEK = "κόσμε".encode()
UMLAUTS = "Hello-µ@ßöäüàá-UTF-8!!".encode()
SPOILT = GREEK + b"\xed\xa0\x80" + b"edited"
BEYOND = b"\xf4\x90\x80\x80"


def _hexes(text: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(word) for word in text.split())


# By Autobahn's numbers: what is UTF-8 ...
GOOD: dict[int, tuple[bytes, ...]] = {
    7: (b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"),
    9: (b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"),
    11: (b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"),
    22: tuple(chr(plane << 16 | last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)),
    23: tuple(chr(code).encode() for code in range(0xFFF9, 0x10000)),
}
# ... and what is not.
BAD: dict[int, tuple[bytes, ...]] = {
    8: _hexes("f888808080 fc8480808080"),
    10: _hexes("f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf"),
    11: (BEYOND,),
    12: (b"\x80", b"\xbf", *(b"\x80\xbf" * (number // 2) + b"\x80" * (number % 2) for number in range(2, 8))),
    13: tuple(
        b"".join(bytes([lead]) + b" " for lead in range(first, beyond))
        for first, beyond in pairwise((0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE))
    ),
    14: _hexes("c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"),
    15: (b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf",),
    16: _hexes("fe ff fefeffff"),
    17: _hexes("c0af e080af f08080af f8808080af fc80808080af"),
    18: _hexes("c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf"),
    19: _hexes("c080 e08080 f0808080 f880808080 fc8080808080"),
    20: tuple(
        chr(code).encode("utf-8", "surrogatepass")
        for code in (0xD800, 0xDB7F, 0xDB80, 0xDBFF, 0xDC00, 0xDF80, 0xDFFF)
    ),
    21: tuple(
        (chr(high) + chr(low)).encode("utf-8", "surrogatepass")
        for high in (0xD800, 0xDB7F, 0xDB80, 0xDBFF)
        for low in (0xDC00, 0xDFFF)
    ),
}


def texts(speech: Speech) -> Iterator[Case]:
    """Section 6."""
    yield from _empty()
    yield from _valid(speech)
    yield from _invalid(speech)
    yield from _prefixes(speech)
    for part in sorted(GOOD.keys() | BAD.keys()):
        good, bad = GOOD.get(part, ()), BAD.get(part, ())
        for number, raw in enumerate((*good, *bad), 1):
            yield _text(speech, f"6.{part}.{number}", raw)


def _text(speech: Speech, number: str, raw: bytes) -> Case:
    """One whole text, which is UTF-8 or not."""
    message, is_good = speech.said(raw), _is_utf8(raw)
    return Case(
        number=number,
        words=f"{'good' if is_good else 'bad'}: {raw[:12].hex(' ')}",
        frames=[Frame(TEXT, message)],
        messages=[message] if is_good else [],
        close=() if is_good else (NOT_UTF8,),
    )


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _empty() -> Iterator[Case]:
    yield Case(number="6.1.1", words="empty text", frames=[Frame(TEXT)], messages=[b""])
    three = fragments(TEXT, b"", b"", b"")
    yield Case(number="6.1.2", words="empty text in three fragments", frames=three, messages=[b""])


def _valid(speech: Speech) -> Iterator[Case]:
    between = speech.said(b"middle")
    yield Case(
        number="6.1.3",
        words="three fragments, only the middle one not empty",
        frames=fragments(TEXT, b"", between, b""),
        messages=[between],
    )
    message = speech.said(UMLAUTS)
    cut = message.index("µ".encode()) + 1
    ways = ([message], [message[:cut], message[cut:]], pieces(message, 1), pieces(speech.said(GREEK), 1))
    for number, parts in enumerate(ways, 1):
        yield Case(
            number=f"6.2.{number}",
            words=f"text of several bytes each, in {len(parts)} fragments",
            frames=fragments(TEXT, *parts),
            messages=[b"".join(parts)],
        )


def _invalid(speech: Speech) -> Iterator[Case]:
    message = speech.said(SPOILT)
    for number, parts in enumerate(([message], pieces(message, 1)), 1):
        yield Case(
            number=f"6.3.{number}",
            words=f"bad text in {len(parts)} fragments",
            frames=fragments(TEXT, *parts),
            close=(NOT_UTF8,),
        )
    for number, (bad, chop) in enumerate(
        ((b"\xf4\x90", None), (BEYOND, None), (b"\xf4\x90", 1), (BEYOND, 1)), 1
    ):
        message = speech.said(GREEK + bad + b"edited")
        cut = message.index(bad)
        yield Case(
            number=f"6.4.{number}",
            words="bad text that could be known before its end",
            frames=fragments(TEXT, message[:cut], message[cut : cut + len(bad)], message[cut + len(bad) :]),
            close=(NOT_UTF8,),
            chop_bytes=chop,
        )
    for number, parts in enumerate(
        ([UMLAUTS], list(pieces(UMLAUTS, 1)), [GREEK], pieces(GREEK, 2), pieces(GREEK, 1)), 1
    ):
        said = [*fragments(TEXT, *_wrapped(speech, parts))]
        yield Case(
            number=f"6.5.{number}",
            words=f"good text in {len(said)} fragments",
            frames=said,
            messages=[b"".join(frame.payload for frame in said)],
        )


def _wrapped(speech: Speech, parts: list[bytes]) -> list[bytes]:
    """The parts of a text, with what stands around it in its first and last."""
    before, _, after = speech.said(b"|").partition(b"|")
    return (
        [before + parts[0], *parts[1:-1], parts[-1] + after]
        if len(parts) > 1
        else [before + parts[0] + after]
    )


def _prefixes(speech: Speech) -> Iterator[Case]:
    """Of five letters of two bytes and more, so many bytes."""
    for size in range(1, len(GREEK) + 1):
        yield _text(speech, f"6.6.{size}", GREEK[:size])
