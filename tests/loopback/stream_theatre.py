"""A served hub in a thread of its own, and a hand to publish with, for clients outside its loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

import httpx
import trio
from msgspec import structs

from actors.market.tick import Changes, Pair, Tick
from actors.runtime.settings import StreamSettings, WebSettings
from tests.patience import PATIENCE_S
from tests.web.harness import report
from tests.web.populated import OFFERS, instrument, records, ticker
from tests.web.served import Hub, hub

T = TypeVar("T")
SPOT = ("bybit", "spot")
LACKING = {**OFFERS, SPOT: structs.replace(OFFERS[SPOT], switched_off=("trades",))}


class Theatre:
    """What a test does with the hub, from outside its thread."""

    def __init__(self, served: Hub, token: trio.lowlevel.TrioToken) -> None:
        self.served, self._token = served, token
        self.url, self.stream_url = f"http://127.0.0.1:{served.port}", f"ws://127.0.0.1:{served.port}/ws"

    def call(self, act: Callable[..., T], *arguments: Any) -> T:
        """Do something in the hub's loop."""
        return trio.from_thread.run_sync(act, *arguments, trio_token=self._token)

    def publish(self, *pairs: Pair, exchange: str = "bybit", values: Any = None, **changes: Any) -> int:
        """Publish a tick: tickers of `pairs` with these values, and changes. Returns its offset."""
        return self.call(self._publish, self._tick(pairs, exchange, values or {}, **changes))

    def publish_at_once(self, *pairs: Pair, values: Iterable[dict[str, Any]]) -> None:
        """Publish a tick for each of these values, without a pause in which one of them could be told."""
        self.call(self._publish, *(self._tick(pairs, "bybit", each) for each in values))

    def _tick(self, pairs: Iterable[Pair], exchange: str, values: dict[str, Any], **changes: Any) -> Tick:
        told = [ticker(exchange, pair, **{"name": None, **values}) for pair in pairs]
        return Tick(exchange, self.served.ts, records(*told), Changes(tickers=told, **changes))

    def _publish(self, *ticks: Tick) -> int:
        for each in ticks:
            self.served.model.publish(each)
        offset: int = self.served.app.extensions["tickwell"].stream.journal.offset
        return offset

    def list_instruments(self, *pairs: Pair) -> None:
        """Have them listed, without a price."""
        self.publish(instruments=[instrument("bybit", pair) for pair in pairs])

    def rest(self, path: str, **query: Any) -> Any:
        """The data of an answer of REST."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=query, timeout=PATIENCE_S)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def stop(self) -> None:
        """Stop, as for a restart."""
        self.call(self.served.stop.set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of any client."""
        return bool(self.call(lambda: self.served.app.extensions["tickwell"].stream.is_empty))


@contextmanager
def theatre(**stream: Any) -> Iterator[Theatre]:
    """A hub with these settings of the stream, which knows Bybit's BTC and ETH."""
    opened: SimpleQueue[tuple[Theatre, trio.Event]] = SimpleQueue()

    async def main() -> None:
        web = WebSettings(port=0, client_stall_s=5.0)
        async with hub(web, stream=StreamSettings(**stream), offers=LACKING) as served:
            served.model.report([report(), report(market="spot", symbols=("BTCUSDT",))])
            over = trio.Event()
            opened.put((Theatre(served, trio.lowlevel.current_trio_token()), over))
            await over.wait()

    thread = threading.Thread(target=trio.run, args=(main,), daemon=True)
    thread.start()
    running, over = opened.get(timeout=PATIENCE_S)
    try:
        yield running
    finally:
        running.call(over.set)
        thread.join(timeout=PATIENCE_S)
        assert not thread.is_alive()
