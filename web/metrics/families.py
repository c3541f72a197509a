"""What a metric is: declared once, given samples, handed to prometheus_client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, NamedTuple, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from actors.market.distribution import BOUNDS_S, Distribution

PREFIX = "tickwell_"

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Family:
    """One metric: `name` without the prefix, what it counts, and what its samples are told apart by.

    A counter never goes back while the hub runs. A histogram is of seconds.
    """

    kind: Kind
    name: str
    about: str
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name as it stands in queries."""
        return PREFIX + self.name

    def of(self, value: float | Distribution, *labels: str) -> Sample:
        """A sample with a value for each label."""
        return Sample(self, labels, value)


class Sample(NamedTuple):
    """What one metric is now, for one combination of labels."""

    family: Family
    labels: tuple[str, ...]
    value: Any  # a number; of a histogram, a `Distribution`


def counter(name: str, about: str, *labels: str) -> Family:
    """Something that is counted since the start; the name ends in `_total`."""
    return Family("counter", name, about, labels)


def gauge(name: str, about: str, *labels: str) -> Family:
    """Something that goes up and down."""
    return Family("gauge", name, about, labels)


def histogram(name: str, about: str, *labels: str) -> Family:
    """Durations in seconds."""
    return Family("histogram", name, about, labels)


def metrics(samples: Iterable[Sample], families: Iterable[Family]) -> Iterator[Metric]:
    """The samples by family, in the order of `families`. Each family is there, with samples or not."""
    found: dict[Family, list[Sample]] = {family: [] for family in families}
    for sample in samples:
        found[sample.family].append(sample)
    return (_metric(family, of_family) for family, of_family in found.items())


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    made = _MAKE[family.kind](family)
    for _, labels, value in samples:
        if isinstance(made, HistogramMetricFamily):
            made.add_metric(labels, _buckets(value), value.sum_s)
        else:
            made.add_metric(labels, value)
    return made


def _buckets(distribution: Distribution) -> list[tuple[str, float]]:
    """Of each bound, how many did not exceed it."""
    counts = distribution.counts or (0,) * (len(BOUNDS_S) + 1)
    bounds = (*(str(bound) for bound in BOUNDS_S), "+Inf")
    return list(zip(bounds, accumulate(counts), strict=True))


_MAKE: dict[Kind, Callable[[Family], CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]] = {
    "counter": lambda each: CounterMetricFamily(each.full_name, each.about, labels=each.labels),
    "gauge": lambda each: GaugeMetricFamily(each.full_name, each.about, labels=each.labels),
    "histogram": lambda each: HistogramMetricFamily(each.full_name, each.about, labels=each.labels),
}
