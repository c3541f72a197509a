"""What the bus tells the web, and what of it moves which metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from actors.market.busstatus import BusReport, NodeReport

BUS = BusReport(
    kind="redis",
    node="a",
    roles=("ingest",),
    is_up=True,
    error=None,
    nodes=(NodeReport(name="a", roles=("ingest",)), NodeReport(name="w", roles=("serve",))),
    published=1,
    published_bytes=10,
    read=1,
    read_bytes=10,
)


class ToldBus:
    """A bus that says what it is told to say."""

    def __init__(self) -> None:
        self.report = BUS

    def __call__(self) -> BusReport:
        return self.report


def _changed(**changes: Any) -> Callable[[ToldBus], None]:
    def act(bus: ToldBus) -> None:
        bus.report = structs.replace(bus.report, **changes)

    return act


# A metric, its labels, what is done, and what it is then.
BUS_MOVED: list[tuple[str, dict[str, str], float, Callable[[ToldBus], None]]] = [
    ("bus_up", {}, 0, _changed(is_up=False)),
    ("bus_nodes", {"role": "serve"}, 0, _changed(nodes=BUS.nodes[:1])),
    ("bus_published_messages_total", {}, 5, _changed(published=5)),
    ("bus_published_bytes_total", {}, 50, _changed(published_bytes=50)),
    ("bus_waiting_bytes", {}, 7, _changed(waiting_bytes=7)),
    ("bus_dropped_messages_total", {}, 3, _changed(dropped=3)),
    ("bus_read_messages_total", {}, 4, _changed(read=4)),
    ("bus_read_bytes_total", {}, 40, _changed(read_bytes=40)),
    ("bus_unreadable_messages_total", {}, 2, _changed(unreadable=2)),
    ("bus_lag_seconds", {}, 0.25, _changed(lag_ms=250.0)),
    ("bus_lost_messages_total", {"node": "a"}, 2, _changed(lost={"a": 2})),
    ("bus_repeated_messages_total", {"node": "a"}, 2, _changed(repeated={"a": 2})),
    ("bus_standby_events_total", {"node": "a"}, 2, _changed(standby={"a": 2})),
    ("bus_took_over_total", {}, 6, _changed(took_over=6)),
]
