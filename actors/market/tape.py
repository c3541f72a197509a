"""The tape of one instrument: its newest trades, each once, in the order of their time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from actors.market.events import Trade

NS_PER_S = 1_000_000_000

_moment = attrgetter("ts_event", "order")
_time = attrgetter("ts_event")
_NO_IDS: set[str] = set()  # of every tape without a trade: most instruments trade seldom


class Tape:
    """`take` every trade that is told, read the `newest`.

    A trade is new when no remembered one has its id, so the tape takes only what it would remember: of the
    time before `since_ns` it has forgotten trades, and nothing so old can be proven new.

    At least `kept` trades are remembered, and all of the last `span_s`: a late one of a busy instrument must
    find its place. While `is_held`, nothing is forgotten, so that trades that were missed can be told from
    known ones when they are fetched, however many came meanwhile. `BOUND` times `kept` is the end of both.
    """

    BOUND = 8

    __slots__ = (
        "_full",
        "_ids",
        "_newest_ns",
        "_newest_order",
        "_span_ns",
        "_trades",
        "duplicates",
        "is_held",
        "kept",
        "out_of_order",
        "since_ns",
        "too_old",
    )

    def __init__(self, kept: int = 500, span_s: float = 2.0) -> None:
        self.kept = kept
        self.duplicates = self.out_of_order = self.too_old = 0
        self.since_ns = 0
        self.is_held = False
        self._span_ns = int(span_s * NS_PER_S)
        self._trades: list[Trade] = []
        self._ids = _NO_IDS
        self._newest_ns = self._newest_order = 0
        self._full = kept + self._slack()

    def take(self, trade: Trade) -> bool:
        """Whether the trade is new; if so, it is on the tape now."""
        ids = self._ids
        if trade.trade_id in ids:
            self.duplicates += 1
            return False
        if ids is _NO_IDS:
            ids = self._ids = set()
        ts_event, order = trade.ts_event, trade.order
        if ts_event > self._newest_ns or (ts_event == self._newest_ns and order >= self._newest_order):
            self._newest_ns, self._newest_order = ts_event, order
            self._trades.append(trade)
        elif not self._insert(trade):
            return False
        ids.add(trade.trade_id)
        if len(self._trades) >= self._full:
            self._forget()
        return True

    def newest(self, count: int | None = None) -> list[Trade]:
        """The newest `count` trades, at most `kept`, oldest first. Those of one moment stay as they came."""
        count = self.kept if count is None else min(count, self.kept)
        return self._trades[-count:] if count > 0 else []

    @property
    def newest_ns(self) -> int | None:
        """The time of the newest trade; `None` while there is none."""
        return self._newest_ns if self._trades else None

    def __len__(self) -> int:
        return min(len(self._trades), self.kept)

    def _insert(self, trade: Trade) -> bool:
        if trade.ts_event < self.since_ns:
            self.too_old += 1
            return False
        if not trade.backfill:
            self.out_of_order += 1
        self._trades.insert(bisect_right(self._trades, _moment(trade), key=_moment), trade)
        return True

    def _forget(self) -> None:
        """Let go of the oldest. In strides, because finding out how many costs more than one trade."""
        trades = self._trades
        count = max(self._dispensable(), len(trades) - self.BOUND * self.kept)
        if count > 0:
            self.since_ns = trades[count - 1].ts_event + 1
            self._ids.difference_update([trade.trade_id for trade in trades[:count]])
            del trades[:count]
        self._full = len(trades) + self._slack()

    def _dispensable(self) -> int:
        """How many can go. An instant goes as a whole, or its known trades could come again as new ones."""
        if self.is_held:
            return 0
        trades = self._trades
        edge_ns = min(trades[-self.kept].ts_event, self._newest_ns - self._span_ns)
        return bisect_left(trades, edge_ns, key=_time)

    def _slack(self) -> int:
        return max(1, self.kept // 8)
