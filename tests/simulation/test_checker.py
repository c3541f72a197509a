"""The reader of the simulated days can fail: each market that is broken on purpose is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.exchanges._bybit_book import BookStream
from actors.market.outages import Outages
from actors.market.qualities import Qualities
from actors.market.quality import Stream
from actors.market.rhythm import Patience, Rhythm
from actors.market.tape import Tape
from actors.market.tickers import Tickers
from actors.market.trade_stream import TradeStream
from actors.market.trades import Trades
from tests.simulation.day import Day
from tests.simulation.reader import Broken

Breaks = Callable[[pytest.MonkeyPatch], None]
DAYS = 4  # of these, one at least must be caught


def always_live(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Stream, "verdict", lambda self, patience: ("live", ""))


def never_silent(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Rhythm, "threshold_ns", lambda self, patience, *, steady=True: float("inf"))


def endless_patience(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Rhythm, "is_silent", lambda self, now_ns, patience, *, steady=True: False)


def no_end_of_a_connection(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Qualities, "down", lambda *_: None)


def no_halt(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Qualities, "halt", lambda *_: None)


def no_gap(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Qualities, "gap", lambda *_: None)


def every_hundredth_trade_is_lost(patched: pytest.MonkeyPatch) -> None:
    take, count = Trades.take, [0]

    def forgetful(self: Trades, *trade: Any) -> None:
        count[0] += 1
        if count[0] % 100:
            take(self, *trade)

    patched.setattr(Trades, "take", forgetful)


def trades_are_told_again(patched: pytest.MonkeyPatch) -> None:
    take = Tape.take

    def credulous(self: Tape, trade: Any) -> bool:
        return take(self, trade) or trade.trade_id in self._ids

    patched.setattr(Tape, "take", credulous)


def no_holes(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(TradeStream, "cease", lambda *_: None)


def holes_never_end(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Outages, "_close", lambda *_: None)


def any_number_follows(patched: pytest.MonkeyPatch) -> None:
    """The codec believes that every later change is the next one."""
    receive = BookStream.receive

    def gullible(self: BookStream, frame: bytes, ts_recv: int) -> Any:
        if b'"delta"' in frame and self._is_whole:
            self._u = max(self._u, int(frame.split(b'"u":')[1].split(b",")[0]) - 1)
        return receive(self, frame, ts_recv)

    patched.setattr(BookStream, "receive", gullible)


def records_are_always_new(patched: pytest.MonkeyPatch) -> None:
    drain = Tickers.drain

    def rejuvenated(self: Tickers, now_ns: int) -> Any:
        for record in self._records.values():
            record.ts_recv = now_ns
        return drain(self, now_ns)

    patched.setattr(Tickers, "drain", rejuvenated)


def messages_are_counted_twice(patched: pytest.MonkeyPatch) -> None:
    beat = Stream.beat

    def zealous(self: Stream, ts_recv: int) -> None:
        beat(self, ts_recv)
        self.messages += 1

    patched.setattr(Stream, "beat", zealous)


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (always_live, "live"),
        (never_silent, "not judged by its silence"),
        (endless_patience, "live after"),
        (no_end_of_a_connection, "live without a connection"),
        (no_halt, "live, and halted"),
        (no_gap, "a book of"),
        (every_hundredth_trade_is_lost, "not the true bar|lost, and nobody says so"),
        (trades_are_told_again, "told twice"),
        (no_holes, "not the true bar|lost, and nobody says so"),
        (holes_never_end, "open, and live"),
        (any_number_follows, "not the true book"),
        (records_are_always_new, "too young"),
        (messages_are_counted_twice, "messages were told"),
    ],
)
def test_a_market_that_is_broken_on_purpose_is_caught(
    breaks: Breaks, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(Broken, match=words):
        for seed in range(DAYS):
            Day(seed, Patience(ceiling_s=600.0)).run()
