"""Starting and stopping exchanges from outside: what the web needs of whoever does it."""

from __future__ import annotations

from typing import Protocol


class Control(Protocol):
    """Starts and stops the feeds. `None` means every exchange. Doing it twice is doing it once."""

    async def start(self, exchange: str | None) -> None:
        """Return once the feeds are being started."""

    async def stop(self, exchange: str | None) -> None:
        """Return once the feeds are stopped."""

    def running(self, exchange: str) -> bool:
        """Whether the exchange is wanted: started, and not stopped since."""
        ...
