"""What the read model keeps beside tickers: the newest, in order, within bounds, and nothing else."""

from __future__ import annotations

import pytest

from actors.market.events import Liquidation
from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, model
from tests.web.populated import (
    BTC,
    BTC_SPOT,
    ETH,
    SECOND_NS,
    bar,
    book,
    changes,
    hole,
    instrument,
    quality,
    records,
    ticker,
    trade,
)
from web.picture import HOLES_KEPT, LIQUIDATIONS_KEPT, Kept, Picture
from web.readmodel import Board


def told(picture: Picture, seq: int = 1, *, whole: bool = False, **what: object) -> None:
    picture.apply(Changes(**what), seq, whole=whole)  # type: ignore[arg-type]


def test_trades_are_kept_in_the_order_of_their_time() -> None:
    picture = Picture()
    told(picture, trades={BTC: [trade(1), trade(5)]})
    told(picture, trades={BTC: [trade(3, backfill=True), trade(2, backfill=True), trade(6)]})
    assert [each.trade_id for each in picture.trades[BTC]] == ["1", "2", "3", "5", "6"]


def test_trades_of_one_instant_keep_the_order_of_the_exchange() -> None:
    picture = Picture()
    first, second = trade(1, order=1), trade(2, order=2, ts_event=SECOND_NS)
    told(picture, trades={BTC: [second]})
    told(picture, trades={BTC: [first]})
    assert picture.trades[BTC] == [first, second]


def test_the_oldest_trades_go() -> None:
    picture = Picture()
    for start in range(0, 1500, 100):
        told(picture, trades={BTC: [trade(start + each) for each in range(100)]})
    told(picture, trades={BTC: [trade(3, backfill=True)]})  # older than all that is kept
    assert [int(each.trade_id) for each in picture.trades[BTC]] == list(range(1500 - Kept().trades, 1500))


def test_a_bar_replaces_the_one_with_the_same_start() -> None:
    picture = Picture()
    told(picture, bars={BTC: [bar(60, closed=False), bar(60, 1)]})
    told(picture, bars={BTC: [bar(120, closed=False), bar(60, high=9.0, revision=1)]})
    first, second = picture.bars[BTC][60].newest(10)
    assert (first.start_ns, second.start_ns) == (60 * SECOND_NS, 120 * SECOND_NS)
    assert (first.high, first.revision) == (9.0, 1)
    assert [each.start_ns for each in picture.bars[BTC][1].newest(10)] == [60 * SECOND_NS]


