"""What can go wrong on purpose: one `Fault` as data, and the board that knows which faults act now.

The board is pure: it is told the time and answers questions. The server and the venues ask it at the
places where a real exchange misbehaves (upgrade, REST answer, subscribe, outbound data).
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

FaultKind = Literal[
    "drop",
    "reset",
    "stall",
    "blackhole",
    "garbage",
    "slow",
    "refuse",
    "429",
    "silence",
    "refuse_topic",
    "shutdown_notice",
    "accept_silent",
    "gap",
    "trade_gap",
    "duplicate",
    "reorder",
    "restart_book",
    "crossed",
    "late_snapshot",
    "ack_without_data",
    "trade_history",
    "clock_skew",
    "rest_storm",
    "halt",
    "delist",
    "list",
]
Channel = Literal["book", "trades", "liquidations"]
Venue = Literal["bybit", "hyperliquid", "binance-spot", "binance-usdm", "*"]

# These act once on every matching connection; the others are conditions that last.
ONE_SHOT_KINDS: Final = frozenset({"drop", "reset", "shutdown_notice", "halt", "delist", "list"})
# These change what is listed, and need a symbol.
LISTING_KINDS: Final = frozenset({"halt", "delist", "list"})


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scripted failure.

    What the kinds do:

    - `drop`, `reset`, `shutdown_notice`: end connections, with a close frame, an RST, after a warning.
    - `stall` (no data, pings answered), `blackhole` (nothing at all), `slow` (drips), `garbage` (bad frames).
    - `refuse`, `accept_silent`: upgrades fail. `429`: upgrades and REST fail. `rest_storm`: REST alone fails
      with `code` (429, 418, 403) and Retry-After.
    - `silence`: a topic (or symbol, or channel) is mute. `refuse_topic`: subscribing fails.
      `ack_without_data`: subscribing succeeds, and that subscription never gets data, even when the fault is
      over.
    - `gap`: the next `count` messages of order books are lost; `trade_gap`: of trades. `duplicate`: messages
      come twice. `reorder`: a message comes after its successor. All keep the numbers they were given.
    - `restart_book` (Bybit): a snapshot with u=1 in the middle of the deltas. `crossed`: a message puts a
      bid at the best ask; the next one takes it back. `late_snapshot`: the snapshot comes `late_s` after the
      deltas (Bybit), the REST order book answers `late_s` later with what it was when asked.
    - `trade_history`: a new subscriber of trades gets some of the past first.
    - `clock_skew`: the exchange's clock is `skew_s` ahead, in frames and in REST.
    - `halt`: the `symbol` stops trading for `duration_s` (else until healed), its status says so. `delist`:
      it goes. `list`: a new `symbol` comes, at about `price` USD.

    `market` narrows a venue: `linear` or `spot` (Bybit, Hyperliquid `perp` and `spot` share their sockets),
    `public` or `market` for the two USD-M routes. `topic` names a subscription the way the venue does
    (`tickers.BTCUSDT`, `btcusdt@ticker`); Hyperliquid topics are written `bbo:BTC`, `candle:BTC:1h`,
    `allMids`. `symbol` is the exchange's spelling. `channel` narrows faults on messages.
    """

    kind: FaultKind
    venue: Venue = "*"
    market: str | None = None
    topic: str | None = None
    symbol: str | None = None
    channel: Channel | None = None
    after_s: float = 0.0
    duration_s: float | None = None  # None: until healed
    count: int | None = None  # how often it acts; None: without limit (one-shots: once)
    every_s: float = 1.0  # one-shots with count > 1: the time between two of them
    code: int | None = None  # drop: close code (1001); refuse, rest_storm: HTTP status (503, 429)
    retry_after_s: int = 1  # 429, rest_storm
    variant: Literal["mixed", "malformed", "truncated", "binary", "nan"] = "mixed"  # garbage
    piece_bytes: int = 64  # slow
    delay_s: float = 0.02  # slow: the pause between two pieces
    late_s: float = 1.0  # late_snapshot
    skew_s: float = 5.0  # clock_skew; negative: behind
    price: float = 1.0  # list: USD

    def __post_init__(self) -> None:
        if self.kind in LISTING_KINDS and (self.symbol is None or self.venue == "*"):
            raise ValueError(f"a `{self.kind}` fault needs a venue and a symbol")

    def concerns(self, venue: str, markets: tuple[str, ...]) -> bool:
        """Whether the fault is aimed at this venue and at one of these markets."""
        if self.venue not in ("*", venue):
            return False
        return self.market is None or self.market in markets

    def aims_at(self, topic: str | None, symbol: str | None, channel: Channel | None) -> bool:
        """Whether nothing that narrows the fault speaks against this feed."""
        return (
            self.topic in (None, topic) and self.symbol in (None, symbol) and self.channel in (None, channel)
        )


