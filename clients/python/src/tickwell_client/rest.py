"""The HTTP interface: what is known now, and history, page by page, on Trio or asyncio."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import anyio
import httpx

from tickwell_client.address import authorization, parse
from tickwell_client.comparisons import Spread
from tickwell_client.errors import ConnectionFailed
from tickwell_client.past import Book, Instrument, PastBar, PastTrade, Price, Stats, Tick
from tickwell_client.questions import Meta, Moment, Question, part, question
from tickwell_client.records import Derived, Funding, Liquidation, Quality, Ticker
from tickwell_client.version import __version__

T = TypeVar("T")
Order: TypeAlias = Literal["newest", "oldest"]
ATTEMPTS = 3
PATIENCE_S = 5.0
PAGE_ROWS = 5000  # what the hub tells at once, at most


class Rest:
    """A hub over HTTP.

    ```python
    async with Rest("http://127.0.0.1:8765") as rest:
        async for bar in rest.bar_history("bybit:linear:BTCUSDT", interval="1h", from_="-7d"): ...
    ```

    Lists take the filters of `docs/api.md` by name (`exchange`, `market`, `symbols`, `limit`). Times
    (`from_`, `to`) are Unix ms, a `datetime` with a time zone, or a text such as `-15m` or
    `2025-12-23T21:00:00Z`.

    Everything raises `RestError` where the hub says no and `ConnectionFailed` where it cannot be reached. An
    answer that says when to come back (503 with `Retry-After`) is asked for again, twice.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
        token: str = "",
    ):
        self._client = httpx.AsyncClient(
            base_url=parse(url).rest_url,
            timeout=timeout_s,
            headers={"user-agent": f"tickwell-client/{__version__}", **authorization(token)},
            transport=transport,
        )

    async def __aenter__(self) -> Rest:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def instruments(self, /, **filters: Any) -> list[Instrument]:
        """What is followed, and how it trades."""
        return await self._ask(question("/api/v1/instruments", list[Instrument], **filters))

    async def tickers(self, /, **filters: Any) -> list[Ticker]:
        """The newest record of every instrument."""
        return await self._ask(question("/api/v1/tickers", list[Ticker], **filters))

    async def ticker(self, key: str) -> Ticker:
        """The newest record of one."""
        return await self._ask(question(f"/api/v1/tickers/{part(key)}", Ticker))

    async def book(self, key: str, *, depth: int = 50) -> Book:
        """An order book; the first request has it followed, and waits for it."""
        return await self._ask(question(f"/api/v1/book/{part(key)}", Book, depth=depth))

    async def trades(self, key: str, *, limit: int = 100) -> list[PastTrade]:
        """The newest trades in memory, the newest first."""
        return await self._ask(question(f"/api/v1/trades/{part(key)}", list[PastTrade], limit=limit))

    async def bars(self, key: str, *, interval: str = "1m", limit: int = 100) -> list[PastBar]:
        """The newest bars in memory, the newest last: it still forms."""
        path = f"/api/v1/bars/{part(key)}"
        return await self._ask(question(path, list[PastBar], interval=interval, limit=limit))

    async def funding(self, /, **filters: Any) -> list[Funding]:
        """Funding, mark, index and open interest of perpetuals."""
        return await self._ask(question("/api/v1/funding", list[Funding], **filters))

    async def liquidations(self, /, **filters: Any) -> list[Liquidation]:
        """The newest liquidations, the newest first."""
        return await self._ask(question("/api/v1/liquidations", list[Liquidation], **filters))

    async def spreads(
        self, *, bases: Sequence[str] = (), quote: str = "", legs_min: int = 2, limit: int = 100
    ) -> list[Spread]:
        """Each asset across all exchanges, the widest spread first."""
        params: dict[str, Any] = {"bases": bases, "quote": quote, "legs_min": legs_min, "limit": limit}
        return await self._ask(question("/api/v1/spreads", list[Spread], **params))

    async def screener(
        self,
        filter: str = "",  # noqa: A002
        *,
        sort: str = "-turnover_24h",
        limit: int = 100,
    ) -> list[Ticker]:
        """The instruments that fulfil a condition such as `funding_apr>20 and turnover_24h>10m`."""
        params: dict[str, Any] = {"filter": filter, "sort": sort, "limit": limit}
        return await self._ask(question("/api/v1/screener", list[Ticker], **params))

    async def quality(self, exchange: str, /, **filters: Any) -> list[Quality]:
        """Every channel of every instrument of an exchange, and how it is doing."""
        return await self._ask(question(f"/api/v1/quality/{part(exchange)}", list[Quality], **filters))

    async def derived(self, /, **filters: Any) -> list[Derived]:
        """What the hub's plugins make of bars and tickers, the newest of each; `plugin` names one of them."""
        return await self._ask(question("/api/v1/derived", list[Derived], **filters))

    async def latest(self, /, **filters: Any) -> list[Price]:
        """The newest price of each instrument, as history has it."""
        return await self._ask(question("/api/prices/latest", list[Price], **filters))

    async def stats(self, symbol: str, market: str, *, window: str = "24h", exchange: str = "") -> Stats:
        """What the prices of a window come to. `market` is `SPOT` or `FUTURES`."""
        path = f"/api/prices/{part(symbol)}/{part(market)}/stats"
        return await self._ask(question(path, Stats, window=window, exchange=exchange))

    def tick_history(
        self, key: str, *, from_: Moment | None = None, to: Moment | None = None, order: Order = "oldest"
    ) -> Pages[Tick]:
        """Past prices of one instrument, as often as history keeps them."""
        path = f"/api/v1/tickers/{part(key)}/history"
        return self._pages(question(path, list[Tick], from_=from_, to=to, order=order, limit=PAGE_ROWS))

    def trade_history(
        self, key: str, *, from_: Moment | None = None, to: Moment | None = None, order: Order = "oldest"
    ) -> Pages[PastTrade]:
        """Past trades of one instrument."""
        path = f"/api/v1/trades/{part(key)}/history"
        return self._pages(question(path, list[PastTrade], from_=from_, to=to, order=order, limit=PAGE_ROWS))

    def bar_history(
        self,
        key: str,
        *,
        interval: str = "1m",
        from_: Moment | None = None,
        to: Moment | None = None,
        order: Order = "oldest",
    ) -> Pages[PastBar]:
        """Past bars of one instrument, `1m` to `1d`; the one that still forms is not among them."""
        path = f"/api/v1/bars/{part(key)}/history"
        asked = question(
            path, list[PastBar], interval=interval, from_=from_, to=to, order=order, limit=PAGE_ROWS
        )
        return self._pages(asked)

    async def page(self, asked: Question[T], cursor: str | None = None) -> tuple[T, Meta]:
        """One answer, and what it says of itself."""
        params = {**asked.params, "cursor": cursor} if cursor else dict(asked.params)
        for attempt in range(ATTEMPTS):
            try:
                response = await self._client.get(asked.path, params=params)
            except httpx.TransportError as error:
                raise ConnectionFailed(f"{self._client.base_url} cannot be reached: {error!r}") from error
            wait_s = response.headers.get("retry-after", "")
            if response.status_code != 503 or not wait_s.isdigit() or attempt == ATTEMPTS - 1:
                break
            await anyio.sleep(min(PATIENCE_S, float(wait_s)))
        return asked.read(response.status_code, response.content)

    async def _ask(self, asked: Question[T]) -> T:
        data, _ = await self.page(asked)
        return data

    def _pages(self, asked: Question[list[T]]) -> Pages[T]:
        return Pages(self, asked)


