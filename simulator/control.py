"""The control endpoints for tests: inject a fault, heal, pause, resume, read the truth behind the wire."""

from typing import TYPE_CHECKING, Any

import msgspec

from simulator.faults import Fault, FaultKind
from simulator.frames import Reply, json_reply, text_reply
from simulator.instruments import Instrument
from simulator.server import Request
from simulator.truth import truth

if TYPE_CHECKING:
    from simulator.engine import Simulator


class Control:
    """Answers `/control/…`."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    def answer(self, request: Request) -> Reply:
        """One control request."""
        simulator = self._simulator
        match request.method, request.path:
            case "GET", "/control/state":
                return json_reply(self.state())
            case "GET", "/control/truth":
                return truth(simulator.venues, request.query, is_paused=simulator.is_paused)
            case "POST", "/control/pause":
                simulator.pause()
            case "POST", "/control/resume":
                simulator.resume()
            case "POST", "/control/heal":
                return self._heal(request.query.get("kind"))
            case "POST", "/control/fault":
                return self._inject(request.body)
            case _:
                return text_reply("no such control", 404)
        return json_reply({"paused": simulator.is_paused})

    def _heal(self, kind: str | None) -> Reply:
        try:
            self._simulator.heal(msgspec.convert(kind, FaultKind | None))
        except msgspec.ValidationError as error:
            return json_reply({"error": f"kind: {error}"}, 400)
        return json_reply({"healed": True})

    def _inject(self, body: bytes) -> Reply:
        try:
            fault = msgspec.json.decode(body, type=Fault)
        except msgspec.MsgspecError as error:
            return json_reply({"error": str(error)}, 400)
        self._simulator.inject(fault)
        return json_reply({"injected": fault.kind})

    def state(self) -> dict[str, Any]:
        """Connections, counters, faults, and the true ticker of every live instrument."""
        simulator = self._simulator
        connections = [
            {
                "number": connection.number,
                "venue": connection.venue.name,
                "path": connection.path,
                "subscriptions": list(connection.topics),
                "frames_sent": connection.frames_sent,
            }
            for connection in simulator.connections
        ]
        truth: dict[str, dict[str, Any]] = {}
        for instrument in simulator.world.instruments:
            if instrument.live:
                truth.setdefault(instrument.market, {})[instrument.symbol] = true_ticker(instrument)
        return {
            "connections": connections,
            "published": simulator.published,
            "frames_sent": simulator.frames_sent,
            "steps": simulator.world.steps,
            "faults_fired": simulator.board.fired(),
            "markets": truth,
        }


def true_ticker(instrument: Instrument) -> dict[str, float | int | None]:
    """The ticker of an instrument as numbers, rounded as its texts are."""
    digits = max(instrument.decimals, instrument.tick_decimals)
    is_derivative = instrument.kind != "spot"
    return {
        "price": round(instrument.last, digits),
        "bid": round(instrument.bid, digits),
        "ask": round(instrument.ask, digits) or None,
        "high_24h": round(instrument.high_24h, digits),
        "low_24h": round(instrument.low_24h, digits),
        "open_24h": round(instrument.open_24h, digits),
        "change_24h_percent": round(instrument.change_24h * 100, 6),
        "volume_24h": round(instrument.volume_24h, instrument.size_decimals),
        "turnover_24h": round(instrument.turnover_24h, 8),
        "mark": round(instrument.mark, 8) if is_derivative else None,
        "index": round(instrument.index, 8) if is_derivative else None,
        "funding_rate": instrument.funding_rate if instrument.has_funding else None,
        "funding_interval_h": instrument.funding_interval_h if instrument.has_funding else None,
        "open_interest": round(instrument.open_interest, instrument.size_decimals) if is_derivative else None,
    }
