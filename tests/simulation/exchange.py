"""A simulated exchange: it knows the truth, tells it over one connection, and fails as it is told to.

Everything that reached the other side is noted in `told`, for whoever checks what became of it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field

from actors.exchanges.base import Fetch
from actors.runtime.errors import ConnectionLost
from tests.simulation import wire
from tests.simulation.coin import Coin, Picture
from tests.simulation.wire import TrueTrade

LATENCY_NS = 10_000_000
REPEATED = 15  # trades that are told again to who subscribes anew
REST_TRADES = 30
REST_CANDLES = 5

CHANNELS = {"tickers": "ticker", "publicTrade": "trades", "allLiquidation": "liquidations"}


@dataclass
class Told:
    """What the exchange has told, by symbol and channel: when last, how often, and what was true then."""

    at_ns: dict[tuple[str, str], int] = field(default_factory=dict)
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    pictures: dict[tuple[str, str], Picture] = field(default_factory=dict)
    book_u: dict[str, int] = field(default_factory=dict)
    trades: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, symbol: str, channel: str, now_ns: int, count: int = 1) -> None:
        self.at_ns[symbol, channel] = now_ns
        self.messages[symbol, channel] += count

    def note_trades(self, symbol: str, rows: list[TrueTrade]) -> None:
        self.trades.setdefault(symbol, Counter()).update(row.trade_id for row in rows)

    def forget(self, symbol: str) -> None:
        """A delisted instrument is nobody's business any more."""
        for table in (self.at_ns, self.messages, self.pictures):
            for key in [key for key in table if key[0] == symbol]:
                del table[key]
        self.book_u.pop(symbol, None)
        self.trades.pop(symbol, None)


class Subscription:
    """One topic of one connection. `late` counts the deltas that still come before the first snapshot."""

    def __init__(self, topic: str, coin: Coin) -> None:
        self.topic, self.coin = topic, coin
        kind, _, rest = topic.partition(".")
        self.channel = CHANNELS.get(kind) or ("quote" if rest.startswith("1.") else "book")
        self.picture: Picture | None = None
        self.begun = False
        self.mute = False
        self.late = 0
        self.faults: list[str] = []
        self.held: bytes | None = None
        self.u = 0
        self.traded = len(coin.trades)


