"""What is told of prices: each change of what is live, the newest only, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.market.events import State
from actors.market.live import LivePrice, LivePrices
from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker

SECOND_NS = 1_000_000_000


def ticker(
    symbol: str = "BTCUSDT", price: float | None = 100.0, quality: State = "live", ts: int = 5
) -> Ticker:
    return Ticker(
        exchange="demo", market="spot", symbol=symbol, price=price, quality=quality, ts_event=ts, ts_recv=7
    )


def tick(*tickers: Ticker, ts: int = 0, whole: bool = False, beat: bool = True, removed: str = "") -> Tick:
    changes = Changes(removed=[("spot", removed)] if removed else [])
    return Tick("demo", ts, [Record(each, b"") for each in tickers], changes, whole=whole, beat=beat)


def price(value: float, symbol: str = "BTCUSDT", ts: int = 5) -> LivePrice:
    return LivePrice("demo", "spot", symbol, value, ts)


def test_each_change_is_told_once() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(price=1.0), ticker("ETHUSDT", price=2.0)))
    assert prices.take(0) == [price(1.0), price(2.0, "ETHUSDT")]
    prices.note(tick(ticker(price=1.0), ticker("ETHUSDT", price=3.0)))
    assert prices.take(0) == [price(3.0, "ETHUSDT")]
    assert prices.take(0) == []


def test_of_what_waits_only_the_newest_is_told_in_its_old_place() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(price=1.0), ticker("ETHUSDT", price=2.0)))
    prices.note(tick(ticker(price=1.5, ts=6)))
    assert prices.take(0, 1) == [price(1.5, ts=6)]
    assert prices.take(0, 1) == [price(2.0, "ETHUSDT")]
    assert (prices.accepted, prices.replaced, prices.gone) == (3, 1, 0)


def test_a_price_that_came_back_while_it_waited_is_told() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(price=1.0)))
    prices.take(0)
    prices.note(tick(ticker(price=2.0)))
    prices.note(tick(ticker(price=1.0, ts=9)))
    assert prices.take(0) == [price(1.0, ts=9)]


def test_what_is_not_live_is_not_told_and_told_anew_when_it_is() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(price=1.0)))
    prices.note(tick(ticker(price=1.0, quality="stale")))
    assert prices.take(0) == [] and prices.gone == 1
    prices.note(tick(ticker(price=1.0)))
    assert prices.take(0) == [price(1.0)]
    prices.note(tick(ticker(price=1.0, quality="gapped")))
    prices.note(tick(ticker(price=1.0)))
    assert prices.take(0) == [price(1.0)]


def test_no_price_and_no_number_are_no_prices() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(price=None), ticker("A", price=float("nan")), ticker("B", price=float("inf"))))
    assert prices.take(0) == [] and prices.accepted == 0


def test_what_is_removed_or_no_longer_part_of_the_whole_is_gone() -> None:
    prices = LivePrices(repeat_s=1)
    prices.note(tick(ticker(), ticker("ETHUSDT"), ticker("SOLUSDT")))
    prices.take(0)
    prices.note(tick(removed="ETHUSDT"))
    prices.note(tick(ticker("BTCUSDT"), whole=True))
    prices.note(tick(ts=5 * SECOND_NS))
    assert [each.symbol for each in prices.take(0)] == ["BTCUSDT"]


def test_without_a_time_of_the_exchange_ours_is_told() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(ts=0)))
    assert prices.take(0) == [price(100.0, ts=7)]


def test_a_price_that_stays_is_told_again_with_its_newest_time() -> None:
    prices = LivePrices(repeat_s=10)
    prices.note(tick(ticker(ts=1)))
    prices.take(0)
    prices.note(tick(ticker(ts=2), ts=9 * SECOND_NS))
    assert prices.take(9 * SECOND_NS) == []
    prices.note(tick(ts=10 * SECOND_NS, beat=False))
    assert prices.take(10 * SECOND_NS) == [], "repeats are due with the beat"
    prices.note(tick(ts=10 * SECOND_NS))
    assert prices.take(10 * SECOND_NS) == [price(100.0, ts=2)]
    prices.note(tick(ticker(quality="stale"), ts=15 * SECOND_NS))
    prices.note(tick(ts=25 * SECOND_NS))
    assert prices.take(25 * SECOND_NS) == [], "what is stale is never repeated"


def test_who_was_away_is_told_everything_that_is_live() -> None:
    prices = LivePrices()
    prices.note(tick(ticker(), ticker("ETHUSDT"), ticker("OLD")))
    prices.take(0)
    prices.note(tick(ticker("OLD", quality="stale")))
    prices.begin_anew()
    assert [each.symbol for each in prices.take(0)] == ["BTCUSDT", "ETHUSDT"]


STEPS = st.one_of(
    st.tuples(
        st.just("note"),
        st.sampled_from("ABC"),
        st.sampled_from([1.0, 2.0, None]),
        st.sampled_from(["live", "live", "stale", "connecting"]),
    ),
    st.tuples(st.just("take"), st.integers(1, 4)),
    st.tuples(st.just("anew")),
    st.tuples(st.just("pass"), st.integers(1, 30)),
)


@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_what_is_told_is_live_and_nothing_is_lost_uncounted(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    prices, now, taken = LivePrices(repeat_s=10), 0, 0
    current: dict[str, float] = {}
    for step in steps:
        match step:
            case ("note", symbol, value, quality):
                prices.note(tick(ticker(symbol, value, quality), ts=now))
                if value is not None and quality == "live":
                    current[symbol] = value
                else:
                    current.pop(symbol, None)
            case ("take", count):
                told = prices.take(now, count)
                taken += len(told)
                assert all(current[each.symbol] == each.price for each in told)
            case ("anew",):
                prices.begin_anew()
            case ("pass", seconds):
                now += seconds * SECOND_NS
                prices.note(tick(ts=now))
        assert prices.accepted == taken + len(prices) + prices.replaced + prices.gone
    prices.begin_anew()
    assert {each.symbol: each.price for each in prices.take(now)} == current
