"""Follow the pressure in order books: how much more waits to buy than to sell, near the price.

    python examples/book_imbalance.py bybit:linear:BTCUSDT bybit:linear:ETHUSDT --levels 10

The books are kept by the client, level by level. One that is not live is never shown as if it were.
"""

from __future__ import annotations

import argparse

import anyio
from tickwell_client import OrderBook, connect

WIDTH = 20


def bar(imbalance: float) -> str:
    """The imbalance as a bar: from the middle to the left for asks, to the right for bids."""
    filled = round(abs(imbalance) * WIDTH)
    left, right = (filled, 0) if imbalance < 0 else (0, filled)
    return f"[{'#' * left:>{WIDTH}}|{'#' * right:<{WIDTH}}]"


def told(book: OrderBook, levels: int) -> str:
    """One line about a book."""
    imbalance = book.imbalance(levels)
    if not book.is_live or imbalance is None or book.spread_bps is None:
        return f"{book.key}: not live ({book.quality})"
    return f"{book.key} {book.mid:>12.6g} {book.spread_bps:6.2f} bps {bar(imbalance)} {imbalance:+.2f}"


async def watch(url: str, keys: list[str], levels: int, count: int) -> None:
    """Print each book at most twice a second, `count` lines (0: without end)."""
    async with connect(url) as hub:
        seen = 0
        async for book in hub.book(*keys, depth=max(levels, 1), max_rate_hz=2):
            print(told(book, levels), flush=True)
            seen += 1
            if seen == count:
                return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("keys", nargs="*", default=["bybit:linear:BTCUSDT"], help="instruments")
    parser.add_argument("--url", default="ws://127.0.0.1:8765")
    parser.add_argument("--levels", type=int, default=10, help="levels per side that count")
    parser.add_argument("--count", type=int, default=0, help="stop after so many lines; 0: never")
    given = parser.parse_args()
    anyio.run(watch, given.url, given.keys, given.levels, given.count)
