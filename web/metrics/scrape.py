"""One answer to `/metrics`: everything is read at one moment, and written down beside the event loop."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import trio
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, exposition
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from actors.runtime.version import __version__
from web.metrics import alerts, bus, channels, clients, delays, feeds, gate, plugins, sinks
from web.metrics.families import Family, Sample, gauge, metrics
from web.site import Site

BUILD = gauge("build_info", "Always 1; the version is the label.", "version")
STARTED = gauge("start_time_seconds", "When the hub was started, in Unix seconds.")

FAMILIES: tuple[Family, ...] = (
    BUILD,
    STARTED,
    *feeds.FAMILIES,
    *channels.FAMILIES,
    *delays.FAMILIES,
    *clients.FAMILIES,
    *gate.FAMILIES,
    *sinks.FAMILIES,
    *bus.FAMILIES,
    *alerts.FAMILIES,
    *plugins.FAMILIES,
)
GZIP_LEVEL = 5

CONTENT_TYPES = {
    "text": exposition.CONTENT_TYPE_PLAIN_0_0_4,
    "openmetrics": openmetrics.CONTENT_TYPE_LATEST,
}

Format: TypeAlias = Literal["text", "openmetrics"]


def hub_samples(site: Site) -> Iterator[Sample]:
    """Which hub this is."""
    yield BUILD.of(1, __version__)
    yield STARTED.of(site.read_model.started_ns // 1_000_000 / 1000)


SOURCES: tuple[Callable[[Site], Iterable[Sample]], ...] = (
    hub_samples,
    feeds.samples,
    delays.samples,
    clients.samples,
    gate.samples,
    sinks.samples,
    bus.samples,
    alerts.samples,
    plugins.samples,
)


class Scraper:
    """Answers one scrape after the other. Beside our own metrics it tells `process_*` and `python_gc_*`.

    Everything is read at one moment, with nothing awaited; what takes long follows in a thread, so that
    others need not wait for it.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._channels = channels.Channels()
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)
        self._turn = trio.Lock()

    def samples(self) -> list[Sample]:
        """What everything is now."""
        found = self._read()
        return [*found, *self._channels.samples(channels.look(self._site))]

    async def answer(self, format: Format, *, compress: bool) -> bytes:  # noqa: A002
        """The metrics."""
        async with self._turn:
            found, seen = self._read(), channels.look(self._site)
            return await trio.to_thread.run_sync(self._written, found, seen, format, compress)

    def _read(self) -> list[Sample]:
        return [sample for source in SOURCES for sample in source(self._site)]

    def _written(
        self,
        found: list[Sample],
        seen: list[channels.Seen],
        format: Format,  # noqa: A002
        compress: bool,
    ) -> bytes:
        samples = (*found, *self._channels.samples(seen))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Found([*metrics(samples, FAMILIES), *self._process.collect()]))
        body = _WRITE[format](registry)
        return gzip.compress(body, GZIP_LEVEL) if compress else body


class _Found(Collector):
    """What was found, as a registry wants it."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        return self._found


_WRITE: dict[Format, Callable[[CollectorRegistry], bytes]] = {
    "text": exposition.generate_latest,
    "openmetrics": openmetrics.generate_latest,
}
