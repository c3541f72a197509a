"""What somebody writes who has the client, the rows and an afternoon: one short loop each.

Each keeps a row once by its key, as Tickwell's sinks do, and each returns when its rows are as durable as
theirs. In QuestDB the tables are the same, made beforehand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trio
from msgspec.structs import astuple

from actors.market.rows import BarRow, Row, TickRow, TradeRow
from actors.sinks.base import Sink

Write = Callable[[list[Row]], None]

TIMES_KEPT_S = 8 * 86_400
NEWEST_KEPT = 1000


def open_sink(store: str, url: str) -> Sink:
    """Tickwell's sink for a server."""
    if store == "redis":
        from actors.sinks.redis import RedisSink

        return RedisSink(url)
    from actors.sinks.questdb import QuestDBSink

    return QuestDBSink(url)


def sqlite_loop(directory: Path, _url: str) -> Write:
    """`executemany` into three plain tables, a transaction per batch."""
    connection = sqlite3.connect(directory / "loop.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    statements = {}
    for name, kind, key in (
        ("market_data", TickRow, "ts"),
        ("trades", TradeRow, "ts, trade_id"),
        ("bars", BarRow, "interval_s, ts"),
    ):
        columns = kind.__struct_fields__
        place = "exchange, market, symbol"
        connection.execute(f"CREATE TABLE {name} ({', '.join(columns)}, PRIMARY KEY ({place}, {key}))")
        statements[kind] = f"INSERT OR IGNORE INTO {name} VALUES ({', '.join('?' * len(columns))})"

    def write(rows: list[Row]) -> None:
        connection.execute("BEGIN")
        for kind, statement in statements.items():
            connection.executemany(statement, [astuple(row) for row in rows if type(row) is kind])
        connection.execute("COMMIT")

    return write


def questdb_loop(_directory: Path, url: str) -> Write:
    """`Sender.row` for each, and a `flush` per batch, over HTTP."""
    from questdb import Sender, TimestampNanos

    trio.run(prepared, open_sink("questdb", url))
    sender = Sender.from_conf(f"http::addr={url.removeprefix('http://')};protocol_version=2;auto_flush=off;")
    sender.establish()  # type: ignore[no-untyped-call]

    def write(rows: list[Row]) -> None:
        for row in rows:
            place: dict[str, str | None] = {
                "exchange": row.exchange, "market": row.market, "symbol": row.symbol
            }  # fmt: skip
            at = TimestampNanos(row.ts)
            match row:
                case TickRow():
                    columns: dict[str, Any] = {
                        "price": row.price, "volume": row.volume, "high24h": row.high_24h,
                        "low24h": row.low_24h, "change24h": row.change_24h, "bid": row.bid, "ask": row.ask,
                    }  # fmt: skip
                    sender.row("market_data", symbols=place, columns=columns, at=at)
                case TradeRow():
                    columns = {
                        "trade_id": row.trade_id, "price": row.price, "size": row.size,
                        "count": row.count, "backfill": row.backfill,
                    }  # fmt: skip
                    sender.row("trades", symbols=place | {"side": row.side}, columns=columns, at=at)
                case BarRow():
                    columns = {
                        "interval_s": row.interval_s, "open": row.open, "high": row.high, "low": row.low,
                        "close": row.close, "volume": row.volume, "turnover": row.turnover,
                        "trades": row.trades, "taker_buy_volume": row.taker_buy_volume,
                        "closed": row.closed, "revision": row.revision, "gap": row.gap,
                    }  # fmt: skip
                    sender.row("bars", symbols=place | {"source": row.source}, columns=columns, at=at)
        sender.flush()

    return write


async def prepared(sink: Sink) -> None:
    """Let a sink make its tables."""
    await sink.open()
    await sink.aclose()


def redis_loop(_directory: Path, url: str) -> Write:
    """A pipeline per batch: each symbol's latest, its newest thousand, and its day."""
    import redis

    client = redis.Redis.from_url(url)

    def write(rows: list[Row]) -> None:
        pipeline = client.pipeline(transaction=False)
        for row in rows:
            assert isinstance(row, TickRow)
            place = f"{row.market}:{row.symbol}"
            values: dict[Any, Any] = {
                "timestamp": row.ts, "price": row.price, "volume": row.volume or 0.0,
                "high24h": row.high_24h or 0.0, "low24h": row.low_24h or 0.0,
                "change24h": row.change_24h or 0.0,
            }  # fmt: skip
            told = f"{row.ts}:{row.price}:{row.volume}"
            day = datetime.fromtimestamp(row.ts // 1_000_000_000, UTC).date()
            pipeline.hset(f"latest:{place}", mapping=values)
            pipeline.zadd(f"history:{place}", {told: row.ts})
            pipeline.zremrangebyrank(f"history:{place}", 0, -NEWEST_KEPT - 1)
            pipeline.zadd(f"timeseries:{place}:{day}", {told: row.ts})
            pipeline.expire(f"timeseries:{place}:{day}", TIMES_KEPT_S)
        pipeline.execute()

    return write


LOOPS: dict[str, Callable[[Path, str], Write]] = {
    "sqlite": sqlite_loop,
    "questdb": questdb_loop,
    "redis": redis_loop,
}
