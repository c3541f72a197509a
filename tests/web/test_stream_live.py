"""What subscribers are told, and when: snapshots, updates, numbers, rates, in both formats."""

from __future__ import annotations

import pytest
import trio

from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, report
from tests.web.populated import BTC, ETH, bar, book, hole, instrument, quality
from tests.web.streaming import ETH_KEY, KEY, settled, stage
from web.stream.decoding import Format

FORMATS: list[Format] = ["json", "msgpack"]


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("format", FORMATS)
async def test_a_snapshot_then_every_change_numbered(
    format: Format,  # noqa: A002
    deflate: bool,
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, ETH)
        listener = hub.listen(format, deflate=deflate)
        result = listener.subscribe("ticker", symbols=["bybit:linear:*"])
        assert (result["sub"], result["channel"], result["recovered"]) == (1, "ticker", False)
        assert result["keys"] == [KEY, ETH_KEY]
        await settled()
        for price in (2.0, 3.0):
            hub.price(price)
            await settled()
        first, *rest = listener.data()
        assert (first["type"], first["seq"], [each["key"] for each in first["data"]]) == (
            "snapshot",
            1,
            [KEY, ETH_KEY],
        )
        assert [(each["type"], each["seq"], each["sub"]) for each in rest] == [
            ("update", 2, 1),
            ("update", 3, 1),
        ]
        assert [[(r["key"], r["price"]) for r in each["data"]] for each in rest] == [
            [(KEY, 2.0)],
            [(KEY, 3.0)],
        ]
        offsets = [each["offset"] for each in (first, *rest)]
        assert offsets == sorted(set(offsets)) and rest[-1]["offset"] == hub.hub.journal.offset
        assert {each["epoch"] for each in rest} == {hub.read_model.epoch}


async def test_a_book_is_told_as_differences(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("book", symbols=[KEY], depth=2)
        await settled()
        [empty] = listener.data()
        assert (empty["type"], empty["data"]) == ("snapshot", [])
        hub.publish(books={BTC: book()})
        await settled()
        hub.publish(books={BTC: book(bids=[(99.0, 5.0), (98.0, 2.0)])})
        hub.publish(books={BTC: book(bids=[(99.0, 5.0), (98.0, 2.0), (97.0, 9.0)])})
        await settled()
        whole, change = (record for each in listener.data() for record in each["data"])
        assert whole["previous"] is None and len(whole["bids"]) == 2
        assert (change["previous"], change["bids"], change["asks"]) == (whole["version"], [[99.0, 5.0]], [])
        assert change["version"] > whole["version"]


async def test_fields_are_all_that_is_told_and_all_that_counts(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY], fields=["price"])
        await settled()
        hub.price(1.0, BTC, volume_24h=5.0)  # nothing of this is asked for
        await settled()
        hub.price(2.0)
        await settled()
        told = [each["data"] for each in listener.data()]
        assert told == [[{"key": KEY, "price": 1.0}], [{"key": KEY, "price": 2.0}]]


async def test_changes_only_tells_differences_from_what_was_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, bid=1.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY], changes_only=True, max_rate_hz=1)
        await settled()
        [whole] = listener.data()
        assert len(whole["data"][0]) > 20
        hub.price(2.0, BTC, bid=1.0)
        await trio.sleep(1.5)
        hub.price(3.0, BTC, bid=5.0)
        hub.price(2.0, BTC, bid=5.0)
        await trio.sleep(1.5)
        first, second = (each["data"][0] for each in listener.data())
        assert first == {"key": KEY, "price": 2.0}
        assert (second["bid"], "price" in second) == (5.0, False)


async def test_a_quote_is_told_when_it_changed_only(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, bid=1.0)
        listener = hub.listen()
        listener.subscribe("quote", symbols=[KEY], snapshot=False)
        await settled()
        for price, bid in ((2.0, 1.0), (3.0, 1.0), (3.0, 2.0)):
            hub.price(price, BTC, bid=bid)
            await settled()
        assert [each["data"][0]["bid"] for each in listener.data()] == [1.0, 2.0]


async def test_globs_follow_what_is_listed_and_what_goes(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC)
        listener = hub.listen()
        assert listener.subscribe("ticker", symbols=["bybit:linear:*USDT"])["keys"] == [KEY, ETH_KEY]
        await settled()
        hub.price(7.0, ("linear", "NEWUSDT"))
        hub.price(7.0, ("linear", "OTHERUSDC"), name="OTHER-USDC")
        await trio.sleep(2)
        _, joined = listener.data()
        assert [each["key"] for each in joined["data"]] == ["bybit:linear:NEWUSDT"]
        hub.publish(removed=[BTC])
        hub.read_model.report([report(symbols=("ETHUSDT",))])
        await trio.sleep(2)
        [gone] = listener.data()
        assert (gone["removed"], gone["data"]) == ([KEY], [])


