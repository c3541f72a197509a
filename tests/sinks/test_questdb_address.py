"""Where a QuestDB is, from its URL; and what the tables are that follow from the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime.errors import SettingsError
from actors.sinks._questdb_address import Address
from actors.sinks._questdb_schema import BARS, MARKET_DATA, TABLES, Found, Table
from actors.sinks.questdb import QuestDBSink

SEEDS_COLUMNS = {"timestamp", "symbol", "market", "price", "volume", "high24h", "low24h", "change24h"}


def test_an_address_is_read_from_its_url() -> None:
    address = Address.parse("https://hub:p%40ss%3A@db.example:9443/")
    assert (address.host, address.port, address.username, address.password) == (
        "db.example",
        9443,
        "hub",
        "p@ss:",
    )
    assert (address.http_url, address.is_qwp, address.is_encrypted) == (
        "https://db.example:9443",
        False,
        True,
    )


@pytest.mark.parametrize(
    ("url", "http_url"),
    [
        ("http://localhost", "http://localhost:9000"),
        ("ws://localhost:1234", "http://localhost:1234"),
        ("wss://[::1]", "https://[::1]:9000"),
    ],
)
def test_questions_go_over_http(url: str, http_url: str) -> None:
    assert Address.parse(url).http_url == http_url


def test_a_password_is_shown_nowhere() -> None:
    address = Address.parse("http://hub:hunter2@localhost")
    assert "hunter2" not in f"{address} {address!r} {address.http_url}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("localhost:9000", "begins with http://"),
        ("tcp::addr=localhost", "begins with http://"),
        ("http://:hunter2@localhost", "no user name"),
        ("http://hunter2@:9000", "names no host"),
        ("http://hunter2@localhost:99999", "no valid host and port"),
        ("http://hunter2@localhost/exec", "has no path"),
        ("http://hunter2@localhost?token=1", "unknown option token"),
        ("https://hunter2@localhost?tls_roots=/nowhere.pem", "/nowhere.pem"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_secrets(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as refused:
        QuestDBSink(url)
    assert "hunter2" not in str(refused.value)


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("hello", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no certificates"):
        QuestDBSink(f"https://localhost?tls_roots={roots}")


def test_the_seeds_columns_are_there_with_ours() -> None:
    assert {column.name for column in MARKET_DATA.columns} == SEEDS_COLUMNS | {"exchange", "bid", "ask"}
    assert 'TIMESTAMP("timestamp") PARTITION BY DAY WAL DEDUP UPSERT KEYS(' in MARKET_DATA.creation()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_of_ours_fits(table: Table) -> None:
    assert table.misfit(as_found(table)) is None
    assert table.keys[:4] == ("timestamp", "exchange", "market", "symbol")
    assert set(table.keys) <= {column.name for column in table.columns}


def test_each_way_not_to_fit_is_seen() -> None:
    columns = as_found(BARS)
    first, second, *rest = columns
    spoiled = [
        [],
        [second, *rest],
        [Found(first.name, "TIMESTAMP", True, True), second, *rest],
        [Found(first.name, first.type, True, False), second, *rest],
        [first, Found(second.name, second.type, False, False), *rest],
        [first, second, *rest[:-1], Found(rest[-1].name, rest[-1].type, True, False)],
    ]
    for found in spoiled:
        assert "RENAME TABLE bars TO bars_old" in (BARS.misfit(found) or "")


def as_found(table: Table) -> list[Found]:
    """The table as the server tells it."""
    return [
        Found(column.name, column.type, column.name in table.keys, column.name == "timestamp")
        for column in table.columns
    ]
