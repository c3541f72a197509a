"""Plugins for tests: one that behaves, and some that do not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

from tests.patience import PATIENCE_S


class Closes:
    """Answers with the close of every bar, and remembers what it was told."""

    def __init__(self, options: dict[str, str]) -> None:
        self.options = options
        self.told: list[tuple[str, int, int]] = []
        self.gone: list[str] = []

    def on_bar(self, key: str, bar: Any) -> list[dict[str, Any]]:
        self.told.append((key, bar.start_ns // 1_000_000_000, bar.revision))
        return [{"name": "close", "value": bar.close}]

    def on_gone(self, key: str) -> None:
        self.gone.append(key)


class Prices:
    """Answers with the price of every ticker, as a generator, and what it is of the first instrument's."""

    def __init__(self, options: dict[str, str]) -> None:
        self.told: list[tuple[str, float | None]] = []

    def on_ticker(self, key: str, ticker: Any) -> Iterator[dict[str, Any]]:
        self.told.append((key, ticker.price))
        first = self.told[0][0]
        yield {"name": "price", "value": ticker.price}
        yield {"name": "beside", "value": None, "values": {"price": ticker.price}, "inputs": (first,)}


class Says:
    """Answers every bar with what it was made of."""

    def __init__(self, said: Any) -> None:
        self._said = said

    def on_bar(self, key: str, bar: Any) -> Any:
        if isinstance(self._said, BaseException):
            raise self._said
        return self._said


class Picky:
    """Knows one option only."""

    def __init__(self, options: dict[str, str]) -> None:
        if options.keys() - {"window"}:
            raise ValueError("colour = red: unknown; known is window")

    def on_bar(self, key: str, bar: Any) -> None:
        return None


class Broken:
    """Cannot be made at all."""

    def __init__(self, options: dict[str, str]) -> None:
        raise SystemExit(3)

    def on_bar(self, key: str, bar: Any) -> None:
        return None


class Deaf:
    """Has no method that it could be told by."""

    def __init__(self, options: dict[str, str]) -> None: ...


class Waiting:
    """Would have to be waited for."""

    def __init__(self, options: dict[str, str]) -> None: ...

    async def on_bar(self, key: str, bar: Any) -> None: ...


class Keyed:
    """Repeats in its words what it was given, on more than one line."""

    def __init__(self, options: dict[str, str]) -> None:
        print("Keyed is made")
        raise ValueError(f"api_token = {options['api_token']}:\n  must be longer\x1b[2J")

    def on_bar(self, key: str, bar: Any) -> None:
        return None


class Narrow:
    """Takes a bar without its key."""

    def __init__(self, options: dict[str, str]) -> None: ...

    def on_bar(self, bar: Any) -> None:
        return None


MADE = threading.Event()


class Slow:
    """Is not made before it is `MADE`."""

    def __init__(self, options: dict[str, str]) -> None:
        MADE.wait(2 * PATIENCE_S)

    def on_bar(self, key: str, bar: Any) -> None:
        return None


class Hostile:
    """Tries to end the program."""

    def __init__(self, options: dict[str, str]) -> None: ...

    def on_ticker(self, key: str, ticker: Any) -> None:
        sys.exit(1)


REACHED, RELEASED = threading.Event(), threading.Event()


class Stuck:
    """Is told something, and does not answer before it is `RELEASED`."""

    def __init__(self, options: dict[str, str]) -> None: ...

    def on_ticker(self, key: str, ticker: Any) -> list[dict[str, Any]]:
        REACHED.set()
        RELEASED.wait(2 * PATIENCE_S)
        return [{"name": "late", "value": 1.0}]
