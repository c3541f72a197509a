"""What is exported is what DuckDB, pandas and pyarrow read: every row once, every digit, every name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from actors.export.tables import TABLES
from actors.market.losses import EVERYTHING
from actors.market.rows import Row
from tests.export.kept import INSTRUMENTS, MIDNIGHT, S, export, remember, rows

NAMES = {"ts": "timestamp", "high_24h": "high24h", "low_24h": "low24h", "change_24h": "change24h"}
MOMENTS = ("timestamp", "to_ts", "next_funding_ts")


def told(found: pa.Table) -> list[dict[str, Any]]:
    """The rows of an answer, moments as µs, without what only folders say."""
    for number, name in enumerate(found.column_names):
        if name in MOMENTS:
            found = found.set_column(number, name, found[name].cast(pa.int64()))
    beside = {"date", "month", "interval"} & set(found.column_names)
    return sorted(found.drop_columns(list(beside)).to_pylist(), key=str)


def expected(table: str, of_rows: list[Row]) -> list[dict[str, Any]]:
    kind = TABLES[table].row_type
    mine = [
        structs.asdict(row)
        for row in of_rows
        if isinstance(row, kind) and getattr(row, "interval_s", 60) == 60
    ]
    for row in mine:
        row |= {name: row[name] // 1000 for name in ("ts", "to_ts", "next_funding_ts") if row.get(name)}
    return sorted(({NAMES.get(name, name): row[name] for name in ordered(row)} for row in mine), key=str)


def ordered(row: dict[str, Any]) -> list[str]:
    """The columns in the files, then those in the folders."""
    folders = ["exchange", "market", "symbol"]
    return [name for name in row if name not in folders] + folders


@pytest.mark.parametrize("table", TABLES)
async def test_every_row_comes_back_through_pyarrow(tmp_path: Path, table: str) -> None:
    kept = rows()
    progress = export(
        await remember(tmp_path, kept), tmp_path / "out", table, interval="1m" if table == "bars" else ""
    )
    wanted = expected(table, kept)
    assert progress.rows == len(wanted) > 10
    assert told(ds.dataset(tmp_path / "out" / table, partitioning="hive").to_table()) == wanted
    files = list((tmp_path / "out").rglob("*"))
    assert progress.files == sum(path.suffix == ".parquet" for path in files)
    assert progress.size_bytes == sum(path.stat().st_size for path in files if path.is_file())


async def test_duckdb_reads_it(tmp_path: Path) -> None:
    export(await remember(tmp_path, rows()), tmp_path / "out", "ticks")
    read = f"read_parquet('{tmp_path}/out/ticks/**/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        found = connection.sql(
            f"""SELECT symbol, count(*), min(price), max(price),
            min(epoch_us(timestamp)), max(date) - min(date) FROM {read} GROUP BY symbol ORDER BY symbol"""
        ).fetchall()
        types = dict(
            connection.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM {read})").fetchall()
        )
        hours = connection.sql(
            f"SELECT time_bucket(INTERVAL 1 HOUR, timestamp) AS hour FROM {read} GROUP BY hour"
        )
        assert len(hours) == 4
    first = (MIDNIGHT - 7200 * S + 123_456_789) // 1000
    assert found == [
        (of.symbol, 240, 100.0, 339.0, first, 1) for of in sorted(INSTRUMENTS, key=lambda of: of.symbol)
    ]
    assert types["timestamp"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["price"], types["date"]) == ("DOUBLE", "DATE")


async def test_pandas_reads_it(tmp_path: Path) -> None:
    export(await remember(tmp_path, rows()), tmp_path / "out", "trades")
    frame = pd.read_parquet(tmp_path / "out" / "trades", filters=[("symbol", "=", "PURR/USDC")])
    assert len(frame) == 480
    assert str(frame["timestamp"].dtype) == "datetime64[us, UTC]"
    assert isinstance(frame["symbol"].dtype, pd.CategoricalDtype)
    assert frame["trade_id"].is_unique
    assert sorted(frame["date"].unique()) == ["2026-11-30", "2026-12-01"]


async def test_a_file_says_by_itself_what_it_is(tmp_path: Path) -> None:
    export(await remember(tmp_path, rows()), tmp_path / "out", "bars", interval="1h", symbols="btcusdt")
    folder = tmp_path / "out/bars/interval=1h/exchange=bybit/market=linear/symbol=BTCUSDT"
    assert sorted(each.name for each in folder.iterdir()) == ["month=2026-11", "month=2026-12"]
    file = pq.ParquetFile(folder / "month=2026-12" / "part-0.parquet")
    about = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    assert about["tickwell.table"] == "bars"
    assert (about["tickwell.interval"], about["tickwell.symbol"]) == ("1h", "BTCUSDT")
    assert file.schema_arrow.field("source").type == pa.dictionary(pa.int32(), pa.string())
    assert file.schema_arrow.field("timestamp").type == pa.timestamp("us", "UTC")
    assert not file.schema_arrow.field("open").nullable
    assert file.schema_arrow.field("turnover").nullable


async def test_what_is_missing_of_all_history_has_a_place_too(tmp_path: Path) -> None:
    export(await remember(tmp_path, rows()), tmp_path / "out", "gaps")
    frame = pd.read_parquet(tmp_path / "out" / "gaps")
    assert list(frame[frame["symbol"] == EVERYTHING]["cause"]) == ["crash"]


async def test_a_range_begins_with_from_and_ends_before_to(tmp_path: Path) -> None:
    path = await remember(tmp_path, rows())
    export(path, tmp_path / "out", "bars", from_ns=MIDNIGHT - 60 * S, to_ns=MIDNIGHT + 60 * S, interval="1m")
    found = pq.read_table(tmp_path / "out" / "bars")["timestamp"].cast(pa.int64()).to_pylist()
    assert sorted(us * 1000 for us in found) == sorted([MIDNIGHT - 60 * S, MIDNIGHT] * len(INSTRUMENTS))


def test_each_table_has_the_columns_of_its_rows() -> None:
    for table in TABLES.values():
        names = [NAMES.get(name, name) for name in table.row_type.__struct_fields__]
        assert table.schema.names == [name for name in names if name not in ("exchange", "market", "symbol")]
