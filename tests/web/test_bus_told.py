"""What health says of the bus between several machines."""

from __future__ import annotations

from msgspec import structs

from actors.market.busstatus import NodeReport
from tests.web.told_bus import BUS
from web.bus import bus_check


def test_a_bus_that_works_is_told_in_one_number() -> None:
    assert bus_check(BUS) == {"status": "pass", "observedValue": 2, "observedUnit": "nodes"}


def test_a_bus_that_is_down_takes_nobody_out_of_service() -> None:
    check = bus_check(structs.replace(BUS, is_up=False, error="Redis at h:1 cannot be reached"))
    assert (check["status"], check["output"]) == ("warn", "Redis at h:1 cannot be reached")


def test_who_catches_up_is_not_ready() -> None:
    check = bus_check(structs.replace(BUS, lag_ms=61_500.0))
    assert check["status"] == "fail" and "61.5 s behind" in check["output"]
    assert bus_check(structs.replace(BUS, has_heard=False))["status"] == "fail"


def test_a_clock_that_is_off_is_named() -> None:
    nodes = (*BUS.nodes, NodeReport(name="far", roles=("serve",), clock_ahead_ms=-2300.0))
    check = bus_check(structs.replace(BUS, nodes=nodes))
    assert check["status"] == "warn" and "node far is -2.3 s off" in check["output"]
