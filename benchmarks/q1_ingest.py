"""Question 1: what a message costs from the socket to the updated state, sent as fast as it is read."""

from __future__ import annotations

from functools import partial

from benchmarks.harness import Answer, Bar, Plan, Values, interleaved, median, process, spread

SYMBOLS = 50
# Each contestant reads for about a second.
MESSAGES = {
    "tickers": {"tickwell": 150_000, "limit": 250_000, "cryptofeed": 60_000, "ccxt": 12_000},
    "books": {"tickwell": 30_000, "limit": 60_000, "cryptofeed": 8_000, "ccxt": 6_000},
}
FRAMES = {"tickers": "ticker, 320 bytes", "books": "order book, 1.5 KB"}
NAMES = {
    "tickers": {
        "tickwell": "Tickwell, feed → state",
        "limit": "the limit: bare Trio socket, typed msgspec, one dict merge",
        "cryptofeed": "cryptofeed, ticker callback",
        "ccxt": "ccxt.pro `watch_tickers`",
    },
    "books": {
        "tickwell": "Tickwell, feed → state, every delta checked",
        "limit": "the limit: the same, one dict merge per side",
        "cryptofeed": "cryptofeed, `L2_BOOK` callback",
        "ccxt": "ccxt.pro `watch_order_book_for_symbols`",
    },
}
AGAINST_CRYPTOFEED = {"tickers": 0.35, "books": 0.2}
AGAINST_LIMIT = 1.3
# The hub looks once a second whether it has everything, and then asks for past candles.
QUIET_S = {"tickwell": 1.5}


def read(channel: str, contestant: str, plan: Plan) -> Values:
    """One contestant reads one blast."""
    count = int(plan.of(1.0, 0.4) * MESSAGES[channel][contestant])
    sender = ("--linear", SYMBOLS, "--blast", count, "--channel", channel)
    quiet = ("--quiet", QUIET_S.get(contestant, 0.3))
    with process("-m", "benchmarks.exchange", *sender, *quiet) as exchange:
        arguments = ("--port", exchange.read()["port"], "--symbols", SYMBOLS, "--channel", channel)
        reader_of = ("-m", "benchmarks.readers", contestant, *arguments, "--count", int(count * 0.95))
        with process(*reader_of) as reader:
            values: Values = reader.read()
        sent = exchange.ask("state")
    return values | {"sender_us": sent["blast_cpu_s"] / count * 1e6}


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    runs = plan.runs(7)
    contestants = {
        f"{channel} {name}": partial(read, channel, name, plan)
        for channel, names in MESSAGES.items()
        for name in names
    }
    values = interleaved(contestants, runs)
    result = Answer(
        1,
        f"Ingest, blast: frames of {SYMBOLS} symbols, {runs} runs",
        ("frames", "reader", "CPU µs/message (min-max)", "× the limit", "× cryptofeed", "messages/s"),
        raw=dict(values),
    )
    for channel in MESSAGES:
        judge(result, channel, {name: values[f"{channel} {name}"] for name in MESSAGES[channel]})
    fastest = [f"{median(values[f'{channel} limit'], 'sender_us'):.2f}" for channel in MESSAGES]
    result.notes = [
        "CPU of the reading process between its first message and its last, without start and imports. The "
        "hub's feeds, its state and the channel between them are wired by its own supervisor.",
        "Tickers: the limit converts and stores the same eight numbers; cryptofeed converts three (bid, ask, "
        "time).",
        "Books: deltas of 60 levels on 50 levels per side, of which a few come and go. The hub checks each "
        "book's sequence, sides and depth after every delta; no other reader here checks anything, and the "
        "limit neither sorts nor deletes.",
        f"The sender prepares its frames; to send one took {' and '.join(fastest)} µs of its CPU against the "
        "fastest readers.",
    ]
    return result


def judge(result: Answer, channel: str, values: dict[str, list[Values]]) -> None:
    """Add one channel's rows and bars."""
    cost = {name: median(each, "cpu_us") for name, each in values.items()}
    for name, each in values.items():
        ratios = (f"{cost[name] / cost['limit']:.2f}", f"{cost[name] / cost['cryptofeed']:.2f}")
        numbers = (spread(each, "cpu_us", 2), *ratios, f"{median(each, 'messages_per_s'):,.0f}")
        result.rows.append((FRAMES[channel], NAMES[channel][name], *numbers))
    word = FRAMES[channel].partition(",")[0]
    result.bars += [
        Bar(
            f"{word}, against cryptofeed", cost["tickwell"] / cost["cryptofeed"], AGAINST_CRYPTOFEED[channel]
        ),
        Bar(f"{word}, against the limit", cost["tickwell"] / cost["limit"], AGAINST_LIMIT),
    ]
