"""What every codec owes to whoever holds its connection: one suite for all of them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import actors.exchanges
import actors.market
from actors.exchanges import exchanges, load_codec
from actors.exchanges.base import (
    BOOK,
    CANDLES,
    CHANNELS,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Codec,
    Fetch,
    Topic,
)
from actors.market.events import (
    BookSnapshot,
    Candle,
    Event,
    Liquidation,
    Quote,
    TickerUpdate,
    Trade,
)
from actors.market.instrument import MARKETS as MARKET_NAMES
from actors.market.instrument import Instrument
from actors.runtime.errors import DecodeError, RateLimited
from tests.exchanges.cases import (
    ACKNOWLEDGED,
    HEARTBEATS,
    STRANGE,
    TS_RECV,
    UNKNOWN,
    events,
    every_market,
    fresh,
    golden,
    receive,
    replay,
)
from tests.exchanges.checks import Books, check, check_request

BANNED = {"trio", "asyncio", "time", "random", "socket", "ssl", "os", "threading", "logging"}
SYMBOLS = [f"{coin}USDT" for coin in ("BTC", "ETH", "1000PEPE", "1INCH")] + [f"C{n}USDT" for n in range(300)]

TOLD: dict[str, type[Event]] = {
    TICKER: TickerUpdate,
    QUOTE: Quote,
    TRADES: Trade,
    BOOK: BookSnapshot,
    LIQUIDATIONS: Liquidation,
    CANDLES: Candle,
}
DEPTHS = (1, 5, 20, 50, 200, 1000)

SORRY = [b"<html>502 Bad Gateway</html>", b'{"retCode":10001,"retMsg":"no","result":{}}', b'{"code":-1121}']


def every_topic(codec: Codec, symbol: str) -> list[Topic]:
    """All that can be subscribed of one instrument, its book at 50 levels."""
    topics = list(codec.topics(symbol, codec.offers))
    return [*topics, codec.book(symbol, 50)] if BOOK in codec.offers else topics


@every_market
@pytest.mark.parametrize(
    "frame", STRANGE + UNKNOWN + ACKNOWLEDGED + HEARTBEATS, ids=lambda frame: repr(frame[:30])
)
def test_what_is_not_data_yields_no_events(exchange: str, market: str, frame: bytes) -> None:
    codec = fresh(exchange, market)
    assert events(receive(codec, frame, TS_RECV)) == []


@every_market
def test_acknowledgements_and_heartbeats_are_not_heard(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    for frame in ACKNOWLEDGED + HEARTBEATS:
        receive(codec, frame, TS_RECV)
    assert codec.heard == {}


@every_market
def test_golden_events_hold_no_impossible_number(exchange: str, market: str) -> None:
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        for number, frame in enumerate(case.frames):
            check(receive(codec, frame.encode(), TS_RECV + number), TS_RECV + number)


@every_market
def test_heard_is_our_clock(exchange: str, market: str) -> None:
    anything = False
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        for number, frame in enumerate(case.frames):
            before = dict(codec.heard)
            receive(codec, frame.encode(), TS_RECV + number)
            changed = codec.heard.items() - before.items()
            assert {when for _, when in changed} <= {TS_RECV + number}
            anything = anything or bool(changed)
    assert anything


@every_market
def test_events_come_from_topics_that_can_be_subscribed(exchange: str, market: str) -> None:
    """What tells something is heard, under the very name that the codec gives to its topic."""
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        for number, frame in enumerate(case.frames):
            told = events(receive(codec, frame.encode(), TS_RECV + number))
            symbols = {str(getattr(event, "symbol", "")) for event in told if type(event) in TOLD.values()}
            heard = {name for name, when in codec.heard.items() if when == TS_RECV + number}
            names = {topic.name for symbol in symbols for topic in every_topic(codec, symbol)}
            names |= {codec.book(symbol, depth).name for symbol in symbols for depth in DEPTHS}
            assert not symbols or heard & names, (case.about, heard)


@every_market
def test_golden_books_never_contradict_themselves(exchange: str, market: str) -> None:
    for case in golden(exchange, market):
        codec, books = fresh(exchange, market), Books()
        for frame in case.frames:
            books.read(receive(codec, frame.encode(), TS_RECV))


@every_market
def test_what_is_offered_is_shown_by_a_golden_case_or_ordered_over_rest(exchange: str, market: str) -> None:
    told: set[type] = set()
    ordered: set[str] = set()
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        for frame in case.frames:
            results = receive(codec, frame.encode(), TS_RECV) or []
            told |= {type(result) for result in results}
            ordered |= {BOOK for result in results if isinstance(result, Fetch) and result.urgent}
    offered = fresh(exchange, market).offers
    assert [name for name in offered if TOLD[name] not in told and name not in ordered] == []


@every_market
def test_the_same_frames_give_the_same_to_two_codecs_whether_or_not_they_subscribed(
    exchange: str, market: str
) -> None:
    some_event = False
    for case in golden(exchange, market):
        plain, subscribed = fresh(exchange, market), fresh(exchange, market)
        topics = every_topic(subscribed, "BTCUSDT")
        subscribed.subscribe(topics[: subscribed.limits.topics_per_request], 1)
        assert replay(plain, case) == replay(subscribed, case)
        codec = fresh(exchange, market)
        some_event = some_event or any(events(receive(codec, f.encode(), TS_RECV)) for f in case.frames)
    assert some_event, "no golden case of this market yields an event without a subscription"


@every_market
def test_channels_are_offered_or_not(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    offers = codec.offers
    assert TICKER in offers
    assert len(set(offers)) == len(offers)
    assert set(offers) <= set(CHANNELS)
    assert codec.topics("BTCUSDT", ()) in ([], ())
    assert not codec.topics("BTCUSDT", set(CHANNELS) - set(offers))
    singly = {topic.name for channel in offers for topic in codec.topics("BTCUSDT", [channel])}
    assert singly == {topic.name for topic in codec.topics("BTCUSDT", offers)}
    for channel in set(offers) - {BOOK}:
        assert codec.topics("BTCUSDT", {channel}), channel
    assert (codec.depth_max >= 1) == (BOOK in offers)


@every_market
def test_topics_are_declared(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    names: set[str] = set()
    for symbol in SYMBOLS:
        topics = every_topic(codec, symbol)
        assert {topic.symbol for topic in topics} == {symbol}
        assert {topic.channel for topic in topics} <= set(codec.offers)
        assert len({topic.name for topic in topics}) == len(topics)
        assert names.isdisjoint(topic.name for topic in topics)
        names |= {topic.name for topic in topics}
        assert topics == every_topic(codec, symbol)
        assert all(topic.greets for topic in topics if topic.steady)


@every_market
def test_a_book_can_be_had_at_any_depth(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    others = {topic.name for topic in codec.topics("BTCUSDT", codec.offers)}
    for depth in DEPTHS if BOOK in codec.offers else ():
        topic = codec.book("BTCUSDT", depth)
        assert (topic.channel, topic.symbol) == (BOOK, "BTCUSDT")
        assert topic.name not in others
        assert topic == codec.book("BTCUSDT", depth)
        assert depth < codec.depth_max or topic == codec.book("BTCUSDT", codec.depth_max)


@every_market
def test_a_batch_is_one_json_message_within_the_limits(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    by_route: dict[str, list[Any]] = {}
    for symbol in SYMBOLS:
        for topic in every_topic(codec, symbol):
            by_route.setdefault(topic.route, []).append(topic)
    for route, topics in by_route.items():
        assert codec.stream_path(route).startswith("/")
        batch = topics[: codec.limits.topics_per_request]
        for request in (codec.subscribe(batch, 41), codec.unsubscribe(batch, 42)):
            assert isinstance(json.loads(request), dict)
        assert codec.subscribe(batch, 41) != codec.unsubscribe(batch, 41)
        room = codec.limits.topic_chars_per_connection
        assert room is None or sum(len(topic.name) for topic in batch) <= room


@every_market
def test_limits_and_addresses_are_usable(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    limits = codec.limits
    assert limits.topics_per_request >= 1
    assert limits.requests_per_s > 0
    assert limits.fetch_weight_per_min > 0
    assert all(value is None or value > 0 for value in msgspec.structs.asdict(limits).values())
    assert codec.stream_url.startswith("wss://")
    assert codec.rest_url.startswith("https://")
    assert not codec.stream_url.endswith("/")
    assert not codec.rest_url.endswith("/")
    assert codec.ping_every_s is None or codec.ping_every_s > 0
    assert codec.ping_every_s is None or isinstance(json.loads(codec.ping()), dict)


def requests(codec: Codec) -> list[Fetch]:
    """What a session may ask over REST, the listing aside."""
    routes = {topic.route for topic in every_topic(codec, "BTCUSDT")}
    fetched = [fetch for route in sorted(routes) for fetch in codec.fetches(["BTCUSDT", "ETHUSDT"], route)]
    once = [codec.missed_trades("BTCUSDT"), codec.candles("BTCUSDT"), codec.candles("é &?/#")]
    return fetched + [fetch for fetch in once if fetch is not None]


@every_market
def test_what_is_asked_of_one_instrument_names_it(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    for fetch in (codec.missed_trades("BTCUSDT"), codec.candles("BTCUSDT")):
        assert fetch is None or (fetch.symbol == "BTCUSDT" and fetch.every_s is None and not fetch.urgent)
    assert codec.missed_trades("BTCUSDT") is None or TRADES in codec.offers


@every_market
def test_requests_are_relative_paths(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    assert codec.listing(["BTCUSDT"])
    for fetch in [*codec.listing(["BTCUSDT"]), *requests(codec)]:
        check_request(fetch)
        assert 0 < fetch.weight <= codec.limits.fetch_weight_per_min


@every_market
def test_strange_answers_raise_only_decode_errors(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)
    for body in STRANGE + UNKNOWN + SORRY:
        for fetch in codec.listing(["BTCUSDT"]):
            try:
                found = codec.receive_listing(fetch, body)
            except (DecodeError, RateLimited):
                continue
            assert not any(isinstance(one, Instrument) for one in found)
        for fetch in requests(codec):
            try:
                results = codec.receive_fetched(fetch, body, TS_RECV)
            except (DecodeError, RateLimited):
                continue
            check(results, TS_RECV)


@pytest.mark.parametrize("exchange", exchanges())
def test_a_codec_says_who_it_is(exchange: str) -> None:
    codec_class = load_codec(exchange)
    assert codec_class.exchange == exchange
    assert codec_class.title.strip()
    assert codec_class.markets
    assert set(codec_class.markets) <= set(MARKET_NAMES)
    for market in codec_class.markets:
        assert codec_class(market).market == market
        assert codec_class(market).heard == {}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_zone_is_pure() -> None:
    folders = (*actors.exchanges.__path__, *actors.market.__path__)
    for path in sorted(file for folder in folders for file in Path(folder).glob("*.py")):
        roots = {name.partition(".")[0] for name in imported(path)}
        assert not roots & BANNED, f"{path.name} imports {sorted(roots & BANNED)}"
