"""What goes wrong with a QuestDB, done to a real one: nothing is lost or twice, and the words are plain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import trio
from msgspec.structs import replace

from actors.market.rows import BarRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks import questdb
from actors.sinks.questdb import QuestDBHistory, QuestDBSink
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.sinks.conformance import bar, gap, liquidation, tick, trade
from tests.sinks.fetch_questdb import NEWEST
from tests.sinks.questdb_server import QuestDBServer, running
from tests.sinks.test_questdb import stored

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

SEEDS_TABLE = """CREATE TABLE market_data (timestamp TIMESTAMP, symbol SYMBOL, market SYMBOL, price DOUBLE,
    volume DOUBLE, high24h DOUBLE, low24h DOUBLE, change24h DOUBLE)
    TIMESTAMP(timestamp) PARTITION BY DAY WAL"""


async def opened(server: QuestDBServer, timeout_s: float = PATIENCE_S) -> QuestDBSink:
    sink = QuestDBSink(server.url, timeout_s=timeout_s)
    await sink.open()
    return sink


async def failures_until_taken(sink: QuestDBSink, rows: list[TradeRow], server: QuestDBServer) -> int:
    """Give the rows until they are taken; whenever they are not, the server is started again."""
    for failures in range(10):
        try:
            await sink.write(rows)
        except SinkUnavailable:
            await trio.to_thread.run_sync(server.ensure)
        else:
            return failures
    raise AssertionError("never taken")


async def until_written(sink: QuestDBSink, *rows: Row) -> None:
    """Give the rows until they are taken: on a busy machine that takes longer than the sink has, too."""
    with trio.fail_after(PATIENCE_S):
        while True:
            with suppress(SinkUnavailable):
                await sink.write(rows)
                return


@pytest.mark.parametrize("kill_after_s", [0.02, 0.1, 0.25])
async def test_killed_in_the_middle_of_writing(questdb_server: QuestDBServer, kill_after_s: float) -> None:
    sink = await opened(questdb_server, timeout_s=20)
    written: list[TradeRow] = []
    failures = 0
    async with trio.open_nursery() as nursery:

        async def kill() -> None:
            await trio.sleep(kill_after_s)
            questdb_server.kill()

        nursery.start_soon(kill)
        while not failures:
            first = len(written)
            rows = [trade(number / 1000, str(number)) for number in range(first, first + 12_000)]
            failures += await failures_until_taken(sink, rows, questdb_server)
            written += rows
    assert stored(questdb_server, TradeRow) == written
    await sink.aclose()


async def test_what_was_written_outlives_a_kill(questdb_server: QuestDBServer) -> None:
    sink = await opened(questdb_server)
    rows = [trade(number, str(number)) for number in range(5000)]
    await sink.write(rows)
    questdb_server.kill()
    questdb_server.start()
    assert stored(questdb_server, TradeRow) == rows
    await sink.aclose()


async def test_a_frozen_server_holds_the_sink_no_longer_than_its_time_limit(
    questdb_server: QuestDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questdb, "TABLES_KNOWN_FOR_S", 10 * PATIENCE_S)
    await (await opened(questdb_server)).aclose()  # making tables may take longer than what is allowed below
    sink = QuestDBSink(questdb_server.url, timeout_s=0.5)
    await until_written(sink, bar(0, 0))
    questdb_server.freeze()
    try:
        for _ in range(2):  # once while the tables are known, once where they are asked for
            with LivedClock() as lived:
                with pytest.raises(SinkUnavailable, match=r"0\.5 s|timeout"):
                    await sink.write([bar(0, 1), trade()])
                assert lived.lived_s < 3
    finally:
        questdb_server.thaw()
    await until_written(sink, bar(0, 1), trade())
    await until_written(sink, bar(0, 2))
    assert stored(questdb_server, BarRow) == [bar(0, 2)]
    assert stored(questdb_server, TradeRow) == [trade()]
    await sink.aclose()


async def test_a_server_that_lost_everything_gets_its_tables_again(questdb_server: QuestDBServer) -> None:
    sink = await opened(questdb_server)
    await sink.write([trade(0)])
    questdb_server.kill()
    questdb_server.empty()
    questdb_server.start()
    await sink.write([trade(1, "2")])
    await sink.write([trade(1, "2")])
    assert stored(questdb_server, TradeRow) == [trade(1, "2")]
    await sink.aclose()


async def test_the_seeds_own_table_is_told_with_both_schemas_and_harms_no_other(
    questdb_server: QuestDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    questdb_server.query(SEEDS_TABLE)
    sink = await opened(questdb_server)
    with pytest.raises(SinkRefused) as refused:
        await sink.write([trade(), tick()])
    assert "timestamp TIMESTAMP, symbol SYMBOL, market SYMBOL, price DOUBLE" in str(refused.value)
    assert "timestamp TIMESTAMP_NS key, exchange SYMBOL key, market SYMBOL key" in str(refused.value)
    assert "RENAME TABLE market_data TO market_data_old" in str(refused.value)
    await sink.write([trade()])
    assert stored(questdb_server, TradeRow) == [trade()]
    questdb_server.query("RENAME TABLE market_data TO market_data_old")
    monkeypatch.setattr(questdb, "TABLES_KNOWN_FOR_S", -1.0)
    await sink.write([tick()])
    assert stored(questdb_server, TickRow) == [tick()]
    await sink.aclose()


@pytest.mark.parametrize(
    "spoil",
    [
        "ALTER TABLE liquidations DEDUP DISABLE",
        "ALTER TABLE liquidations DEDUP ENABLE UPSERT KEYS(timestamp, symbol)",
        "ALTER TABLE liquidations DROP COLUMN size",
        "ALTER TABLE liquidations ALTER COLUMN price TYPE FLOAT",
    ],
)
async def test_a_table_that_would_not_keep_rows_once_or_whole_is_refused(
    questdb_server: QuestDBServer, spoil: str
) -> None:
    await (await opened(questdb_server)).aclose()
    if "DROP" in spoil or "ALTER COLUMN" in spoil:
        questdb_server.query("ALTER TABLE liquidations DEDUP DISABLE")
    questdb_server.query(spoil)
    questdb_server.settle()
    sink = await opened(questdb_server)
    with pytest.raises(SinkRefused, match="the table liquidations is not ours"):
        await sink.write([liquidation()])
    await sink.write([trade()])
    await sink.aclose()


async def test_a_table_without_a_log_is_refused(questdb_server: QuestDBServer) -> None:
    gaps = "CREATE TABLE gaps (timestamp TIMESTAMP_NS) TIMESTAMP(timestamp) PARTITION BY DAY BYPASS WAL"
    questdb_server.query(gaps)
    sink = await opened(questdb_server)
    with pytest.raises(SinkRefused, match="gaps"):
        await sink.write([gap()])
    await sink.aclose()


async def test_more_columns_than_ours_do_no_harm(questdb_server: QuestDBServer) -> None:
    await (await opened(questdb_server)).aclose()
    questdb_server.query("ALTER TABLE trades ADD COLUMN note VARCHAR")
    sink = await opened(questdb_server)
    await sink.write([trade()])
    assert stored(questdb_server, TradeRow) == [trade()]
    await sink.aclose()


async def test_a_column_that_changes_under_us_is_refused_by_the_server(
    questdb_server: QuestDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questdb, "TABLES_KNOWN_FOR_S", 1000.0)
    sink = await opened(questdb_server)
    questdb_server.query("ALTER TABLE trades DROP COLUMN price")
    questdb_server.query("ALTER TABLE trades ADD COLUMN price BOOLEAN")
    questdb_server.settle()
    with pytest.raises(SinkRefused, match="table: trades, column: price"):
        await sink.write([trade()])
    with pytest.raises(SinkRefused, match="the table trades is not ours"):
        await sink.write([trade()])
    await sink.write([liquidation()])
    assert stored(questdb_server, LiquidationRow) == [liquidation()]
    await sink.aclose()


async def test_a_suspended_table_takes_nothing_until_it_is_resumed(questdb_server: QuestDBServer) -> None:
    sink = await opened(questdb_server)
    questdb_server.query("ALTER TABLE trades SUSPEND WAL")
    with pytest.raises(SinkUnavailable, match="ALTER TABLE trades RESUME WAL"):
        await sink.open()
    with pytest.raises(SinkUnavailable, match="suspended"):
        await sink.write([tick()])
    questdb_server.query("ALTER TABLE trades RESUME WAL")
    await sink.write([tick(), trade()])
    assert stored(questdb_server, TradeRow) == [trade()]
    await sink.aclose()


@pytest.mark.parametrize("wrong", [{"ts": -1}, {"symbol": "\ud800"}, {"ts": 2**63}, {"count": 2**63}])
async def test_a_row_with_no_place_is_refused_and_the_next_is_taken(
    questdb_server: QuestDBServer, wrong: dict[str, object]
) -> None:
    sink = await opened(questdb_server)
    with pytest.raises(SinkRefused, match="a row of trades cannot be written"):
        await sink.write([trade(0), replace(trade(1), **wrong)])
    await sink.write([trade(2)])
    assert stored(questdb_server, TradeRow) == [trade(2)]
    await sink.aclose()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuestDBServer]:
    root = tmp_path_factory.mktemp("guarded")
    with running(NEWEST, root, user="hub", password="p@ss;w:rd") as server:
        yield server


@pytest.mark.parametrize("credentials", ["", "hub:hunter2@", "other:p%40ss;w:rd@"])
async def test_a_wrong_password_is_unavailable_and_told_nowhere(
    guarded: QuestDBServer, credentials: str
) -> None:
    url = guarded.url.replace("//", f"//{credentials}")
    sink = QuestDBSink(url)
    for attempt in (sink.open, partial(sink.write, [tick()])):
        with pytest.raises(SinkUnavailable, match="refuses the user name or password") as refused:
            await attempt()
        assert "hunter2" not in repr(refused.value)
    with pytest.raises(SinkUnavailable, match="refuses the user name or password"):
        await QuestDBHistory(url).latest(None, None)
    assert "hunter2" not in repr(vars(sink))
    await sink.aclose()


async def test_a_password_that_changes_is_refused_while_writing(
    guarded: QuestDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questdb, "TABLES_KNOWN_FOR_S", 1000.0)
    right = QuestDBSink(guarded.url.replace("//", "//hub:p%40ss;w:rd@"))
    await right.open()
    await right.write([tick()])
    assert stored(guarded, TickRow) == [tick()]
    wrong = QuestDBSink(guarded.url.replace("//", "//hub:hunter2@"))
    wrong._known_at = trio.current_time()
    with pytest.raises(SinkUnavailable, match="refuses the user name or password") as refused:
        await wrong.write([tick()])
    assert "hunter2" not in repr(refused.value)
    await wrong.aclose()
    await right.aclose()


class _Other(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "not as QuestDB does"),
        (403, "does not allow"),
        (404, "is no QuestDB"),
        (503, "answered 503"),
    ],
)
async def test_what_is_no_questdb_is_told_so(status: int, words: str) -> None:
    with HTTPServer(("127.0.0.1", 0), type("Handler", (_Other,), {"status": status})) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            sink = QuestDBSink(f"http://127.0.0.1:{server.server_address[1]}")
            with pytest.raises(SinkUnavailable, match=words):
                await sink.open()
        finally:
            server.shutdown()
            thread.join()
