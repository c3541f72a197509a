"""The hub as a user runs it, on exchanges of ours: the process that questions 2 to 8 look at."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import wire
from benchmarks.harness import Process, free_port, get_json, process, until

OTHERS_OFF = {"TICKWELL_EXCHANGE_HYPERLIQUID_ENABLED": "no", "TICKWELL_EXCHANGE_BINANCE_ENABLED": "no"}
CLIENTS_MAX = 20_000


class Hub:
    """A running hub."""

    def __init__(self, child: Process, port: int) -> None:
        self.child, self.port, self.pid = child, port, child.pid

    def markets(self) -> list[dict[str, object]]:
        """How each market's feed is doing."""
        found: list[dict[str, object]] = get_json(self.port, "/ws/realtime/status")["markets"]
        return found

    def is_live(self) -> bool:
        """Whether every wanted symbol has a price."""
        markets = self.markets()
        return bool(markets) and all(each["state"] == "live" for each in markets)

    def clients(self) -> int:
        """How many clients it serves now."""
        return sum(get_json(self.port, "/ws/realtime/status")["active_connections"].values())


@contextmanager
def hub(
    exchange_port: int,
    linear: int,
    spot: int = 0,
    program: tuple[object, ...] = ("supervisor.py",),
    **more: object,
) -> Iterator[Hub]:
    """A hub that follows the first symbols of `benchmarks.exchange`, once all of them are live."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment: dict[str, object] = {
            "TICKWELL_WEB_PORT": port,
            "TICKWELL_WEB_CLIENTS_MAX": CLIENTS_MAX,
            "TICKWELL_DATA_DIRECTORY": folder,
            "TICKWELL_EXCHANGE_BYBIT_LINEAR": ",".join(map(wire.symbol, range(linear))),
            "TICKWELL_EXCHANGE_BYBIT_SPOT": ",".join(map(wire.symbol, range(spot))),
            **OTHERS_OFF,
        }
        for market in ("linear", "spot"):
            name = f"TICKWELL_EXCHANGE_BYBIT_{market.upper()}"
            environment[f"{name}_STREAM_URL"] = f"ws://127.0.0.1:{exchange_port}"
            environment[f"{name}_REST_URL"] = f"http://127.0.0.1:{exchange_port}"
        with process(*program, **environment | more) as child:
            running = Hub(child, port)

            def ready() -> bool:
                if child.child.poll() is not None:
                    raise RuntimeError(f"the hub ended:\n{child.log.read_text()[-3000:]}")
                return running.is_live()

            until(ready, "the hub's start")
            yield running
