"""Whatever clients say and whenever they stall or vanish: nothing ends without a reason, nothing leaks, and
what they have in the end is what the hub has."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thoroughness import cases
from tests.web.populated import BTC, ETH, book
from tests.web.streaming import ETH_KEY, KEY, Listener, Stage, settled, stage

CHANNELS = [
    "ticker",
    "quote",
    "trades",
    "book",
    "funding",
    "bars",
    "quality",
    "system",
    "spreads",
    "screener",
]
SYMBOLS = st.sampled_from(
    [["*"], [KEY], [ETH_KEY, KEY], ["bybit:linear:*"], ["btc*"], ["top:1"], ["NOPE"], []]
)
RATES = st.sampled_from([0, 0.5, 3, 50, 1000, "fast"])
SUBS = st.integers(0, 6)


def request(method: str, **params: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A request, some of whose parameters may be missing, wrong or strange."""
    given_ = st.fixed_dictionaries({}, optional=params)
    return st.builds(lambda found: {"method": method, "params": found, "req_id": 1}, given_)


REQUESTS = st.one_of(
    st.builds(
        lambda channel, more: {"method": "subscribe", "params": {"channel": channel, **more}},
        st.sampled_from([*CHANNELS, "nothing"]),
        st.fixed_dictionaries(
            {},
            optional={
                "symbols": SYMBOLS,
                "max_rate_hz": RATES,
                "changes_only": st.booleans(),
                "snapshot": st.booleans(),
                "depth": st.sampled_from([1, 2, 0]),
                "fields": st.sampled_from([["price"], ["bid", "ask"], [], None]),
                "resume": st.sampled_from([{"epoch": "x", "offset": 1}, {"offset": -1}, None]),
            },
        ),
    ),
    request("unsubscribe", sub=SUBS, subs=st.lists(SUBS), channel=st.sampled_from(CHANNELS)),
    request(
        "set",
        sub=SUBS,
        max_rate_hz=RATES,
        fields=st.sampled_from([["price"], None]),
        changes_only=st.booleans(),
    ),
    request("subscriptions"),
    request("ping", anything=st.text(max_size=5)),
    request(
        "history",
        channel=st.sampled_from(CHANNELS),
        key=st.sampled_from([KEY, "x"]),
        limit=st.integers(-1, 5),
    ),
    st.builds(
        lambda kind: {"type": kind, "symbols": ["BTCUSDT"]},
        st.sampled_from(["subscribe", "unsubscribe", "x"]),
    ),
    st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=3), st.lists),
)
EVENTS = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 2), REQUESTS),
    st.tuples(st.sampled_from(["stick", "loosen", "vanish"]), st.integers(0, 2), st.none()),
    st.tuples(
        st.sampled_from(["price", "trade", "book", "list", "delist", "whole"]), st.integers(1, 9), st.none()
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.3, 3.0]), st.none()),
)


def publish(hub: Stage, what: str, number: int) -> None:
    """Have something happen at the exchange."""
    pair = (BTC, ETH)[number % 2]
    acts: dict[str, Callable[[], object]] = {
        "price": lambda: hub.price(float(number), pair, bid=float(number % 3)),
        "trade": lambda: hub.trades(hub.hub.journal.offset + 1000, pair=pair),
        "book": lambda: hub.publish(
            books={BTC: book(bids=[(99.0, float(number)), (98.0, float(number % 2 + 1))])}
        ),
        "list": lambda: hub.price(1.0, ("linear", f"N{number}")),
        "delist": lambda: hub.publish(removed=[("linear", f"N{number}")]),
        "whole": lambda: hub.publish(BTC, ETH, whole=True, values={"price": float(number)}),
    }
    acts[what]()


class Reader:
    """A client that keeps what it is told, and counts whether anything is out of order."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.seqs: dict[int, int] = {}
        self.pictures: dict[int, dict[str, dict[str, Any]]] = {}
        self.whole: set[int] = set()

    def catch_up(self) -> None:
        """Take what came."""
        for frame in self.listener.read():
            if isinstance(frame, dict) and "sub" in frame:
                self._take(frame)

    def _take(self, frame: dict[str, Any]) -> None:
        sub = frame["sub"]
        assert frame["seq"] == self.seqs.get(sub, 0) + 1
        self.seqs[sub] = frame["seq"]
        if frame["channel"] not in ("ticker", "quote", "funding"):
            return
        if frame["type"] == "snapshot":
            self.whole.add(sub)
        known = {} if frame["type"] == "snapshot" else self.pictures.get(sub, {})
        for record in frame["data"]:
            known[record["key"]] = {**known.get(record["key"], {}), **record}
        for key in frame.get("removed", []):
            known.pop(key, None)
        self.pictures[sub] = known

    def check_final(self, hub: Stage) -> None:
        """What it has of whole pictures is what the hub has."""
        entries = hub.read_model.boards["bybit"].entries
        tickers = {each.record.ticker.key: each.record.ticker for each in entries.values()}
        for number, subscription in self.listener.client.subscriptions.items():
            if number in self.whole:
                there = [key for key in subscription.group.keys if key in tickers]
                assert set(there) == self.pictures[number].keys()
            for key, record in self.pictures.get(number, {}).items():
                assert key in subscription.group.keys
                for name in {"price", "bid"} & record.keys():
                    assert record[name] == getattr(tickers[key], name), (key, name)


async def play(events: list[tuple[str, Any, Any]]) -> None:
    """Let it all happen, then wait, and compare."""
    async with stage(subscriptions_max=5) as hub:
        hub.price(1.0, BTC, ETH)
        readers = [
            Reader(hub.listen("msgpack" if number == 2 else "json", deflate=number == 1))
            for number in range(3)
        ]
        for what, subject, more in events:
            if what == "say":
                answer = readers[subject].listener.send(more)
                assert answer.get("success") in (True, False) or "type" in answer, json.dumps(answer)
            elif what == "stick":
                readers[subject].listener.pipe.stuck = True
            elif what == "loosen":
                readers[subject].listener.pipe.loosen()
            elif what == "vanish":
                readers[subject].listener.pipe.break_off()
                readers[subject].listener.close()
                readers[subject] = Reader(hub.listen())
            elif what == "wait":
                await trio.sleep(subject)
            else:
                publish(hub, what, subject)
            await settled()
            for reader in readers:
                reader.catch_up()
        for reader in readers:
            reader.listener.pipe.loosen()
        await trio.sleep(5)
        for reader in readers:
            reader.catch_up()
            reader.check_final(hub)
            assert not any(reader.listener.left), "the hub failed"


@settings(max_examples=cases(15, 40))
@given(st.lists(EVENTS, max_size=40))
def test_any_sequence_of_requests_and_happenings(events: list[tuple[str, Any, Any]]) -> None:
    trio.run(play, events, clock=trio.testing.MockClock(autojump_threshold=0))
