"""How old prices are when they arrive: the exchange stamps what it sends, one client keeps what it gets."""

from __future__ import annotations

import json

from benchmarks import wire
from benchmarks.harness import Process


def ages_s(clients: Process, period_s: float) -> list[float]:
    """The age of every message when it, or a newer one of its symbol, arrived at the watched client.

    A frame shows each symbol's newest message only. The exchange sends one per symbol every `period_s`, so
    the time of those between two frames is known as well.
    """
    newest: dict[str, float] = {}
    ages: list[float] = []
    for at_s, payload in clients.ask("watch")["frames"]:
        told = json.loads(payload).get("data", ())
        for record in told if isinstance(told, list) else ():
            sent_s = (record["turnover_24h"] or 0.0) - wire.STAMP_BASE
            if sent_s <= 0.0:
                continue
            before_s = newest.get(record["key"])
            newest[record["key"]] = sent_s
            while before_s is not None and sent_s > before_s + period_s / 2:
                ages.append(at_s - sent_s)
                sent_s -= period_s
    return ages
