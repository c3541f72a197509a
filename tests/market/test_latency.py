"""An exchange's clock, and how late its data comes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.events import Liquidation, ServerTime
from actors.market.latency import NS_PER_MS, Clock, Delays
from actors.market.liquidations import Liquidations
from actors.market.rhythm import NS_PER_S
from tests.market.pictures import Story, at


def asked(sent_ms: float, there_ms: float, back_ms: float, ahead_ms: float) -> ServerTime:
    """A question that takes so long there and back, to a clock that is so far ahead and tells whole ms."""
    told_ms = int(sent_ms + there_ms + ahead_ms)
    return ServerTime(
        told_ms * NS_PER_MS, int((sent_ms + there_ms + back_ms) * NS_PER_MS), int(sent_ms * NS_PER_MS)
    )


@settings(max_examples=300)
@given(
    st.floats(-600_000, 600_000),
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=20),
)
def test_the_true_offset_lies_within_the_error(ahead_ms: float, ways: list[tuple[float, float]]) -> None:
    clock = Clock()
    for number, (there_ms, back_ms) in enumerate(ways):
        clock.take(asked(1e9 + number * 60_000, there_ms, back_ms, ahead_ms))
    assert clock.offset_ns is not None and clock.error_ns is not None
    assert abs(clock.offset_ns - ahead_ms * NS_PER_MS) <= clock.error_ns + 1000


def test_an_answer_without_its_question_tells_nothing() -> None:
    clock = Clock()
    clock.take(ServerTime(5 * NS_PER_MS, 6 * NS_PER_MS))
    clock.take(ServerTime(5 * NS_PER_MS, 6 * NS_PER_MS, 7 * NS_PER_MS))
    assert (clock.offset_ns, clock.error_ns) == (None, None)


def test_quantiles_are_within_their_buckets() -> None:
    delays = Delays()
    delays.take([delay_ms * NS_PER_MS for delay_ms in range(1, 1001)], 0)
    for share in (0.5, 0.9, 0.99):
        found = delays.quantile_ms(share)
        assert found is not None
        assert share * 1000 <= found <= share * 1000 * 1.16
    assert Delays().quantile_ms(0.5) is None


def test_old_delays_are_forgotten() -> None:
    delays = Delays()
    delays.take([900 * NS_PER_MS], 0)
    for second in range(1, 100):
        delays.take([NS_PER_MS], second * NS_PER_S)
    delays.take([], 1000 * NS_PER_S)  # while nothing comes, nothing newer is known
    found = delays.quantile_ms(0.99)
    assert found is not None and found < 2


def test_latency_is_corrected_by_the_exchanges_clock() -> None:
    """The exchange is 5 s ahead; what took 40 ms looks as if it came 4,960 ms before it happened."""
    story = Story()
    story.tell("stream-0", ServerTime(at(5), at(0.01), at(-0.01)))
    for beat in range(10):
        story.update(1 + beat, price=1.0, event_s=6 + beat - 0.04)
        story.market.drain(at(1 + beat) + 3 * NS_PER_MS)
    [latency] = story.market.everything()["bybit"].latencies
    assert latency.p50_ms is not None and 40 <= latency.p50_ms <= 47
    assert latency.dwell_p50_ms is not None and 3 <= latency.dwell_p50_ms <= 3.5
    assert (latency.clock_offset_ms, latency.clock_error_ms) == (5000, 11)


def test_what_an_exchange_tells_without_a_time_is_no_latency() -> None:
    """Such as a quote, long after the last trade."""
    story = Story()
    for beat in range(10):
        story.update(1 + 10 * beat, price=1.0, event_s=1 + 10 * beat - 0.04)
        story.market.drain(at(1 + 10 * beat))
        story.update(9 + 10 * beat, bid=1.0 + beat, event_s=None)
        story.market.drain(at(9 + 10 * beat))
    [latency] = story.market.everything()["bybit"].latencies
    assert latency.p99_ms is not None and latency.p99_ms < 47


def liquidation(second: int, price: float = 1.0) -> Liquidation:
    return Liquidation("BTCUSDT", "long", price, 1.0, at(second), at(second))


def test_a_liquidation_is_told_once_whoever_repeats_it() -> None:
    liquidations = Liquidations()
    for second in (1, 2, 1):
        liquidations.take(liquidation(second))
    assert liquidations.drain() == {"BTCUSDT": [liquidation(1), liquidation(2)]}
    assert (liquidations.drain(), liquidations.duplicates) == ({}, {"BTCUSDT": 1})
    liquidations.take(liquidation(2))
    assert liquidations.drain() == {}


def test_liquidations_are_bounded_and_what_overflows_is_counted() -> None:
    liquidations = Liquidations()
    for second in range(Liquidations.KEPT + 5):
        liquidations.take(liquidation(second))
    assert len(liquidations.everything()["BTCUSDT"]) == Liquidations.KEPT
    assert (len(liquidations.drain()["BTCUSDT"]), liquidations.untold["BTCUSDT"]) == (Liquidations.KEPT, 5)
