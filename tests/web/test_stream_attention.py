"""What nobody reads is not noted; what somebody read a while ago still is; and the past is never made up."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest
import trio

from actors.market.events import Liquidation
from actors.market.tick import Pair
from tests.web.populated import BTC, ETH, bar, book, trade
from tests.web.streaming import ETH_KEY, KEY, Stage, settled, stage
from web.stream.attention import LINGER_S, Attention

CHANNELS = ("ticker", "quote", "trades", "book", "bars", "liquidations", "funding", "quality", "system")
KEPT_BYTES_MAX = 20_000


def everything(hub: Stage, pairs: list[Pair], number: int) -> None:
    """A tick in which something of every kind happens to every instrument."""
    hub.publish(
        *pairs,
        values={"price": float(number)},
        trades={pair: [trade(number, symbol=pair[1])] for pair in pairs},
        bars={pair: [bar(60 * number, interval) for interval in (1, 60, 300)] for pair in pairs},
        books={pair: book() for pair in pairs},
        liquidations={pair: [Liquidation(pair[1], "long", 1.0, 1.0, number, number)] for pair in pairs},
    )


def bytes_of_the_stream() -> int:
    """What was allocated by the stream's code, and is still there."""
    gc.collect()
    only = tracemalloc.Filter(inclusive=True, filename_pattern="*/web/stream/*")
    found = tracemalloc.take_snapshot().filter_traces([only])
    return sum(each.size for each in found.statistics("filename"))


async def test_a_hub_that_nobody_listens_to_keeps_nothing(autojump_clock: trio.testing.MockClock) -> None:
    pairs = [("linear", f"S{number}USDT") for number in range(200)]
    async with stage(attentive=False) as hub:
        everything(hub, pairs, 0)
        tracemalloc.start()
        try:
            for number in range(1, 5):
                everything(hub, pairs, number)
            assert bytes_of_the_stream() < KEPT_BYTES_MAX
            listener = hub.listen()
            for channel in CHANNELS:
                listener.subscribe(channel)
            await settled()
            everything(hub, pairs, 5)
            await settled()
            assert bytes_of_the_stream() > 10 * KEPT_BYTES_MAX  # the measurement measures
            listener.close()
            listener.pipe.taken.clear()
            await trio.sleep(LINGER_S + 5)
            assert bytes_of_the_stream() < KEPT_BYTES_MAX
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("channel", ["ticker", "trades", "book", "bars"])
@pytest.mark.parametrize(("away_s", "recovered"), [(LINGER_S - 10, True), (LINGER_S + 10, False)])
async def test_the_only_reader_may_come_back_soon(
    channel: str, away_s: float, recovered: bool, autojump_clock: trio.testing.MockClock
) -> None:
    async with stage(attentive=False) as hub:
        hub.price(1.0, BTC, ETH)
        first = hub.listen()
        first.subscribe(channel, symbols=["*"])
        await settled()
        everything(hub, [BTC, ETH], 2)
        await settled()
        offset = first.data()[-1]["offset"]
        first.close()
        everything(hub, [ETH], 3)
        await trio.sleep(away_s)
        again = hub.listen()
        resume = {"epoch": hub.read_model.epoch, "offset": offset}
        assert again.subscribe(channel, symbols=["*"], resume=resume)["recovered"] is recovered
        await settled()
        [frame] = again.data()
        assert frame["type"] == ("update" if recovered else "snapshot")
        told = {each["key"] for each in frame["data"]}
        assert told == ({ETH_KEY} if recovered and channel != "book" else {KEY, ETH_KEY})


async def test_one_channel_does_not_keep_another_awake(autojump_clock: trio.testing.MockClock) -> None:
    async with stage(attentive=False) as hub:
        listener = hub.listen()
        listener.subscribe("bars", interval="5m")
        everything(hub, [BTC], 1)
        resume = {"epoch": hub.read_model.epoch, "offset": 0}
        assert not listener.subscribe("trades", resume=resume)["recovered"]
        assert not listener.subscribe("bars", interval="1m", resume=resume)["recovered"]
        assert listener.subscribe("bars", interval="5m", symbols=["bybit:*:*"], resume=resume)["recovered"]


async def test_a_repeated_picture_tells_old_trades_to_nobody(autojump_clock: trio.testing.MockClock) -> None:
    """The snapshot actor begins anew while the ring of the first reader is still empty."""
    async with stage(attentive=False) as hub:
        hub.price(1.0)
        hub.trades(1, 2, 3)
        listener = hub.listen()
        listener.subscribe("trades", symbols=[KEY])
        await settled()
        assert [each["trade_id"] for each in listener.data()[0]["data"]] == ["1", "2", "3"]
        hub.publish(BTC, whole=True, trades={BTC: [trade(number) for number in (1, 2, 3)]})
        await settled()
        assert listener.data() == []


async def test_the_first_book_has_a_version_and_changes_follow_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage(attentive=False) as hub:
        hub.price(1.0)
        hub.publish(books={BTC: book()})
        listener = hub.listen()
        listener.subscribe("book", symbols=[KEY])
        await settled()
        hub.publish(books={BTC: book(bids=[(99.0, 9.0)])})
        await settled()
        whole, change = (each["data"][0] for each in listener.data())
        assert 0 < whole["version"] == change["previous"] < change["version"]


def test_attention_counts_its_readers() -> None:
    attention = Attention()
    assert attention.come(["trades", 60]) == ["trades", 60]
    assert attention.come(["trades"]) == []
    attention.go(["trades"])
    attention.go(["trades"])
    attention.go([60])
    assert attention.forgettable(0.0) == []
    assert attention.come([60]) == []  # in time
    assert attention.forgettable(LINGER_S - 1) == []
    assert attention.forgettable(LINGER_S) == ["trades"]
    assert "trades" not in attention and 60 in attention
    assert attention.come(["trades"]) == ["trades"]


async def test_bars_of_many_instruments_that_were_missed_begin_anew(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """All bars of all instruments would be one message without end."""
    pairs = [("linear", f"S{number}USDT") for number in range(50)]
    async with stage() as hub:
        hub.price(1.0, *pairs)
        listener, few = hub.listen(), hub.listen()
        listener.subscribe("bars", interval="1s", symbols=["*"])
        few.subscribe("bars", interval="1s", symbols=["bybit:linear:S1USDT"])
        await settled()
        for each in (listener, few):
            each.read()
            each.pipe.stuck = True
        for number in range(40):
            hub.publish(bars={pair: [bar(number, 1)] for pair in pairs})
            await settled()
        for each in (listener, few):
            each.pipe.loosen()
        await settled()
        first, snapshot = listener.data()
        assert (first["type"], snapshot["type"]) == ("update", "snapshot")
        assert len(snapshot["data"]) == 2 * len(pairs)
        starts = [record["start"] for frame in few.data() for record in frame["data"]]
        assert sorted(set(starts)) == [1000 * number for number in range(40)]
        resume: dict[str, Any] = {"epoch": hub.read_model.epoch, "offset": first["offset"]}
        again = hub.listen()
        assert not again.subscribe("bars", interval="1s", symbols=["*"], resume=resume)["recovered"]
        one = again.subscribe("bars", interval="1s", symbols=["bybit:linear:S1USDT"], resume=resume)
        assert one["recovered"]
