"""A small hub on one simulated exchange, for tests that stop it, or make its exchange fail."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.patience import PATIENCE_S, until
from tests.processes import ROOT, SimulatorProcess, free_port, hub, simulator, until_it_answers

ALERTS = """
[alert:trades-in-trouble]
keys = bybit:linear:*
kind = quality
channel = trades
states = stale, gapped, halted

[notifier:ops]
kind = webhook
url = http://127.0.0.1:{port}/told
"""
SMALL = {
    "TICKWELL_EXCHANGE_BINANCE_ENABLED": "no",
    "TICKWELL_EXCHANGE_HYPERLIQUID_ENABLED": "no",
    "TICKWELL_EXCHANGE_BYBIT_LINEAR": "BTCUSDT, ETHUSDT, SOLUSDT",
    "TICKWELL_EXCHANGE_BYBIT_SPOT": "BTCUSDT, ETHUSDT",
    "TICKWELL_MARKET_STALE_AFTER_MIN_S": "1",
    "TICKWELL_SUPERVISOR_RECONNECT_DELAY_MAX_S": "2",
}


class StagedHub:
    """Bybit alone, with few instruments, which fall stale soon, a rule in its settings, and a notifier that
    posts to `told_port`, where nobody listens unless a test does. It comes back at the same address."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._port, self.told_port = directory, free_port(), free_port()
        self._settings = directory / "settings.ini"
        usual = (ROOT / "settings.ini").read_text(encoding="utf-8")
        self._settings.write_text(usual + ALERTS.format(port=self.told_port), encoding="utf-8")
        self._stack, self._running = ExitStack(), ExitStack()
        self._exchange: SimulatorProcess = self._stack.enter_context(
            simulator(directory, "--port", "0", "--rate", "60", "--symbols", "15")
        )
        self.url = f"http://127.0.0.1:{self._port}"
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the hub, and wait until it answers."""
        overrides = SMALL | {"TICKWELL_WEB_PORT": self._port}
        process = self._running.enter_context(
            hub(self._directory, self._exchange.port, "--settings", str(self._settings), **overrides)
        )
        until_it_answers(process.child, self.answers, process.log)

    def until_live(self) -> None:
        """Wait until every market is."""
        until(self._is_live, "live")

    def _is_live(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/api/v1/quality", timeout=PATIENCE_S) as answer:
            markets = json.load(answer)["data"]["markets"]
        return bool(markets) and all(market["state"] == "live" for market in markets)

    def answers(self) -> bool:
        """Whether the hub serves."""
        try:
            urllib.request.urlopen(f"{self.url}/livez", timeout=2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Stop it, with nothing said to its clients."""
        self._running.close()

    def close(self) -> None:
        """Stop everything."""
        self._running.close()
        self._stack.close()

    def fail(self, **fault: object) -> None:
        """Make the exchange fail from now on."""
        self._control("fault", json.dumps(fault).encode())

    def heal(self) -> None:
        """Let the exchange work again."""
        self._control("heal")

    def _control(self, what: str, body: bytes = b"") -> None:
        request = urllib.request.Request(f"{self._exchange.url}/control/{what}", body, method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()
