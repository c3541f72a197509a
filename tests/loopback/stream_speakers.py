"""Three WebSocket clients that have nothing in common, behind one face: what they hear must be the same.

They are used from a thread of a test, never from the hub's loop. `websockets` inflates with a window of its
own, `trio-websocket` knows no compression, Chromium is what people use.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Literal, Protocol, TypeAlias

import msgpack
import trio
import trio_websocket
from playwright.sync_api import Page
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.patience import PATIENCE_S

Format: TypeAlias = Literal["json", "msgpack"]
Connection: TypeAlias = trio_websocket.WebSocketConnection


class Closed(Exception):
    """The hub closed; `code` is the close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Wire(Protocol):
    """One connection: texts or bytes, as the format has it."""

    def send(self, data: str | bytes) -> None:
        """Send a message."""

    def receive(self) -> str | bytes:
        """The next message. Raises `Closed`, and `TimeoutError` after `PATIENCE_S`."""


class WebsocketsWire:
    """The library `websockets`, with or without permessage-deflate."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def send(self, data: str | bytes) -> None:
        self._connection.send(data)

    def receive(self) -> str | bytes:
        try:
            received: str | bytes = self._connection.recv(timeout=PATIENCE_S)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None
        return received


@contextmanager
def websockets_wire(url: str, protocol: str, *, deflate: bool) -> Iterator[Wire]:
    """A connection of `websockets`."""
    compression = "deflate" if deflate else None
    with connect(
        url, subprotocols=[Subprotocol(protocol)], compression=compression, max_size=None
    ) as connection:
        assert connection.subprotocol == protocol
        assert bool(connection.protocol.extensions) is deflate
        yield WebsocketsWire(connection)


class TrioWire:
    """The library `trio-websocket`, in a loop of its own thread."""

    def __init__(
        self, connection: trio_websocket.WebSocketConnection, token: trio.lowlevel.TrioToken
    ) -> None:
        self._connection, self._token = connection, token

    def send(self, data: str | bytes) -> None:
        trio.from_thread.run(self._connection.send_message, data, trio_token=self._token)

    def receive(self) -> str | bytes:
        received: str | bytes = trio.from_thread.run(self._receive, trio_token=self._token)
        return received

    async def _receive(self) -> str | bytes:
        try:
            with trio.fail_after(PATIENCE_S):
                received: str | bytes = await self._connection.get_message()
        except trio.TooSlowError:
            raise TimeoutError from None
        except trio_websocket.ConnectionClosed as closed:
            raise Closed(closed.reason.code if closed.reason else 1006) from None
        return received


@contextmanager
def trio_wire(url: str, protocol: str) -> Iterator[Wire]:
    """A connection of `trio-websocket`."""
    opened: SimpleQueue[tuple[TrioWire, trio.CancelScope]] = SimpleQueue()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            connection = await trio_websocket.connect_websocket_url(
                nursery, url, subprotocols=[protocol], message_queue_size=1000
            )
            assert connection.subprotocol == protocol
            opened.put((TrioWire(connection, trio.lowlevel.current_trio_token()), nursery.cancel_scope))
            try:
                await trio.sleep_forever()
            finally:  # which it leaves open when the server closes first
                await trio.aclose_forcefully(connection._stream)

    thread = threading.Thread(target=trio.run, args=(main,), daemon=True)
    thread.start()
    wire, scope = opened.get(timeout=PATIENCE_S)
    try:
        yield wire
    finally:
        wire._token.run_sync_soon(scope.cancel)
        thread.join(timeout=PATIENCE_S)


OPEN = """
([url, protocol]) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol);
    socket.binaryType = "arraybuffer";
    const heard = [];
    let wake = () => {};
    const put = (each) => { heard.push(each); wake(); };
    socket.onmessage = ({ data }) =>
        put(typeof data === "string" ? data : Array.from(new Uint8Array(data)));
    socket.onclose = ({ code }) => put({ closed: code });
    socket.onopen = () => resolve([socket.protocol, socket.extensions]);
    socket.onerror = reject;
    window.wire = {
        send: (data) => socket.send(typeof data === "string" ? data : new Uint8Array(data)),
        receive: async (ms) => {
            const late = Date.now() + ms;
            while (!heard.length && Date.now() < late)
                await new Promise((done) => { wake = done; setTimeout(done, ms); });
            return heard.length ? heard.shift() : null;
        },
        close: () => { socket.onclose = null; socket.close(); },
    };
})
"""


class ChromiumWire:
    """Chromium's own WebSocket, in a page of the hub."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def send(self, data: str | bytes) -> None:
        self._page.evaluate("(data) => window.wire.send(data)", data if isinstance(data, str) else list(data))

    def receive(self) -> str | bytes:
        heard = self._page.evaluate("(ms) => window.wire.receive(ms)", PATIENCE_S * 1000)
        if heard is None:
            raise TimeoutError
        if isinstance(heard, dict):
            raise Closed(heard["closed"])
        return heard if isinstance(heard, str) else bytes(heard)


