"""The hub as a user runs it, on exchanges of ours: the process that questions 2 to 9, and 11, look at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import wire
from benchmarks.harness import Process, free_port, get_json, process, until

OTHERS_OFF = {"TICKWELL_EXCHANGE_HYPERLIQUID_ENABLED": "no", "TICKWELL_EXCHANGE_BINANCE_ENABLED": "no"}
CLIENTS_MAX = 20_000
QUIET_S = 1.5  # the hub looks once a second whether it has everything


class Hub:
    """A running hub."""

    def __init__(self, child: Process, port: int) -> None:
        self.child, self.port, self.pid = child, port, child.pid

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition` holds. A hub that ends meanwhile ends the wait."""

        def holds() -> bool:
            if self.child.child.poll() is not None:
                raise RuntimeError(f"the hub ended:\n{self.child.log.read_text()[-3000:]}")
            return condition()

        until(holds, what)

    def status(self) -> dict[str, Any]:
        """What it says about itself."""
        found: dict[str, Any] = get_json(self.port, "/ws/realtime/status")
        return found

    def markets(self) -> list[dict[str, Any]]:
        """How each market's feed is doing."""
        found: list[dict[str, Any]] = self.status()["markets"]
        return found

    def is_live(self) -> bool:
        """Whether every wanted symbol has a price."""
        markets = self.markets()
        return bool(markets) and all(each["state"] == "live" for each in markets)

    def clients(self) -> int:
        """How many clients it serves now."""
        return sum(self.status()["active_connections"].values())

    def channel(self, market: str, name: str) -> dict[str, Any]:
        """One channel of a market: how many instruments are in each state, and the counters of all."""
        overview = get_json(self.port, f"/api/v1/quality?exchange=bybit&market={market}&limit=1")
        channels: list[dict[str, Any]] = overview["data"]["markets"][0]["channels"]
        return next(each for each in channels if each["channel"] == name)

    def has_books(self, market: str, count: int) -> bool:
        """Whether so many order books are live."""
        return bool(self.channel(market, "book")["states"].get("live", 0) >= count)


def until_settled(exchange: Process, within_s: float = 60.0) -> None:
    """Wait until a hub that has just started has asked its exchange for all that it wants of the past."""
    until(
        lambda: exchange.ask("state")["quiet_s"] > QUIET_S, "the hub's last question about the past", within_s
    )


@contextmanager
def hub(
    exchange_port: int,
    linear: int,
    spot: int = 0,
    program: tuple[object, ...] = ("supervisor.py",),
    **more: object,
) -> Iterator[Hub]:
    """A hub that follows the first symbols of `benchmarks.exchange`, once all of them are live; it keeps no
    history unless it is told so."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment: dict[str, object] = {
            "TICKWELL_WEB_PORT": port,
            "TICKWELL_WEB_CLIENTS_MAX": CLIENTS_MAX,
            "TICKWELL_DATA_DIRECTORY": folder,
            "TICKWELL_SINK_HISTORY_ENABLED": "no",
            "TICKWELL_EXCHANGE_BYBIT_LINEAR": names(linear),
            "TICKWELL_EXCHANGE_BYBIT_SPOT": names(spot),
            **OTHERS_OFF,
        }
        for market in ("linear", "spot"):
            name = f"TICKWELL_EXCHANGE_BYBIT_{market.upper()}"
            environment[f"{name}_STREAM_URL"] = f"ws://127.0.0.1:{exchange_port}"
            environment[f"{name}_REST_URL"] = f"http://127.0.0.1:{exchange_port}"
        with process(*program, **environment | more) as child:
            running = Hub(child, port)
            running.until(running.is_live, "the hub's start")
            yield running


def names(count: int) -> str:
    """The first symbols, as the settings name them."""
    return ",".join(map(wire.symbol, range(count)))
