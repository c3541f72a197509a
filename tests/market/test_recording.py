"""What of the live picture becomes history, and what does not."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from actors.market.events import Liquidation, State, Trade
from actors.market.recording import Recorder
from actors.market.reports import Bar, Hole
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.market.tick import Changes
from actors.market.ticker import Ticker
from tests.market.pictures import at

PAIR = ("linear", "BTCUSDT")


def ticker(
    seconds: float, price: float | None = 100.0, *, quality: State = "live", rate: float | None = None
) -> Ticker:
    return Ticker(
        exchange="bybit",
        market="linear",
        symbol="BTCUSDT",
        price=price,
        bid=99.0,
        ask=nan,
        volume_24h=5.0,
        funding_rate=rate,
        funding_interval_h=8.0,
        ts_recv=at(seconds),
        quality=quality,
    )


def told(recorder: Recorder, seconds: float, *tickers: Ticker) -> list[Row]:
    return recorder.rows("bybit", Changes(tickers=list(tickers)), at(seconds))


def prices(rows: list[Row]) -> list[tuple[float, float]]:
    return [((row.ts - at(0)) / 1e9, row.price) for row in rows if isinstance(row, TickRow)]


def bar(*, interval_s: int = 60, closed: bool = True, revision: int = 0, volume: float = 3.0) -> Bar:
    return Bar(
        "BTCUSDT",
        interval_s,
        at(0),
        1.0,
        4.0,
        0.5,
        2.0,
        volume,
        6.0,
        7,
        1.5,
        closed,
        revision,
        False,
        "trades",
    )


def test_a_ticker_becomes_a_row_of_the_time_when_it_was_received() -> None:
    [row] = told(Recorder(), 10.2, ticker(10))
    assert row == TickRow(at(10), "bybit", "linear", "BTCUSDT", 100.0, 5.0, None, None, None, 99.0, None)


def test_of_each_interval_the_newest_is_kept_and_the_last_one_is_not_forgotten() -> None:
    recorder = Recorder(1.0)
    rows = [row for tenth in range(30) for row in told(recorder, tenth / 10, ticker(tenth / 10, tenth))]
    assert prices(rows) == [(0.0, 0.0), (1.0, 10.0), (2.0, 20.0)]
    assert told(recorder, 2.95) == []
    assert prices(told(recorder, 3.0)) == [(2.9, 29.0)]
    assert told(recorder, 60) == []


def test_every_change_is_kept_if_the_interval_is_zero() -> None:
    recorder = Recorder(0)
    rows = [row for tenth in range(30) for row in told(recorder, tenth / 10, ticker(tenth / 10, tenth))]
    assert len(rows) == 30


@pytest.mark.parametrize("quality", ["connecting", "syncing", "stale", "gapped", "halted", "refused"])
def test_what_is_not_live_is_not_recorded(quality: State) -> None:
    recorder = Recorder(0)
    assert told(recorder, 1, ticker(1, quality=quality)) == []


def test_an_old_price_is_never_recorded_as_new() -> None:
    recorder = Recorder(0)
    assert len(told(recorder, 1, ticker(1))) == 1
    assert told(recorder, 50, ticker(1)) == []  # told again, as after a restart of the picture
    assert prices(told(recorder, 51, ticker(50.5))) == [(50.5, 100.0)]


def test_the_last_price_before_an_outage_is_recorded_with_its_own_time() -> None:
    recorder = Recorder(1.0)
    told(recorder, 0, ticker(0))
    told(recorder, 0.4, ticker(0.4, 101.0))
    told(recorder, 0.6, ticker(0.4, 101.0, quality="stale"))
    assert prices(told(recorder, 1.0)) == [(0.4, 101.0)]


def test_what_has_no_price_or_no_finite_one_is_left_out() -> None:
    recorder = Recorder(0)
    assert told(recorder, 1, ticker(1, None)) == []
    assert not recorder.rejected
    assert told(recorder, 2, ticker(2, nan), ticker(2, inf)) == []
    assert recorder.rejected == {"tick": 2}


def test_an_instrument_that_is_gone_is_told_to_its_end_and_forgotten() -> None:
    recorder = Recorder(10.0)
    told(recorder, 0, ticker(0))
    told(recorder, 1, ticker(1, 101.0))
    assert prices(recorder.rows("bybit", Changes(removed=[PAIR]), at(2))) == [(1.0, 101.0)]
    assert told(recorder, 30) == []
    assert prices(told(recorder, 31, ticker(31))) == [(31.0, 100.0)]


def test_funding_is_recorded_when_it_changed() -> None:
    recorder = Recorder(1.0)
    rates = [0.01, 0.01, 0.02, None, 0.02, nan, 0.01]
    rows = [row for n, rate in enumerate(rates) for row in told(recorder, n, ticker(n, rate=rate))]
    kept = [(row.funding_rate, row.ts) for row in rows if isinstance(row, FundingRow)]
    assert kept == [(0.01, at(0)), (0.02, at(2)), (0.01, at(6))]


def test_only_closed_bars_of_the_recorded_lengths_are_kept() -> None:
    bars = [
        *[bar(interval_s=length) for length in (1, 60, 300, 900, 3600, 14_400, 86_400)],
        bar(closed=False),
        bar(revision=1),
        bar(volume=inf),
    ]
    recorder = Recorder()
    rows = recorder.rows("bybit", Changes(bars={PAIR: bars}), at(90))
    kept = [(row.interval_s, row.revision) for row in rows if isinstance(row, BarRow)]
    assert kept == [(60, 0), (3600, 0), (86_400, 0), (60, 1)]
    assert recorder.rejected == {"bar": 1}


def test_a_bar_keeps_all_it_knows() -> None:
    [row] = Recorder().rows("bybit", Changes(bars={PAIR: [bar()]}), at(90))
    where = (at(0), "bybit", "linear", "BTCUSDT", 60)
    assert row == BarRow(*where, 1.0, 4.0, 0.5, 2.0, 3.0, 6.0, 7, 1.5, True, 0, False, "trades")


def test_trades_liquidations_and_holes_are_kept_as_they_are_told() -> None:
    trades = [Trade("BTCUSDT", f"t{n}", 1.0, 2.0, "sell", at(n), at(n), 0, 3, True) for n in (1, 2)]
    bad = [
        Trade("BTCUSDT", "t3", nan, 2.0, "sell", at(3), at(3)),
        Trade("BTCUSDT", "t4", 1.0, 2.0, "sell", -1, at(3)),
        Trade("BTCUSDT", "t5", 1.0, 2.0, "sell", 1 << 63, at(3)),
        Trade("BTCUSDT", "t\0", 1.0, 2.0, "sell", at(3), at(3)),
        Trade("BTCUSDT", "t" * 2000, 1.0, 2.0, "sell", at(3), at(3)),
    ]
    hole = Hole("bybit", "linear", "BTCUSDT", "trades", at(0), None, "sequence", "x\0" * 5000, 4, 1, False)
    changes = Changes(
        trades={PAIR: trades + bad},
        liquidations={PAIR: [Liquidation("BTCUSDT", "long", 9.0, 1.0, at(4), at(5))]},
        holes=[hole],
    )
    recorder = Recorder()
    rows = recorder.rows("bybit", changes, at(9))
    place = ("bybit", "linear", "BTCUSDT")
    assert rows[:2] == [TradeRow(at(n), *place, f"t{n}", 1.0, 2.0, "sell", 3, True) for n in (1, 2)]
    assert rows[2] == LiquidationRow(at(4), *place, "long", 9.0, 1.0)
    assert rows[3] == GapRow(at(0), *place, "trades", None, "sequence", "x" * 300, 4, 1, False)
    assert recorder.rejected == {"trade": 5}


@seed(5)
@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from(["live", "stale", "syncing"]), st.booleans()),
        max_size=60,
    ),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_rows_are_live_in_order_unique_and_as_rare_as_wanted(
    steps: list[tuple[int, State, bool]], interval_s: float
) -> None:
    recorder, now, heard = Recorder(interval_s), 1.0, 1.0
    live: list[tuple[float, float]] = []
    rows: list[tuple[float, Row]] = []
    for tenths, quality, is_new in steps:
        now += tenths / 10
        heard = now if is_new else heard
        if quality == "live":
            live.append((round(heard, 6), heard))
        rows += [(now, row) for row in told(recorder, now, ticker(heard, heard, quality=quality))]
    times = [row.ts for _, row in rows]
    assert times == sorted(set(times))
    assert {(round(ts, 6), price) for ts, price in prices([row for _, row in rows])} <= set(live)
    if interval_s:
        assert len(rows) <= (now - 1.0) / interval_s + 1
    last = told(recorder, now + 100)
    newest = prices([row for _, row in rows] + last)[-1:]
    assert [price for _, price in newest] == [price for _, price in live[-1:]]
