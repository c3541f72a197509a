"""What is counted for those who watch: nothing goes back, nothing is counted twice, each in its bucket."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest

from actors.market.distribution import BOUNDS_S, Distribution, Histogram
from actors.market.events import Following, Liquidation
from actors.market.feeds import FeedStatus, MarketStatus
from actors.market.liquidations import Liquidations
from actors.market.reports import LatencyReport, QualityReport
from tests.market.pictures import Story, at


def test_a_duration_is_in_the_first_bucket_that_it_does_not_exceed() -> None:
    histogram = Histogram()
    histogram.take((0.0, 0.0005, 0.00051, 10.0, 10.1, -3.0))
    counts = histogram.report().counts
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (3, 1, 1, 1)
    assert sum(counts) == 6
    assert histogram.report().sum_s == pytest.approx(20.10101)


def test_a_histogram_agrees_with_counting_all() -> None:
    draw, histogram = random.Random(7), Histogram()
    taken = [draw.expovariate(5) for _ in range(2000)]
    histogram.take(taken[:500])
    histogram.take(taken[500:])
    found = list(accumulate(histogram.report().counts))
    assert found[:-1] == [sum(each <= bound for each in taken) for bound in BOUNDS_S]
    assert found[-1] == len(taken)


def test_an_empty_histogram_says_so() -> None:
    assert Histogram().report() == Distribution((), 0.0)


def counted(name: str, count: int) -> FeedStatus:
    status = FeedStatus("x", "linear", name, ("A",), messages=count, received_bytes=10 * count)
    status.failed("closed", None, cause="closed")
    status.decode_errors, status.resyncs = count + 1, count + 2
    return status


def test_a_connection_that_is_gone_is_still_counted() -> None:
    market = MarketStatus("x", "linear", feeds={name: counted(name, 3) for name in ("stream-0", "stream-1")})
    before = market.report()
    assert (before.messages, before.received_bytes, before.decode_errors, before.resyncs) == (6, 60, 8, 10)
    assert before.connections == {"disconnected": 2}
    gone = market.feeds["stream-1"]
    assert market.retire("stream-1") is gone
    after = market.report()
    names = ("messages", "received_bytes", "decode_errors", "resyncs", "reconnects", "reconnects_by_cause")
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
    assert after.connections == {"disconnected": 1}
    market.feeds["stream-1"] = counted("stream-1", 1)
    assert market.report().messages == 7
    assert market.report().reconnects_by_cause == {"closed": 3}


def latency(story: Story) -> LatencyReport:
    [report] = story.market.everything()["bybit"].latencies
    return report


def test_delays_are_kept_for_ever_and_in_the_same_samples_as_the_quantiles() -> None:
    story = Story()
    for beat in range(400):  # far longer than the quantiles remember
        story.update(1 + beat, price=1.0 + beat, event_s=1 + beat - 0.04)
        story.market.drain(at(1 + beat) + 3_000_000)
    report = latency(story)
    assert sum(report.delays.counts) == sum(report.dwells.counts) == 400
    assert report.delays.counts[BOUNDS_S.index(0.05)] == 400
    assert report.delays.sum_s == pytest.approx(400 * 0.04)
    assert report.dwells.counts[BOUNDS_S.index(0.005)] == 400


def liquidation(second: float, symbol: str = "BTCUSDT") -> Liquidation:
    return Liquidation(symbol, "long", 1.0, 1.0, at(second), at(second))


def test_the_quality_of_liquidations_tells_what_was_repeated_and_what_was_not_told() -> None:
    story = Story()
    story.tell("stream-0", Following("BTCUSDT", ("liquidations",), (), at(0)))
    for number in range(Liquidations.KEPT + 2):
        story.tell("stream-0", liquidation(1 + number / 100))
    story.tell("stream-0", liquidation(1 + (Liquidations.KEPT + 1) / 100), liquidation(0.5, "ETHUSDT"))
    found: dict[str, QualityReport] = {
        each.symbol: each for each in story.market.everything()["bybit"].qualities
    }
    assert (found["BTCUSDT"].duplicates, found["BTCUSDT"].untold) == (1, 3)
    assert (found["ETHUSDT"].duplicates, found["ETHUSDT"].untold) == (0, 0)
