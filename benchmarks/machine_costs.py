"""What an event costs on its way over the bus, stage by stage, and what that makes of so many machines.

`python -m benchmarks.machine_costs` prints the tables of `docs/scaling.md`: CPU per event of each stage,
measured here, in one thread, without any server; and what 1, 10 and 100 machines of so many cores come to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice

from actors.bus.confluence import Confluence
from actors.bus.memory import Memory
from actors.bus.wire import Dispatch, Happened, decode, encode
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Event,
    FeedUp,
    Following,
    Quote,
    Source,
    TickerUpdate,
    Trade,
    Value,
)
from actors.market.market import Market
from actors.market.rhythm import Patience

SYMBOLS = [f"S{number}USDT" for number in range(600)]
EVENTS, PER_BATCH, PER_MESSAGE = 60_000, 10, 20  # batches of a message
SOURCE = Source("bench", "linear", "stream-0", 1)
BEGAN_NS = 1_700_000_000_000_000_000
TURNS = 5


def beginning() -> Batch:
    """Everything is followed, and has a book."""
    channels = ("ticker", "quote", "trades", "book")
    levels = [(100.0 - level, 1.0) for level in range(50)]
    asks = [(101.0 + level, 1.0) for level in range(50)]
    events: list[Event] = [Following(symbol, channels, channels, BEGAN_NS) for symbol in SYMBOLS]
    events.append(FeedUp(BEGAN_NS))
    events += [BookSnapshot(symbol, levels, asks, 50, 1, BEGAN_NS, BEGAN_NS) for symbol in SYMBOLS]
    return Batch(SOURCE, events)


def batches() -> list[Batch]:
    """Of ten events, four are tickers, three quotes, two trades and one the delta of a book."""
    events: list[Event] = []
    for number, symbol in zip(range(EVENTS), cycle(SYMBOLS), strict=False):
        ns, price = BEGAN_NS + number * 200_000, 100.0 + number % 7 / 10
        kind = number * 7 % 10
        if kind < 4:
            values: dict[str, Value] = {"price": price, "mark_price": price, "turnover_24h": 1e9 + number}
            events.append(TickerUpdate(symbol, values, ns, ns))
        elif kind < 7:
            events.append(Quote(symbol, price, 1.5, price + 0.1, 2.5, ns, ns))
        elif kind < 9:
            events.append(Trade(symbol, str(number), price, 0.1, "buy", ns, ns))
        else:
            changed = [(100.0 - level, 1.0 + number % 3) for level in range(3)]
            events.append(BookDelta(symbol, changed, [], number, ns, ns))
    return [Batch(SOURCE, events[start : start + PER_BATCH]) for start in range(0, EVENTS, PER_BATCH)]


def best_us(work: Callable[[], object]) -> float:
    """The best of some turns: CPU in µs per event."""
    costs = []
    for _ in range(TURNS):
        began = time.process_time()
        work()
        costs.append(time.process_time() - began)
    return min(costs) / EVENTS * 1e6


def messages() -> list[Dispatch]:
    """The same events, as a node sends them."""
    items = iter([beginning(), *batches()])
    found: list[Dispatch] = []
    while some := list(islice(items, PER_MESSAGE)):
        number = len(found) + 1
        found.append(
            Dispatch("a", "r", number, BEGAN_NS + number * 20_000_000, [Happened(each) for each in some])
        )
    return found


def measured() -> dict[str, float]:
    """CPU in µs per event, by stage."""
    told, sent = batches(), messages()
    bodies = [encode(each) for each in sent]
    flow = [each for number, one in enumerate(sent, 1) for each in Confluence(200_000_000).take(number, one)]

    def remember() -> None:
        memory = Memory()
        memory.note(beginning())
        for batch in told:
            memory.note(batch)

    def join() -> None:
        confluence = Confluence(200_000_000)
        for number, one in enumerate(sent, 1):
            list(confluence.take(number, one))

    def fold() -> None:
        market = Market(Patience())
        for each in flow:
            if isinstance(each, Batch):
                market.apply(each)
            else:
                market.drain(each.now_ns)

    return {
        "ingest: remember": best_us(remember),
        "ingest: write": best_us(lambda: [encode(each) for each in sent]),
        "read: read": best_us(lambda: [decode(body) for body in bodies]),
        "read: join the nodes": best_us(join),
        "read: fold and drain": best_us(fold),
        "bytes": sum(map(len, bodies)) / EVENTS,
    }


def main() -> None:
    """The tables, as Markdown."""
    costs = measured()
    print("| stage | µs of CPU per event |\n|---|--:|")
    for stage, cost in costs.items():
        if stage != "bytes":
            print(f"| {stage} | {cost:.2f} |")
    print(f"\n{costs['bytes']:.0f} bytes per event on the bus, {PER_BATCH} events a batch.")


if __name__ == "__main__":
    main()
