"""The template is a codec that works: who copies it begins with something true."""

from __future__ import annotations

import json

import pytest

from actors.exchanges import _template, exchanges
from actors.exchanges.base import BOOK, CHANNELS, Acknowledged, Codec, Refused, Resync
from actors.market.events import BookDelta, BookSnapshot, Event, Gap, TickerUpdate, Trade
from actors.market.instrument import SPOT, Instrument
from actors.runtime.errors import DecodeError
from tests.exchanges.cases import ACKNOWLEDGED, HEARTBEATS, STRANGE, UNKNOWN, events, receive
from tests.exchanges.checks import check

TIME_MS = 1_700_000_000_000
TIME_NS = TIME_MS * 1_000_000
ORDER = Resync("book.XYZ")
BIDS, ASKS = [("101", "2"), ("100", "1")], [("102", "3")]


def book(n: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]], full: bool = False) -> bytes:
    message = {"stream": "book.XYZ", "time": TIME_MS, "n": n, "full": full, "bids": bids, "asks": asks}
    return json.dumps(message).encode()


def told(codec: Codec, frame: bytes) -> list[type[Event]]:
    results = codec.receive(frame, 5)
    check(results, 5)
    return [type(event) for event in events(results)]


def test_it_is_no_exchange() -> None:
    assert not {"_template", "template"} & set(exchanges())


def test_it_tells_what_it_offers() -> None:
    codec: Codec = _template.Codec(SPOT)
    frame = b'{"stream":"ticker.XYZ","time":1700000000000,"last":"101.5","bid":"","volume":"0"}'
    values = {"price": 101.5, "bid": None, "volume_24h": 0.0}
    assert codec.receive(frame, 5) == [TickerUpdate("XYZ", values, TIME_NS, 5)]
    frame = b'{"stream":"trades.XYZ","time":1700000000000,"id":"t","price":"7","size":"2","taker":"seller"}'
    assert codec.receive(frame, 6) == [Trade("XYZ", "t", 7.0, 2.0, "sell", TIME_NS, 6)]
    names = {topic.name for topic in codec.topics("XYZ", CHANNELS)}
    assert names == codec.heard.keys() == {"ticker.XYZ", "trades.XYZ"}
    assert (codec.book("XYZ", 50).name, codec.book("XYZ", 50).channel) == ("book.XYZ", BOOK)


def test_its_book_is_told_while_it_is_whole() -> None:
    codec: Codec = _template.Codec(SPOT)
    assert told(codec, book(6, BIDS, [])) == []
    assert told(codec, book(7, BIDS, ASKS, full=True)) == [BookSnapshot]
    assert told(codec, book(8, [("101", "0")], [])) == [BookDelta]
    assert told(codec, book(8, [("101", "0")], [])) == []
    assert codec.receive(book(11, [], []), 5) == [Gap("XYZ", BOOK, "sequence", "11 follows 8", 5, 2), ORDER]
    assert told(codec, book(12, [], [])) == []
    assert told(codec, book(20, BIDS, ASKS, full=True)) == [BookSnapshot]
    crossed = Gap("XYZ", BOOK, "crossed", "102.0 meets 102.0", 5)
    assert codec.receive(book(21, [("102", "1")], []), 5) == [crossed, ORDER]


def test_what_is_no_data_means_nothing() -> None:
    codec: Codec = _template.Codec(SPOT)
    for strange in STRANGE + UNKNOWN + ACKNOWLEDGED + HEARTBEATS:
        assert events(receive(codec, strange, 6)) == []
    assert codec.receive(b'{"done":7}', 6) == [Acknowledged(7)]
    assert codec.receive(b'{"refused":7,"why":"no"}', 6) == [Refused("no", 7)]
    for impossible in (book(1, [("NaN", "1")], [], full=True), book(1, [("7", "-1")], [], full=True)):
        with pytest.raises(DecodeError):
            codec.receive(impossible, 6)


def test_its_listing() -> None:
    codec: Codec = _template.Codec(SPOT)
    found = codec.receive_listing(codec.listing([])[0], b'[{"symbol":"XYZ","base":"X","quote":"YZ"}]')
    assert [type(one) for one in found][:1] == [Instrument]
    assert len(found) == 2
