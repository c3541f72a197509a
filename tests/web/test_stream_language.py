"""What clients of the stream may write, and what comes of what they may not."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.stream import requests, seed
from web.stream.answers import encode, granted, refused
from web.stream.decoding import NESTING_MAX, Format
from web.stream.errors import CODES, RequestError
from web.stream.options import CHANNELS, PARAMS, Options, Position
from web.stream.requests import Request, read_request

FORMATS: tuple[Format, ...] = ("json", "msgpack")


def packed(message: Any, format: Format) -> str | bytes:  # noqa: A002
    """A message as a client writes it."""
    return json.dumps(message) if format == "json" else bytes(msgpack.packb(message))


def read(message: Any, format: Format = "json") -> Any:  # noqa: A002
    """The body of a request that is understood."""
    request = read_request(packed(message, format), format)
    assert isinstance(request, Request)
    return request.body


def subscribe(**params: Any) -> requests.Subscribe:
    body = read({"method": "subscribe", "params": params})
    assert isinstance(body, requests.Subscribe)
    return body


def refusal(message: Any) -> RequestError:
    """The error about a message; a text is sent as it is."""
    with pytest.raises(RequestError) as caught:
        read_request(message if isinstance(message, str) else json.dumps(message), "json")
    assert caught.value.code in CODES
    return caught.value


def refused_params(**params: Any) -> tuple[str, str | None, str]:
    error = refusal({"method": "subscribe", "req_id": 7, "params": params})
    assert (error.method, error.req_id) == ("subscribe", 7)
    return error.code, error.field, error.message


@pytest.mark.parametrize("format", FORMATS)
def test_a_subscription_with_everything(format: Format) -> None:  # noqa: A002
    params = {
        "channel": "book",
        "symbols": ["Bybit:LINEAR:BTCUSDT", " bybit:linear:top:5", "ETH*", "Bybit:linear:BTCUSDT"],
        "snapshot": False,
        "max_rate_hz": 2.5,
        "fields": ["quality", "asks", "key"],
        "resume": {"epoch": "19a", "offset": 18},
        "depth": 5,
        "grouping": 0.5,
    }
    options = Options(
        channel="book",
        symbols=("ETH*", "bybit:linear:BTCUSDT", "bybit:linear:top:5"),
        fields=("asks", "quality"),
        depth=5,
        grouping=0.5,
    )
    request = read_request(packed({"method": "subscribe", "params": params, "req_id": "a"}, format), format)
    assert request == Request(
        "subscribe",
        "a",
        requests.Subscribe(options=options, snapshot=False, max_rate_hz=2.5, resume=Position("19a", 18)),
    )


def test_what_means_the_same_is_equal_and_has_one_hash() -> None:
    one = subscribe(channel="spreads", bases=["btc", "ETH"], quote="usd").options
    other = subscribe(channel="spreads", bases=["ETH", "BTC", "BTC"], quote="USD", legs_min=2).options
    assert one == other
    assert hash(one) == hash(other)
    assert subscribe(channel="ticker").options == subscribe(channel="ticker", symbols=["*"]).options
    assert subscribe(channel="ticker").options != subscribe(channel="quote").options


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_can_be_asked_for_by_its_name_alone(channel: str) -> None:
    options = subscribe(channel=channel).options
    assert options.channel == channel
    assert options.symbols == (("*",) if channel not in ("spreads", "screener", "system", "alerts") else ())
    assert options.told().keys() <= set(PARAMS[options.channel].__struct_fields__)


@pytest.mark.parametrize(
    ("params", "code", "field", "words"),
    [
        ({}, "bad_params", "channel", "channel is missing"),
        ({"channel": 5}, "bad_params", "channel", "expected one of ticker, quote"),
        ({"channel": "tikcer"}, "unknown_channel", "channel", "Did you mean ticker?"),
        ({"channel": "ticker", "depth": 5}, "bad_params", "depth", "It belongs to book."),
        ({"channel": "trades", "interval": "1m"}, "bad_params", "interval", "It belongs to bars."),
        ({"channel": "spreads", "symbols": ["*"]}, "bad_params", "symbols", "It belongs to ticker"),
        ({"channel": "ticker", "max_rate": 5}, "bad_params", "max_rate", "Did you mean max_rate_hz?"),
        ({"channel": "ticker", "max_rate_hz": -1}, "bad_params", "max_rate_hz", "a number from 0 to 100"),
        ({"channel": "ticker", "max_rate_hz": "5"}, "bad_params", "max_rate_hz", 'max_rate_hz="5"'),
        ({"channel": "ticker", "snapshot": 1}, "bad_params", "snapshot", "expected true or false"),
        ({"channel": "book", "depth": 0}, "bad_params", "depth", "a whole number from 1 to 200"),
        ({"channel": "book", "depth": True}, "bad_params", "depth", "depth=true"),
        ({"channel": "book", "grouping": 0}, "bad_params", "grouping", "or null"),
        ({"channel": "bars", "interval": "2m"}, "bad_params", "interval", "1m"),
        ({"channel": "ticker", "symbols": []}, "bad_params", "symbols", "at least 1"),
        ({"channel": "ticker", "symbols": "BTC"}, "bad_params", "symbols", 'symbols="BTC"'),
        ({"channel": "ticker", "symbols": ["x" * 101]}, "bad_params", "symbols", "at most 100 characters"),
        ({"channel": "ticker", "symbols": [None]}, "bad_params", "symbols", "symbols=[null]"),
        ({"channel": "ticker", "symbols": ["top:0"]}, "bad_params", "symbols", "top:1 to top:1000"),
        ({"channel": "ticker", "symbols": ["a::b"]}, "bad_params", "symbols", "three parts"),
        ({"channel": "ticker", "symbols": ["a\nb"]}, "bad_params", "symbols", "a key such as"),
        (
            {"channel": "ticker", "symbols": [f"A{each}*" for each in range(21)]},
            "bad_params",
            "symbols",
            "at most 20",
        ),
        ({"channel": "ticker", "fields": []}, "bad_params", "fields", "at least 1"),
        ({"channel": "ticker", "fields": ["prise"]}, "bad_params", "fields", "Did you mean price"),
        ({"channel": "ticker", "fields": ["age_ms"]}, "bad_params", "fields", 'ticker has no field "age_ms"'),
        ({"channel": "system", "fields": ["key"]}, "bad_params", "fields", "system has no field"),
        ({"channel": "trades", "changes_only": True}, "bad_params", "changes_only", "never told in part"),
        ({"channel": "ticker", "resume": {"epoch": "a"}}, "bad_params", "resume", '{"epoch"'),
        ({"channel": "ticker", "resume": {"epoch": "a", "offset": -1}}, "bad_params", "resume", "an object"),
        ({"channel": "screener", "filter": "pirce>5"}, "bad_params", "filter", "price"),
        ({"channel": "screener", "sort": "nothing"}, "bad_params", "sort", "no such field"),
        ({"channel": "screener", "limit": 10**15}, "bad_params", "limit", "from 1 to 5000"),
        ({"channel": "spreads", "legs_min": 21}, "bad_params", "legs_min", "from 1 to 20"),
    ],
)
def test_wrong_params_are_named_with_what_would_be_right(
    params: dict[str, Any], code: str, field: str, words: str
) -> None:
    said = refused_params(**params)
    assert said[:2] == (code, field)
    assert words in said[2]


def test_an_error_shows_no_more_of_a_long_value_than_is_needed() -> None:
    assert len(refused_params(channel="x" * 50_000)[2]) < 300
    assert len(refused_params(channel="ticker", symbols=["y" * 50_000])[2]) < 300
    error = refusal({"method": "z" * 50_000})
    assert len(error.message) < 300


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "it is empty"),
        ("hello", "it is not JSON"),
        ("[]", "an array, not an object"),
        ("3", "an integer, not an object"),
        ("{} {}", "it is not JSON"),
        ("[" * 60_000, "nested more than"),
        ('{"method": "ping", "params": NaN}', "NaN is no number"),
        ('{"method": "ping", "params": 1e999}', "inf is no number"),
        (f'{{"method": "ping", "params": {"9" * 5000}}}', "it is not JSON"),
        ('{"method": "ping", "params": 9007199254740993}', "beyond 9007199254740992"),
        ('{"method": "ping", "params": "\\ud800"}', "half a character"),
        ('{"method": "ping", "method": "ping"}', "twice"),
        ('{"method": "ping", "params": {"a": [{"b": 1, "b": 2}]}}', 'key "b" twice'),
        (f'{{"params": {"[" * NESTING_MAX}0{"]" * NESTING_MAX}}}', "nested more than"),
        ("{}", "method is missing"),
        ('{"method": null}', "method=null"),
        ('{"method": "subscribe", "channel": "ticker"}', "put it into params"),
        ('{"method": "ping", "req_id": true}', "req_id=true"),
        ('{"method": "ping", "req_id": 1.5}', "req_id=1.5"),
        (f'{{"method": "ping", "req_id": "{"x" * 65}"}}', "at most 64 characters"),
        ('{"method": "ping", "req_id": {}}', "req_id={}"),
    ],
)
def test_what_is_no_message(message: str, words: str) -> None:
    error = refusal(message)
    assert error.code == "bad_message"
    assert words in error.message


def test_a_message_in_the_other_kind_of_frame_is_refused() -> None:
    for message, format_, words in ((b"{}", "json", "binary"), ("{}", "msgpack", "text message")):
        with pytest.raises(RequestError, match=words):
            read_request(message, format_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\xc1", "it is not MessagePack"),
        (b"\x81", "it is not MessagePack"),
        (b"\x80\x80", "it is not MessagePack"),
        (b"\x91" * 60_000, "it is not MessagePack"),
        (b"\xdf\xff\xff\xff\xff", "it is not MessagePack"),
        (b"\x81\xa6method\xd9\x02\xff\xff", "not UTF-8"),
        (msgpack.packb({"method": "ping", "params": b"x"}), "binary"),
        (msgpack.packb({"method": "ping", "params": {1: 2}}), "it is not MessagePack"),
        (msgpack.packb({"method": "ping", "params": {b"a": 2}}), "binary"),
        (msgpack.packb({"method": "ping", "params": float("nan")}), "nan is no number"),
        (msgpack.packb({"method": "ping", "params": 2**63}), "beyond"),
        (msgpack.packb({"method": "ping", "params": msgpack.Timestamp(1)}), "Timestamp"),
        (msgpack.packb({"method": "ping", "params": msgpack.ExtType(5, b"x")}), "extension type 5"),
        (b"\x82\xa6method\xa4ping\xa6method\xa4ping", "twice"),
        (b"\x90", "an array, not an object"),
    ],
)
def test_what_is_no_message_in_messagepack(message: bytes, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_request(message, "msgpack")
    assert caught.value.code == "bad_message"
    assert words in caught.value.message


def test_the_other_methods() -> None:
    assert read({"method": "unsubscribe", "params": {"sub": 3}}) == requests.Unsubscribe(subs=(3,))
    assert read({"method": "unsubscribe", "params": {"subs": [1, 2]}}) == requests.Unsubscribe(subs=(1, 2))
    by_options = read({"method": "unsubscribe", "params": {"channel": "quote", "max_rate_hz": 3}})
    assert by_options == requests.Unsubscribe(options=subscribe(channel="quote").options)
    assert read({"method": "subscriptions"}) == requests.Subscriptions()
    assert read({"method": "subscriptions", "params": {}}) == requests.Subscriptions()
    assert read({"method": "ping", "params": [1, {"a": None}]}) == requests.Ping([1, {"a": None}])
    assert read({"method": "ping"}) == requests.Ping(None)
    assert read({"method": "history", "params": {"channel": "bars", "key": "a:b:c", "interval": "1h"}}) == (
        requests.History(channel="bars", key="a:b:c", interval="1h")
    )
    assert read({"method": "set", "params": {"sub": 1, "fields": None}}) == requests.Set(sub=1, fields=None)


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("unsubscribe", {}, "sub"),
        ("unsubscribe", None, "sub"),
        ("unsubscribe", {"sub": 0}, "sub"),
        ("unsubscribe", {"sub": "3"}, "sub"),
        ("unsubscribe", {"sub": 3, "subs": [1]}, "subs"),
        ("unsubscribe", {"subs": []}, "subs"),
        ("unsubscribe", {"channel": "nothing"}, "channel"),
        ("subscriptions", {"sub": 3}, "sub"),
        ("subscriptions", [], "params"),
        ("set", {"sub": 3}, "max_rate_hz"),
        ("set", {"max_rate_hz": 3}, "sub"),
        ("set", {"sub": 3, "max_rate_hz": 101}, "max_rate_hz"),
        ("set", {"sub": 3, "snapshot": True}, "snapshot"),
        ("history", {"channel": "ticker", "key": "a"}, "channel"),
        ("history", {"channel": "trades"}, "key"),
        ("history", {"channel": "trades", "key": "a", "limit": 0}, "limit"),
        ("history", {"channel": "trades", "key": "a", "interval": "1m"}, "interval"),
        ("history", {"channel": "trades", "key": ""}, "key"),
    ],
)
def test_the_other_methods_refuse_what_is_wrong(method: str, params: Any, field: str) -> None:
    error = refusal({"method": method, "params": params})
    assert error.field == field
    assert error.code in ("bad_params", "unknown_channel")


def test_an_unknown_method_is_named_with_the_nearest() -> None:
    error = refusal({"method": "subscibe", "req_id": 4})
    assert (error.code, error.req_id, error.method) == ("unknown_method", 4, None)
    assert "Did you mean subscribe" in error.message


TEXTS = st.text(max_size=30) | st.sampled_from(["method", "params", "type", "channel", *CHANNELS])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
NAMES = sorted({name for kind in PARAMS.values() for name in kind.__struct_fields__} | {"sub", "subs", "key"})
ASKED = st.fixed_dictionaries(
    {"method": st.sampled_from([*requests.METHODS, "", None])},
    optional={
        "req_id": VALUES,
        "params": st.dictionaries(st.sampled_from(NAMES), VALUES | st.sampled_from(CHANNELS), max_size=4),
    },
) | st.fixed_dictionaries({"type": TEXTS | st.sampled_from([*seed.SAID])}, optional={"symbols": VALUES})


def answered(message: str | bytes, format: Format) -> None:  # noqa: A002
    """Read it, and write the answer: nothing but a `RequestError` may come of anything."""
    try:
        request = read_request(message, format)
        answer: Any = request
        if isinstance(request, Request):
            told = request.body.params if isinstance(request.body, requests.Ping) else None
            answer = granted(request.method, request.req_id, told, 1, 2)
    except RequestError as error:
        assert error.code in CODES
        answer = refused(error, 1, 2)
    for each in FORMATS:
        assert encode(answer, each)


@given(st.binary(max_size=200))
def test_random_bytes_yield_clean_errors(message: bytes) -> None:
    answered(message, "msgpack")
    answered(message.decode("utf-8", "surrogatepass" if message.isascii() else "replace"), "json")


@given(VALUES | ASKED)
def test_anything_that_can_be_written_is_understood_or_refused(value: Any) -> None:
    answered(json.dumps(value), "json")
    try:
        answered(msgpack.packb(value, unicode_errors="surrogatepass"), "msgpack")
    except (OverflowError, ValueError):
        return  # msgpack itself cannot write such an integer


@given(ASKED)
def test_both_formats_mean_the_same(value: Any) -> None:
    def said(message: str | bytes, format: Format) -> Any:  # noqa: A002
        try:
            return msgspec.to_builtins(read_request(message, format))
        except RequestError as error:
            return error.code, error.field, error.req_id

    try:
        as_msgpack = bytes(msgpack.packb(value))
    except (OverflowError, UnicodeEncodeError):
        return
    assert said(as_msgpack, "msgpack") == said(json.dumps(value), "json")