class Exchange:
    """`move` the market, take the `frames`; `handle` requests and `fetch` answers.

    `ahead_ns` is how far its clock is ahead, `stalled` says that only pongs come, `drops` that the connection
    ends now. `mutes` counts, by topic, how many subscriptions will be accepted and then say nothing.
    """

    def __init__(self, market: str, dice: random.Random, symbols: tuple[str, ...]) -> None:
        self.market = market
        self.told = Told()
        self.coins = {symbol: Coin(symbol, dice) for symbol in symbols}
        self.topics: dict[str, Subscription] = {}
        self.up = self.rest_up = True
        self.connected = self.stalled = self.drops = self.repeats_history = False
        self.ahead_ns = self.requests = 0
        self.halted: set[str] = set()
        self.refused: set[str] = set()
        self.mutes: Counter[str] = Counter()
        self.late: dict[str, int] = {}
        self._dice = dice
        self._answers: list[bytes] = []

    def enlist(self, symbol: str) -> None:
        """Begin to trade it."""
        self.coins[symbol] = Coin(symbol, self._dice)

    def connect(self) -> None:
        """Open the connection. Raises `ConnectionLost`."""
        if not self.up:
            raise ConnectionLost("the exchange does not answer")
        self.connected, self.stalled, self.drops = True, False, False
        self.topics, self._answers = {}, []

    def move(self, now_ns: int, trading: float, moving: float) -> None:
        """Something happens: `trading` and `moving` are the probabilities that a coin trades and its book
        changes."""
        now_ns += self.ahead_ns - LATENCY_NS
        for coin in self.coins.values():
            coin.mark()
            if coin.symbol in self.halted:
                continue
            if self._dice.random() < moving:
                coin.move_book(now_ns)
            else:
                coin.changes = None
            if self._dice.random() < trading:
                coin.trade(now_ns)

    def frames(self, now_ns: int) -> list[bytes]:
        """What the connection brings now. Raises `ConnectionLost`."""
        if self.drops:
            self.connected = False
            raise ConnectionLost("closed by the exchange with 1001")
        answers, self._answers = self._answers, []
        if self.stalled:
            return [wire.PONG]
        for subscription in self.topics.values():
            if not subscription.mute:
                answers += self._speak(subscription, now_ns)
        return answers

    def handle(self, payload: bytes) -> None:
        """A request from the other side."""
        request = json.loads(payload)
        self.requests += 1
        for topic in request["args"]:
            if request["op"] == "unsubscribe":
                self.topics.pop(topic, None)
            elif topic.split(".")[-1] in self.refused or topic.split(".")[-1] not in self.coins:
                self._answers.append(wire.answer(request, f"error:handler not found,topic:{topic}"))
                return
        if request["op"] == "subscribe":
            for topic in request["args"]:
                self._subscribe(topic)
        self._answers.append(wire.answer(request))

    def fetch(self, fetch: Fetch, now_ns: int) -> bytes:
        """The answer of the REST interface. Raises `ConnectionLost`."""
        if not self.rest_up:
            raise ConnectionLost("REST is down")
        ts_ns = now_ns + self.ahead_ns - LATENCY_NS
        if fetch.tag == "clock":
            return wire.rest_time(now_ns + self.ahead_ns)
        coin = self.coins[fetch.symbol]
        if fetch.tag == "candles":
            return wire.rest_candles(coin.candles(ts_ns, REST_CANDLES), ts_ns)
        rows = coin.trades[-REST_TRADES:]
        self.told.note_trades(coin.symbol, rows)
        return wire.rest_trades(rows, ts_ns)

    def _subscribe(self, topic: str) -> None:
        subscription = self.topics[topic] = Subscription(topic, self.coins[topic.split(".")[-1]])
        if self.mutes[topic] > 0:
            self.mutes[topic] -= 1
            subscription.mute = True
        subscription.late = self.late.pop(topic, 0)
        if self.repeats_history and subscription.channel == "trades":
            subscription.traded = max(0, subscription.traded - REPEATED)

    # What each topic says

    def _speak(self, subscription: Subscription, now_ns: int) -> list[bytes]:
        match subscription.channel:
            case "ticker":
                return self._ticker(subscription, now_ns)
            case "quote":
                return self._quote(subscription, now_ns)
            case "trades":
                return self._trades(subscription, now_ns)
            case "book":
                return self._book(subscription, now_ns)
        return []

    def _ticker(self, told: Subscription, now_ns: int) -> list[bytes]:
        """Linear: a snapshot, and then what changed. Spot: everything, when there was a trade."""
        coin, before = told.coin, told.picture
        picture = coin.picture()
        if self.market == "spot":
            picture = {name: picture[name] for name in ("price", "volume_24h")}
            if before == picture:
                return []
        changed = picture if before is None or self.market == "spot" else _changes(before, picture)
        told.picture = self.told.pictures[coin.symbol, "ticker"] = picture
        self.told.note(coin.symbol, "ticker", now_ns, 1 if changed else 0)
        kind = "snapshot" if changed is picture else "delta"
        return [wire.ticker(told.topic, coin.symbol, kind, changed, self._ts(now_ns))]

    def _quote(self, told: Subscription, now_ns: int) -> list[bytes]:
        """Level 1: whole each time, and again while nothing changes."""
        coin = told.coin
        bids, asks = coin.sides
        self.told.pictures[coin.symbol, "quote"] = coin.best()
        self.told.note(coin.symbol, "quote", now_ns)
        ts, cts = self._ts(now_ns), coin.changed_ns
        return [wire.book(told.topic, coin.symbol, "snapshot", bids[:1], asks[:1], coin.u, ts, cts)]

    def _trades(self, told: Subscription, now_ns: int) -> list[bytes]:
        coin = told.coin
        rows, told.traded = coin.trades[told.traded :], len(coin.trades)
        if not rows:
            return []
        times = 2 if "duplicate" in told.faults else 1
        told.faults.clear()
        for _ in range(times):
            self.told.note(coin.symbol, "trades", now_ns, len(rows))
            self.told.note_trades(coin.symbol, rows)
        return [wire.trades(told.topic, rows, self._ts(now_ns))] * times

    def _book(self, told: Subscription, now_ns: int) -> list[bytes]:
        coin = told.coin
        if "restart" in told.faults and not told.late:
            told.faults.remove("restart")
            coin.restart_book(now_ns + self.ahead_ns)
            told.begun = False
        if not told.begun and not told.late:
            told.begun, told.held = True, None
            self._note_book(coin, now_ns)
            return [self._snapshot(told, now_ns)]
        if coin.changes is None:
            return []
        if told.late:
            told.late -= 1
            return [self._delta(told, now_ns)]
        frames = self._damaged(told, self._delta(told, now_ns), now_ns)
        if frames:
            self._note_book(coin, now_ns)
        return frames

    def _damaged(self, told: Subscription, frame: bytes, now_ns: int) -> list[bytes]:
        """What arrives of a change, after whatever is to happen to it."""
        if told.held is not None:
            held, told.held = told.held, None
            return [frame, held]
        match told.faults.pop(0) if told.faults else None:
            case "gap":
                return []
            case "reorder":
                told.held = frame
                return []
            case "duplicate":
                return [frame, frame]
            case "crossed":
                return [self._crossed(told, now_ns)]
        return [frame]

    def _snapshot(self, told: Subscription, now_ns: int) -> bytes:
        coin = told.coin
        return wire.book(told.topic, coin.symbol, "snapshot", *coin.sides, coin.u, self._ts(now_ns))

    def _delta(self, told: Subscription, now_ns: int) -> bytes:
        coin = told.coin
        assert coin.changes is not None
        return wire.book(told.topic, coin.symbol, "delta", *coin.changes, coin.u, self._ts(now_ns))

    def _crossed(self, told: Subscription, now_ns: int) -> bytes:
        """A bid above all asks, and an ask for it to meet."""
        coin = told.coin
        ask = coin.sides[1][0][0] if coin.sides[1] else 999_999.0
        bids, asks = [(ask + 5.0, 1.0)], [(ask, 1.0)]
        return wire.book(told.topic, coin.symbol, "delta", bids, asks, coin.u, self._ts(now_ns))

    def _note_book(self, coin: Coin, now_ns: int) -> None:
        self.told.book_u[coin.symbol] = coin.u
        self.told.note(coin.symbol, "book", now_ns)

    def _ts(self, now_ns: int) -> int:
        return now_ns + self.ahead_ns - LATENCY_NS


def _changes(before: Picture, after: Picture) -> Picture:
    return {name: value for name, value in after.items() if before[name] != value}