async def test_a_picture_that_begins_anew_takes_away_what_it_lacks(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.read_model.report([report(symbols=())])
        hub.price(1.0, BTC, ETH)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=["*"])
        await settled()
        listener.read()
        hub.publish(BTC, whole=True, values={"price": 2.0, "quality": "stale"})
        await trio.sleep(2)
        frames = listener.data()
        told = {record["key"]: record for each in frames for record in each["data"]}
        assert (told[KEY]["price"], told[KEY]["quality"]) == (2.0, "stale")
        assert [key for each in frames for key in each.get("removed", [])] == [ETH_KEY]


async def test_the_top_is_judged_again_every_minute(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage() as hub:
        monkeypatch.setattr(hub.site, "now_ns", lambda: NOW_NS + int(trio.current_time() * 1e9))
        hub.price(1.0, BTC, turnover_24h=2e6)
        hub.price(1.0, ETH, turnover_24h=1e6)
        listener = hub.listen()
        assert listener.subscribe("ticker", symbols=["bybit:linear:top:1"])["keys"] == [KEY]
        await settled()
        hub.price(1.0, ETH, turnover_24h=9e6)
        await trio.sleep(30)
        assert len(listener.data()) == 1
        await trio.sleep(40)
        [change] = listener.data()
        assert ([each["key"] for each in change["data"]], change["removed"]) == ([ETH_KEY], [KEY])


async def test_bars_are_told_one_by_one_and_none_that_closed_is_missed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0)
        hub.publish(bars={BTC: [bar(0), bar(60, closed=False)]})
        listener = hub.listen()
        listener.subscribe("bars", symbols=[KEY], interval="1m", max_rate_hz=0.1)
        await settled()
        [snapshot] = listener.data()
        assert [each["start"] for each in snapshot["data"]] == [0, 60_000]
        for minute in range(1, 40):
            hub.publish(bars={BTC: [bar(60 * minute), bar(60 * minute + 60, closed=False), bar(minute, 1)]})
        await trio.sleep(11)
        [update] = listener.data()
        closed = {each["start"] // 60_000 for each in update["data"] if each["closed"]}
        assert closed >= set(range(1, 40))
        hub.publish(bars={BTC: [bar(120, revision=1)]})
        await trio.sleep(11)
        [revised] = listener.data()
        assert [(each["start"], each["revision"]) for each in revised["data"]] == [(120_000, 1)]


async def test_trades_are_told_once_each_and_in_order(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        hub.trades(1, 2)
        plain, packed = hub.listen(), hub.listen("msgpack", deflate=True)
        for each in (plain, packed):
            each.subscribe("trades", symbols=[KEY])
        await settled()
        hub.trades(3, 4)
        hub.trades(1, pair=ETH)
        hub.trades(5)
        await settled()
        for listener in (plain, packed):
            frames = listener.data()
            assert frames[0]["type"] == "snapshot"
            assert [r["trade_id"] for each in frames for r in each["data"]] == ["1", "2", "3", "4", "5"]


async def test_a_backlog_is_told_in_frames_of_bounded_size(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("trades", symbols=[KEY], snapshot=False, max_rate_hz=0.1)
        await settled()
        hub.trades(0)
        await settled()
        for number in range(120):
            hub.trades(*range(number * 100 + 1, number * 100 + 101))
        await trio.sleep(11)
        counts = [len(each["data"]) for each in listener.data()]
        assert counts == [1, 5000, 5000, 2000]


async def test_spreads_and_screener_at_their_own_pace(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        listed = [instrument("bybit", BTC), instrument("bybit", ("spot", "BTCUSDT"))]
        hub.publish(instruments=listed)
        hub.price(100.0, BTC, ("spot", "BTCUSDT"))
        listener = hub.listen()
        listener.subscribe("spreads")
        listener.subscribe("screener", filter="price>50")
        await settled()
        spreads, screener = listener.data()
        assert ([each["key"] for each in spreads["data"]], len(screener["data"])) == (["BTC-USD"], 2)
        for step in range(40):
            hub.price(100.0 + step, BTC, bid=99.0 + step)
            await trio.sleep(0.1)
        frames = listener.data()
        assert 3 <= len([each for each in frames if each["sub"] == 1]) <= 4
        assert 6 <= len([each for each in frames if each["sub"] == 2]) <= 8
        hub.price(1.0, BTC, ("spot", "BTCUSDT"))
        await trio.sleep(2)
        assert [each["data"] for each in listener.data() if each["sub"] == 2][-1] == []


async def test_quality_by_channel_and_holes_to_whom_they_concern(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, ETH)
        hub.publish(qualities=[quality(BTC, "trades"), quality(BTC, "book")])
        states, trades, other, whole = (hub.listen() for _ in range(4))
        states.subscribe("quality", symbols=[KEY])
        trades.subscribe("trades", symbols=[KEY])
        trades.subscribe("bars", symbols=[KEY])
        other.subscribe("trades", symbols=[ETH_KEY])
        whole.subscribe("system")
        await settled()
        for each in (states, trades, other, whole):
            each.read()
        hub.publish(qualities=[quality(BTC, "trades", "gapped")], holes=[hole(10)])
        await settled()
        [frame] = states.read()
        assert [(each["channel"], each["quality"]) for each in frame["data"]] == [("trades", "gapped")]
        [told] = trades.read()
        assert ("sub" in told, told["channel"], told["type"], told["data"]["key"]) == (
            False,
            "system",
            "gap",
            KEY,
        )
        assert other.read() == []
        [numbered] = whole.read()
        assert (numbered["sub"], numbered["type"], numbered["data"]) == (1, "gap", told["data"])


async def test_system_tells_feeds_that_go_and_come(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("system")
        await settled()
        listener.read()
        for state in ("disconnected", "disconnected", "live"):
            hub.read_model.report([report(state=state, last_error="closed by peer")])
            hub.price(2.0)
            await settled()
        told = [(each["type"], each["data"]["state"], each["data"]["reason"]) for each in listener.data()]
        assert told == [("feed", "disconnected", "closed by peer"), ("feed", "live", None)]


async def test_a_book_is_watched_while_somebody_subscribes(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener, other = hub.listen(), hub.listen()
        for each in (listener, other):
            each.subscribe("book", symbols=[KEY], depth=20)
        await trio.sleep(30)
        assert {each[:2] for each in hub.switch.watched} == {(KEY, 20)}
        assert len(hub.switch.watched) >= 4
        listener.close()
        count = len(hub.switch.watched)
        await trio.sleep(20)
        assert len(hub.switch.watched) > count
        other.close()
        count = len(hub.switch.watched)
        await trio.sleep(60)
        assert len(hub.switch.watched) == count


async def test_a_book_that_nobody_follows_any_more_is_gone(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        hub.publish(books={BTC: book()})
        listener = hub.listen()
        listener.subscribe("book", symbols=[KEY])
        await settled()
        listener.read()
        hub.publish(unfollowed=[BTC])
        await settled()
        hub.publish(books={BTC: book()})
        await settled()
        gone, again = listener.data()
        assert (gone["removed"], gone["data"]) == ([KEY], [])
        assert again["data"][0]["previous"] is None


async def test_the_older_dialect(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        assert listener.send({"type": "subscribe", "symbols": ["btcusdt"], "market": "FUTURES"}) == {
            "type": "subscribed",
            "symbols": ["BTCUSDT"],
        }
        for price in (2.0, 3.0, 4.0):
            hub.price(price)
            await trio.sleep(0.03)
        await trio.sleep(0.2)
        lists = listener.read()
        assert [[each["price"] for each in prices] for prices in lists] == [[1.0], [4.0]] or lists[-1][0][
            "price"
        ] == 4.0
        assert set(lists[-1][0]) == {"symbol", "price", "market", "timestamp"}
        assert listener.send({"type": "ping"}) == {"type": "pong"}
        listener.send({"type": "unsubscribe", "symbols": ["BTCUSDT"]})
        hub.price(5.0)
        await trio.sleep(1)
        assert listener.read() == []


async def test_a_tick_without_changes_is_a_number_and_no_frame(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=["*"])
        await settled()
        listener.read()
        offset = hub.hub.journal.offset
        hub.read_model.publish(Tick("hyperliquid", NOW_NS, [], Changes()))
        await settled()
        assert listener.read() == []
        assert hub.hub.journal.offset == offset + 1


async def test_a_channel_that_nobody_follows_any_more_is_not_live(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0)
        offset = hub.publish(qualities=[quality(BTC, "book"), quality(BTC, "ticker")], books={BTC: book()})
        listener = hub.listen()
        listener.subscribe("quality", symbols=[KEY])
        await settled()
        assert {each["channel"]: each["quality"] for each in listener.data()[0]["data"]} == {
            "book": "live",
            "ticker": "live",
        }
        hub.publish(unfollowed=[BTC])
        await settled()
        [update] = listener.data()
        assert [(each["channel"], each["quality"]) for each in update["data"]] == [("book", "connecting")]
        again = hub.listen()
        resume = {"epoch": hub.read_model.epoch, "offset": offset}
        assert not again.subscribe("quality", symbols=[KEY], resume=resume)["recovered"]
        hub.publish(qualities=[quality(BTC, "book")], books={BTC: book()})
        await settled()
        assert [each["quality"] for each in listener.data()[-1]["data"]] == ["live"]
