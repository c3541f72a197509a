"""What the hub said last, and how far it may be believed. It knows no clock: `now_s` is handed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from commands.console.numbers import decimals_of, is_known

FIELDS = (
    "price", "change_24h", "change_1h", "bid", "ask", "spread_bps", "turnover_24h", "funding_rate_8h",
    "open_interest_value", "quality", "ts_recv", "name",
)  # fmt: skip
PRICES = ("price", "bid", "ask")
MOVE_S = 10.0  # after this the arrow lies flat again
TRADES_KEPT = 200
BELIEVED_HEARTBEATS = 1.5  # so long a silent hub is believed
STATUS_BELIEVED_S = 8.0


@dataclass(slots=True)
class Row:
    """One instrument: the newest of each field, and where its price went last (1 up, -1 down)."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    decimals: int = 0
    direction: int = 0
    moved_s: float = float("-inf")

    @property
    def exchange(self) -> str:
        """Such as bybit."""
        return self.key.partition(":")[0]

    @property
    def market(self) -> str:
        """`linear` or `spot`."""
        return self.key.split(":", 2)[1] if self.key.count(":") >= 2 else ""

    @property
    def symbol(self) -> str:
        """The exchange's spelling."""
        return self.key.split(":", 2)[-1]

    @property
    def quality(self) -> str:
        """The hub's word; `unknown` if it said none."""
        return str(self.values.get("quality") or "unknown")

    def take(self, changes: Mapping[str, Any], now_s: float, *, moves: bool) -> None:
        """Newer values of some fields. `moves`: a change of the price is news, not a first look."""
        before = self.values.get("price")
        self.values.update(changes)
        self.decimals = max(self.decimals, *(decimals_of(self.values.get(name)) for name in PRICES))
        price = self.values.get("price")
        if moves and self.quality == "live" and is_known(before) and is_known(price) and price != before:
            self.direction, self.moved_s = (1 if price > before else -1), now_s

    def direction_at(self, now_s: float) -> int:
        """1 up, -1 down, 0 while the price stays where it is."""
        return self.direction if now_s - self.moved_s <= MOVE_S else 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one exchange's feeds are doing: the worst state of its markets, and their worst median latency."""

    name: str
    state: str
    messages_per_s: float = 0.0
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How the hub is doing, as of `at_s`."""

    exchanges: tuple[Exchange, ...] = ()
    clients: int | None = None
    version: str = ""
    at_s: float = float("-inf")


@dataclass
class Picture:
    """Everything that is known. `offset_ms` is the hub's clock (Unix ms) less ours (`now_s`, in ms).

    `trouble` says why there is no connection, and `tape_trouble` why there are no trades of `tape_key`;
    `notice` is what the hub had to say about what it was asked for.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    status: Status = field(default_factory=Status)
    trouble: str = "connecting"
    down_since_s: float = 0.0
    heard_s: float = float("-inf")
    heartbeat_s: float = 5.0
    offset_ms: float = 0.0
    is_whole: bool = False
    notice: str = ""
    tape_key: str = ""
    tape_trouble: str = ""
    tape: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=TRADES_KEPT))

    def up(self, heartbeat_s: float, hub_ms: float, now_s: float) -> None:
        """Connected."""
        self.trouble, self.heartbeat_s = "", heartbeat_s
        self.hear(hub_ms, now_s)

    def down(self, why: str, now_s: float) -> None:
        """Not connected: from now on nothing is current."""
        if not self.trouble:
            self.down_since_s = now_s
        self.trouble = why
        self.tape.clear()

    def hear(self, hub_ms: float | None, now_s: float) -> None:
        """The hub spoke, and said what time it was."""
        self.heard_s = now_s
        if hub_ms is not None:
            self.offset_ms = hub_ms - now_s * 1000

    def take(
        self, kind: str, records: Iterable[Mapping[str, Any]], removed: Iterable[str], now_s: float
    ) -> None:
        """A frame of tickers."""
        before = self.rows
        if kind == "snapshot":
            self.rows, self.is_whole = {}, True
        for record in records:
            key = record["key"]
            row = self.rows.get(key)
            if row is None:
                known = before.get(key)
                row = self.rows[key] = Row(key, decimals=known.decimals if known else 0)
            row.take(record, now_s, moves=kind != "snapshot")
        for key in removed:
            self.rows.pop(key, None)

    def watch(self, key: str) -> None:
        """The tape is of another instrument."""
        if key != self.tape_key:
            self.tape_key, self.tape_trouble = key, ""
            self.tape.clear()

    def trade(self, kind: str, trades: Iterable[dict[str, Any]]) -> None:
        """A frame of trades, oldest first. Those of an instrument that is watched no more are late."""
        if kind == "snapshot":
            self.tape.clear()
        self.tape.extend(each for each in trades if each.get("key") == self.tape_key)

    def is_believed(self, now_s: float) -> bool:
        """Whether the hub spoke lately enough for anything to be current."""
        return not self.trouble and now_s - self.heard_s <= self.heartbeat_s * BELIEVED_HEARTBEATS

    def is_live(self, row: Row, now_s: float) -> bool:
        """Whether a row's price may be taken for the current one."""
        return row.quality == "live" and self.is_believed(now_s)

    def knows_status(self, now_s: float) -> bool:
        """Whether the status is new enough to be shown as it is."""
        return not self.trouble and now_s - self.status.at_s <= STATUS_BELIEVED_S

    def hub_ms(self, now_s: float) -> float:
        """The hub's time of day (Unix ms)."""
        return now_s * 1000 + self.offset_ms

    def age_ms(self, row: Row, now_s: float) -> float | None:
        """How old a row's newest data is, by the hub's clock alone."""
        received = row.values.get("ts_recv")
        return max(0.0, self.hub_ms(now_s) - received) if is_known(received) else None
