"""What of an instrument's trades is known to be complete: since when, and with which holes."""

from __future__ import annotations

from actors.market.reports import Hole

NS_PER_S = 1_000_000_000
CHANNEL = "trades"


class _Record:
    """A hole that is not healed. Both ends belong to it: of their instants, something may be missing too."""

    __slots__ = ("cause", "from_ns", "missed", "reason", "recovered", "remark", "to_ns", "trade_ns")

    def __init__(self, from_ns: int, cause: str, reason: str, missed: int | None) -> None:
        self.from_ns = from_ns
        self.to_ns: int | None = None
        self.trade_ns = 0  # of the trade that ended it, if one did
        self.cause = cause
        self.reason = reason
        self.missed = missed
        self.recovered = 0
        self.remark = ""

    def holds(self, ts_event: int) -> bool:
        return self.from_ns <= ts_event and (self.to_ns is None or ts_event <= self.to_ns)

    def is_joined(self, reach_ns: int, known_ns: int | None) -> bool:
        """Whether what was told again begins before the hole.

        In the very instant in which the hole begins, only a known trade proves it, and only if it cannot be
        one of those that came after the hole.
        """
        if reach_ns < self.from_ns:
            return True
        return known_ns is not None and known_ns == self.from_ns and known_ns != self.to_ns

    def is_refilled(self) -> bool:
        """Whether as many came back as are known to be missing."""
        return self.missed is not None and self.recovered >= self.missed


class Holes:
    """The holes of one instrument's trades, and the beginning before which nothing is covered.

    Times are the exchange's. At most one hole is open. Holes that were healed are let go; of the others,
    `KEPT` are remembered: what lies before the oldest of them counts as not covered, which may be less than
    the truth and is never more.
    """

    KEPT = 50

    __slots__ = (
        "_changed",
        "_exchange",
        "_market",
        "_records",
        "_symbol",
        "_told_until_ns",
        "begin_ns",
        "opened",
    )

    def __init__(self, exchange: str, market: str, symbol: str) -> None:
        self._exchange, self._market, self._symbol = exchange, market, symbol
        self._records: list[_Record] = []
        self._changed: dict[int, Hole] | None = None
        self._told_until_ns = 0
        self.begin_ns: int | None = None
        self.opened = 0

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Whether every trade from `start_ns` until before `end_ns` is known, or has not happened yet."""
        if self.begin_ns is None or start_ns < self.begin_ns:
            return False
        for record in reversed(self._records):
            if record.to_ns is not None and record.to_ns < start_ns:
                return True
            if record.from_ns < end_ns:
                return False
        return True

    @property
    def is_open(self) -> bool:
        """Whether trades are being missed now."""
        return bool(self._records) and self._records[-1].to_ns is None

    def begin(self, ts_event: int) -> None:
        """Trades are covered from here on."""
        self.begin_ns = ts_event

    def open(self, from_ns: int, cause: str, reason: str, missed: int | None = None) -> int:
        """Trades are missing after `from_ns`. Returns where the hole begins: not in the last one."""
        from_ns = max(from_ns, self._told_until_ns, self.begin_ns or 0)
        record = _Record(from_ns, cause, reason, missed)
        self._records.append(record)
        self.opened += 1
        self._tell(record)
        if len(self._records) > self.KEPT:
            oldest = self._records.pop(0)
            self.begin_ns = max(self.begin_ns or 0, (oldest.to_ns or 0) + 1)
        return from_ns

    def close(self, to_ns: int, by_trade: bool) -> int:
        """Trades flow again since `to_ns`, as a trade proves or only a word. Returns where the hole began."""
        record = self._records[-1]
        record.trade_ns = to_ns if by_trade else 0
        record.to_ns = max(to_ns, record.from_ns)
        self._told_until_ns = record.to_ns + 1
        self._tell(record)
        return record.from_ns

    def refill(self, ts_event: int) -> None:
        """A trade that was missing has come back."""
        for record in reversed(self._records):
            if record.holds(ts_event):
                record.recovered += 1
                self._tell(record)
                return

    def answer(self, reach_ns: int | None, known_ns: int | None, newest_ns: int) -> int | None:
        """Every trade after `reach_ns` was told (`None`: not even that), up to one of `newest_ns`.

        Among them, known ones since `known_ns` were told again. Heals the holes that lie within, and shrinks
        the one in which it ends. An answer that is older than the trade that ended a hole does nothing for
        it. Returns the time after which more is covered than before; `None` if nothing is.
        """
        earliest = self._extend(reach_ns)
        for record in self._records.copy():
            if record.to_ns is None:
                continue
            told_ns = reach_ns if newest_ns >= record.trade_ns else None
            if (told_ns is not None and record.is_joined(told_ns, known_ns)) or record.is_refilled():
                if record is self._records[-1]:  # its end may have been a guess: the next one may begin in it
                    self._told_until_ns = record.from_ns + 1
                self._records.remove(record)
                self._tell(record, healed=True)
            elif told_ns is not None and told_ns < record.to_ns:
                self._shrink(record, told_ns)
            else:
                self._give_up(record)
                continue
            earliest = record.from_ns if earliest is None else earliest
        return earliest

    def _extend(self, reach_ns: int | None) -> int | None:
        """What was told from before the beginning makes it earlier."""
        if reach_ns is None or self.begin_ns is None or reach_ns + 1 >= self.begin_ns:
            return None
        self.begin_ns = reach_ns + 1
        return self.begin_ns

    def drain(self) -> list[Hole]:
        """The holes that changed since the last call."""
        changed, self._changed = self._changed, None
        return list(changed.values()) if changed else []

    def _shrink(self, record: _Record, reach_ns: int) -> None:
        rest_s = (reach_ns - record.from_ns) / NS_PER_S
        record.to_ns = reach_ns
        record.remark = f"the exchange told the rest of it again, these {rest_s:.3f} s it did not"
        self._tell(record)

    def _give_up(self, record: _Record) -> None:
        if not record.remark:
            record.remark = "what the exchange told again does not reach it"
            self._tell(record)

    def _tell(self, record: _Record, healed: bool = False) -> None:
        changed = {} if self._changed is None else self._changed
        changed[record.from_ns] = Hole(
            self._exchange,
            self._market,
            self._symbol,
            CHANNEL,
            record.from_ns,
            record.to_ns,
            record.cause,
            record.reason if healed or not record.remark else f"{record.reason}; {record.remark}",
            record.missed,
            record.recovered,
            healed,
        )
        if len(changed) > self.KEPT:
            del changed[next(iter(changed))]
        self._changed = changed