@contextmanager
def chromium_wire(page: Page, url: str, protocol: str) -> Iterator[Wire]:
    """A connection of a page, which asks for compression."""
    chosen, extensions = page.evaluate(OPEN, [url, protocol])
    assert chosen == protocol
    assert "permessage-deflate" in extensions
    try:
        yield ChromiumWire(page)
    finally:
        page.evaluate("() => window.wire.close()")


class Speaker:
    """Speaks the protocol over a wire, in one of its formats. Data is kept until it is asked for."""

    def __init__(self, wire: Wire, format: Format) -> None:  # noqa: A002
        self.wire, self.format = wire, format
        self.waiting: list[Any] = []
        self._req_id = 0
        self.welcome = self.next()

    def next(self) -> Any:
        """The next message, decoded."""
        if self.waiting:
            return self.waiting.pop(0)
        return self._received()

    def _received(self) -> Any:
        data = self.wire.receive()
        assert isinstance(data, str if self.format == "json" else bytes)
        return json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)

    def say(self, message: Any) -> None:
        """Send a message."""
        self.wire.send(json.dumps(message) if self.format == "json" else msgpack.packb(message))

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request; its answer. What comes before that waits."""
        self._req_id += 1
        return self.answer({"method": method, "params": params, "req_id": f"r{self._req_id}"})

    def answer(self, message: Any) -> dict[str, Any]:
        """The answer to a message, which may be none at all."""
        return self.answers(message, 1)[0]

    def answers(self, message: Any, count: int) -> list[dict[str, Any]]:
        """The answers to a message that is sent so many times before any of them is waited for."""
        for _ in range(count):
            self.say(message)
        return [self._answer_to(message) for _ in range(count)]

    def _answer_to(self, message: Any) -> dict[str, Any]:
        while True:
            received: Any = self._received()
            if isinstance(received, dict) and "method" in received:
                if isinstance(message, dict) and "req_id" in message:
                    assert received["req_id"] == message["req_id"]
                assert received["time_in"] <= received["time_out"]
                return received
            self.waiting.append(received)

    def subscribe(self, channel: str, **params: Any) -> dict[str, Any]:
        """Subscribe; what the answer says."""
        answer = self.ask("subscribe", channel=channel, **params)
        assert answer["success"], answer
        result: dict[str, Any] = answer["result"]
        return result

    def error(self, method: str, **params: Any) -> str:
        """The code of the error that a request gets, whose message must say something."""
        answer = self.ask(method, **params)
        assert not answer["success"] and len(answer["error"]["message"]) > 10, answer
        return str(answer["error"]["code"])

    def frame(self, sub: int) -> dict[str, Any]:
        """The next frame of a subscription. What else comes waits."""
        for index, each in enumerate(self.waiting):
            if isinstance(each, dict) and each.get("sub") == sub:
                return dict(self.waiting.pop(index))
        while True:
            received = self._received()
            if isinstance(received, dict) and received.get("sub") == sub:
                return received
            self.waiting.append(received)

    def close_code(self) -> int:
        """Read until the hub closes."""
        while True:
            try:
                self.waiting.append(self._received())
            except Closed as closed:
                return closed.code
