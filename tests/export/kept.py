"""A history to export: a few instruments with awkward names, over a midnight and the end of a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path

from actors.export.exporting import Export, Job, Progress
from actors.export.selecting import select
from actors.export.tables import TABLES
from actors.market.losses import EVERYTHING
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.sinks.base import InstrumentKey
from actors.sinks.sqlite import SqliteSink
from actors.sinks.sqlite_archive import Archive
from tests.sinks.test_sqlite import FOREVER

S = 1_000_000_000
MINUTE = 60 * S
HOUR = 3600 * S
MIDNIGHT = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * S
START = MIDNIGHT - 2 * HOUR
BTC = InstrumentKey("bybit", "linear", "BTCUSDT")
PURR = InstrumentKey("hyperliquid", "spot", "PURR/USDC")
ODD = InstrumentKey("binance", "spot", "币安人生USDT")
INSTRUMENTS = (ODD, BTC, PURR)


def tick(of: InstrumentKey, ts: int, price: float = 100.0) -> TickRow:
    return TickRow(ts, of.exchange, of.market, of.symbol, price, 1.5, None, None, -0.5, price - 1, price + 1)


def trade(of: InstrumentKey, ts: int, trade_id: str) -> TradeRow:
    return TradeRow(ts, of.exchange, of.market, of.symbol, trade_id, 100.0, 0.5, "sell", 1, False)


def rows() -> list[Row]:
    """Something of everything: four hours, half of them before midnight."""
    found: list[Row] = []
    for of in INSTRUMENTS:
        names = (of.exchange, of.market, of.symbol)
        for minute in range(240):
            ts = START + minute * MINUTE
            found.append(tick(of, ts + 123_456_789, 100.0 + minute))
            found += [trade(of, ts, f"{minute}{copy}") for copy in range(2)]
            found.append(
                BarRow(ts, *names, 60, 1.0, 2.0, 0.5, 1.5, 3.0, None, 5, None, True, 0, False, "trades")
            )
        for hour in range(4):
            ts = START + hour * HOUR
            found.append(
                BarRow(ts, *names, 3600, 1.0, 2.0, 0.5, 1.5, 3.0, 4.0, 5, 1.0, True, 1, True, "exchange")
            )
            found += [
                LiquidationRow(ts, *names, side, 99.0, size)
                for side in ("long", "short")
                for size in (1.0, 2.0)
            ]
            found.append(FundingRow(ts, *names, 0.0001, 8.0, ts + HOUR, 100.0, None, None))
            found.append(
                GapRow(ts, *names, "trades", None if hour % 2 else ts + S, "stale", "silent", None, 0, False)
            )
    found.append(
        GapRow(START, EVERYTHING, EVERYTHING, EVERYTHING, "outbox", START + S, "crash", "died", 3, 0, False)
    )
    return found


async def remember(directory: Path, *batches: Sequence[Row]) -> Path:
    """Write them as a hub does that began before them, and that is done with all of it; returns the file."""
    path = directory / "history.db"
    for batch in batches:
        times = chain([START], repeat(MIDNIGHT + 100 * HOUR))
        sink = SqliteSink(path, FOREVER, times.__next__)
        await sink.write(batch)
        await sink.aclose()
    return path


@contextmanager
def archive(path: Path) -> Iterator[Archive]:
    with closing(Archive(path)) as opened:
        yield opened


def export(
    path: Path, out: Path, table: str, *, symbols: str = "*", from_ns: int = 0, to_ns: int = (1 << 63) - 1,
    interval: str = "",
) -> Progress:  # fmt: skip
    """Export what is asked for, in this process."""
    with archive(path) as opened:
        instruments, problems = select(symbols.split(","), opened.instruments())
        assert not problems
        job = Job(
            table=TABLES[table], instruments=instruments, from_ns=from_ns, to_ns=to_ns, out=out,
            interval=interval, interval_s={"1h": 3600}.get(interval, 60),
        )  # fmt: skip
        return Export(opened, job, lambda progress: None).run()
