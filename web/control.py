"""What the web orders from outside its walls: starting and stopping exchanges, watching an order book."""

from __future__ import annotations

from typing import Protocol


class Control(Protocol):
    """Starts and stops the feeds, where `None` means every exchange and doing it twice is doing it once; and
    has order books followed while somebody reads them."""

    async def start(self, exchange: str | None) -> None:
        """Return once the feeds are being started."""

    async def stop(self, exchange: str | None) -> None:
        """Return once the feeds are stopped."""

    def running(self, exchange: str) -> bool:
        """Whether the exchange is wanted: started, and not stopped since."""
        ...

    def watch(self, exchange: str, market: str, symbol: str, depth: int, for_s: float | None = None) -> None:
        """Have a book followed with at least `depth` levels (1 to 200) for so long from now on, or for
        `book_grace_s`. Each call renews it; it costs next to nothing.

        Raises `NotFollowed`, `NotOffered` or `TooManyBooks`, all of which are `NotWatchable`
        (`actors.runtime.errors`), with words for whoever asked; `ValueError` for a depth that cannot be.
        """