class Pages(Generic[T]):
    """Rows, fetched page by page as you iterate."""

    def __init__(self, rest: Rest, asked: Question[list[T]]) -> None:
        self._rest = rest
        self._asked = asked
        self._rows: deque[T] = deque()
        self._cursor: str | None = None
        self._has_more = True

    def __aiter__(self) -> Pages[T]:
        return self

    async def __anext__(self) -> T:
        while not self._rows and self._has_more:
            self._rows.extend(await self._turn())
        if not self._rows:
            raise StopAsyncIteration
        return self._rows.popleft()

    async def take(self) -> list[T]:
        """The rest of this page, or the next one; empty at the end."""
        while not self._rows and self._has_more:
            self._rows.extend(await self._turn())
        rows, self._rows = list(self._rows), deque()
        return rows

    async def all(self, limit: int | None = None) -> list[T]:
        """All rows that are left, or so many of them."""
        found: list[T] = []
        while limit is None or len(found) < limit:
            try:
                found.append(await self.__anext__())
            except StopAsyncIteration:
                break
        return found

    async def _turn(self) -> list[T]:
        rows, meta = await self._rest.page(self._asked, self._cursor)
        self._cursor, self._has_more = meta.next_cursor, meta.has_more and meta.next_cursor is not None
        return rows