def load_script(text: str | bytes) -> tuple[Fault, ...]:
    """Read a fault script: a JSON list of faults."""
    return tuple(msgspec.json.decode(text, type=list[Fault]))


@dataclass(slots=True)
class _Entry:
    """One fault on the board with its own clock and counter."""

    fault: Fault
    starts_s: float
    ends_s: float
    left: int | None
    fired: int = 0
    due_s: float = field(default=0.0)

    def acts(self, now_s: float) -> bool:
        """Whether the fault is in force."""
        return self.starts_s <= now_s < self.ends_s and self.left != 0

    def use(self) -> None:
        """Note one action and count it down."""
        self.fired += 1
        if self.left is not None:
            self.left -= 1


class FaultBoard:
    """The faults in force; delays count from the moment a fault was put on the board."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._history: list[_Entry] = []

    def inject(self, fault: Fault, now_s: float) -> None:
        """Put one fault on the board."""
        starts_s = now_s + fault.after_s
        ends_s = float("inf") if fault.duration_s is None else starts_s + fault.duration_s
        left = fault.count
        if left is None and fault.kind in ONE_SHOT_KINDS:
            left = 1
        entry = _Entry(fault, starts_s, ends_s, left, due_s=starts_s)
        self._entries.append(entry)
        self._history.append(entry)

    def heal(self, kind: FaultKind | None = None) -> None:
        """Take every fault (of this kind) off the board; what already happened stays happened."""
        self._entries = [entry for entry in self._entries if kind is not None and entry.fault.kind != kind]

    @property
    def is_empty(self) -> bool:
        """True when nothing can go wrong at the moment."""
        return not self._entries

    def find(
        self, kind: FaultKind, venue: str, markets: tuple[str, ...], now_s: float, *, topic: str | None = None
    ) -> Fault | None:
        """The first fault of this kind in force here, counted as one action; None when there is none."""
        for entry in self._entries:
            fault = entry.fault
            if fault.kind != kind or not entry.acts(now_s) or not fault.concerns(venue, markets):
                continue
            if topic is not None and fault.topic != topic:
                continue
            entry.use()
            return fault
        return None

    def strike(
        self,
        kind: FaultKind,
        venue: str,
        markets: tuple[str, ...],
        now_s: float,
        *,
        topic: str | None = None,
        symbol: str | None = None,
        channel: Channel | None = None,
    ) -> Fault | None:
        """As `find`, for faults that may or may not be narrowed to a topic, a symbol, a channel."""
        for entry in self._entries:
            fault = entry.fault
            if fault.kind != kind or not entry.acts(now_s) or not fault.concerns(venue, markets):
                continue
            if fault.aims_at(topic, symbol, channel):
                entry.use()
                return fault
        return None

    def silences(self, venue: str, markets: tuple[str, ...], now_s: float) -> list[Fault]:
        """The `silence` faults in force here at the moment."""
        found = []
        for entry in self._entries:
            fault = entry.fault
            if fault.kind == "silence" and entry.acts(now_s) and fault.concerns(venue, markets):
                entry.fired = max(entry.fired, 1)
                found.append(fault)
        return found

    def lasting(self, kind: FaultKind, venue: str, markets: tuple[str, ...], now_s: float) -> Fault | None:
        """A condition in force here, without counting it down (stall, blackhole, slow)."""
        for entry in self._entries:
            fault = entry.fault
            if fault.kind == kind and entry.acts(now_s) and fault.concerns(venue, markets):
                entry.fired = max(entry.fired, 1)
                return fault
        return None

    def due(self, now_s: float) -> list[Fault]:
        """One-shot faults whose moment has come; each call hands out every action once."""
        due = []
        for entry in self._entries:
            if entry.fault.kind in ONE_SHOT_KINDS and entry.acts(now_s) and now_s >= entry.due_s:
                entry.use()
                entry.due_s = now_s + entry.fault.every_s
                due.append(entry.fault)
        self._entries = [entry for entry in self._entries if entry.left != 0 and now_s < entry.ends_s]
        return due

    def fired(self) -> list[dict[str, object]]:
        """Every fault that acted at least once, with how often, for `/control/state`."""
        return [
            {"kind": entry.fault.kind, "venue": entry.fault.venue, "times": entry.fired}
            for entry in self._history
            if entry.fired
        ]