def test_older_bars_join_in_order_and_the_oldest_go() -> None:
    picture = Picture()
    told(picture, bars={BTC: [bar(60 * 700)]})
    told(picture, bars={BTC: [bar(60 * each) for each in range(600)]})
    starts = [each.start_ns // SECOND_NS // 60 for each in picture.bars[BTC][60].newest(1000)]
    assert starts == [*range(601 - Kept().bars, 600), 700]


def test_liquidations_and_holes_are_bounded() -> None:
    picture = Picture()
    for each in range(2000):
        liquidation = Liquidation("BTCUSDT", "long", 1.0, 1.0, each, each)
        told(picture, liquidations={BTC: [liquidation]}, holes=[hole(each)])
    assert [each.ts_event for _, each in picture.liquidations] == list(range(2000 - LIQUIDATIONS_KEPT, 2000))
    assert len(picture.holes) == HOLES_KEPT


def test_a_hole_that_is_closed_replaces_itself() -> None:
    picture = Picture()
    told(picture, holes=[hole(1)])
    told(picture, holes=[hole(1, 9)])
    assert [each.to_ns for each in picture.holes.values()] == [9 * SECOND_NS]


def test_nothing_of_a_removed_instrument_stays() -> None:
    board = Board("bybit")
    board.apply(Tick("bybit", NOW_NS, records(ticker("bybit", BTC), ticker("bybit", ETH)), changes()))
    board.apply(Tick("bybit", NOW_NS, [], Changes(removed=[BTC])))
    picture = board.picture
    kept = (
        board.entries,
        picture.instruments,
        picture.books,
        picture.trades,
        picture.bars,
        picture.qualities,
    )
    assert all(BTC not in each for each in kept)
    assert not picture.holes
    assert not picture.liquidations
    assert ETH in picture.instruments
    assert ETH in picture.qualities


def test_a_book_that_nobody_wants_any_more_goes() -> None:
    picture = Picture()
    channels = [quality(BTC, "book"), quality(BTC, "trades")]
    told(picture, books={BTC: book(), BTC_SPOT: book()}, trades={BTC: [trade(1)]}, qualities=channels)
    told(picture, unfollowed=[BTC])
    assert list(picture.books) == [BTC_SPOT]
    assert list(picture.qualities[BTC]) == ["trades"], "it is neither live nor stale"
    assert BTC in picture.trades


def test_the_last_words_of_a_removed_instrument_go_with_it() -> None:
    picture = Picture()
    told(
        picture,
        removed=[BTC],
        trades={BTC: [trade(1)]},
        books={BTC: book()},
        qualities=[quality(BTC, "book")],
    )
    assert not (picture.trades or picture.books or picture.qualities)
    told(picture, removed=[BTC], trades={BTC: [trade(2)]}, instruments=[instrument("bybit", BTC)])
    assert list(picture.trades) == list(picture.instruments) == [BTC], "listed anew"


def test_a_whole_tick_replaces_everything() -> None:
    picture = Picture()
    picture.apply(changes(), 1)
    told(picture, 2, whole=True, trades={ETH: [trade(9)]}, instruments=[instrument("bybit", ETH, "ETH")])
    assert list(picture.trades) == list(picture.instruments) == [ETH]
    assert not (picture.books or picture.bars or picture.liquidations or picture.qualities or picture.holes)
    assert not picture.latencies


def test_versions_say_what_changed_and_of_whom() -> None:
    board = Board("bybit")
    board.apply(Tick("bybit", NOW_NS, [], changes()))
    before = {kind: board.version(kind, pair=BTC) for kind in ("trades", "bars", "books")}
    board.apply(Tick("bybit", NOW_NS, [], Changes(trades={BTC: [trade(3)]})))
    assert board.version("trades", pair=BTC) != before["trades"]
    assert board.version("bars", pair=BTC) == before["bars"]
    assert board.version("books", pair=BTC) == before["books"]
    assert board.version("trades", pair=ETH) == "0"


def test_counters_alone_do_not_change_the_state() -> None:
    board = Board("bybit")
    board.apply(Tick("bybit", NOW_NS, [], Changes(qualities=[quality(BTC, "trades")])))
    states, counted = board.version("states", pair=BTC), board.version("quality")
    board.apply(Tick("bybit", NOW_NS, [], Changes(qualities=[quality(BTC, "trades", messages=99)])))
    assert board.version("states", pair=BTC) == states
    assert board.version("quality") != counted
    board.apply(Tick("bybit", NOW_NS, [], Changes(qualities=[quality(BTC, "trades", "stale")])))
    assert board.version("states", pair=BTC) != states


def test_what_comes_back_is_never_taken_for_what_it_was() -> None:
    board = Board("bybit")
    seen = set()
    for _ in range(3):
        board.apply(Tick("bybit", NOW_NS, [], Changes(trades={BTC: [trade(1)]})))
        seen.add(board.version("trades", pair=BTC))
        board.apply(Tick("bybit", NOW_NS, [], Changes(removed=[BTC])))
    assert len(seen) == 3


@pytest.mark.parametrize("quality_now", ["stale", "gapped"])
def test_a_record_that_is_no_longer_live_is_a_change_of_state(quality_now: str) -> None:
    read_model = model()
    board = read_model.boards["bybit"]
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC))))
    before = board.version("states")
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, price=101.0))))
    assert board.version("states") == before
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, quality_now))))  # type: ignore[arg-type]
    assert board.version("states") != before
