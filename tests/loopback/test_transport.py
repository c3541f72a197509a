"""The transport against servers that misbehave: every attempt ends in time, and says what was wrong."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

import pytest
import trio
import trustme
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Request, TextMessage

from actors.exchanges.base import Fetch
from actors.feed import opening, rest, transport
from actors.feed.rest import open_rest
from actors.feed.transport import UPGRADES, Connection
from actors.runtime.errors import ConnectionLost, FeedError, RateLimited, Rejected, leaf_errors
from tests.lived import LivedClock
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.loopback

connect: Callable[[str], AbstractAsyncContextManager[Connection]] = transport.connect


@pytest.fixture(params=["batched", "plain"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test is held by both ways of speaking WebSocket."""
    chosen = partial(transport.connect, upgraded=UPGRADES[request.param])
    monkeypatch.setitem(globals(), "connect", chosen)


Serve = Callable[[trio.abc.Stream], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP (or TLS) server on a free port that does `serve` with each connection."""

    async def handle(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await serve(trio.SSLStream(stream, tls, server_side=True) if tls else stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, handle, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def upgraded(stream: trio.abc.Stream, *events: Event, keep_open: bool = True) -> WSConnection:
    """Accept the upgrade, then send `events`."""
    websocket = WSConnection(ConnectionType.SERVER)
    while not [each for each in websocket.events() if isinstance(each, Request)]:
        websocket.receive_data(bytes(await stream.receive_some(65_536)))
    await stream.send_all(websocket.send(AcceptConnection()))
    for event in events:
        await stream.send_all(websocket.send(event))
    if keep_open:
        await trio.sleep_forever()
    return websocket


def answering(response: bytes) -> Serve:
    async def serve(stream: trio.abc.Stream) -> None:
        await stream.receive_some(65_536)
        await stream.send_all(response)
        await stream.aclose()

    return serve


async def silent(stream: trio.abc.Stream) -> None:
    await trio.sleep_forever()


async def dripping(stream: trio.abc.Stream) -> None:
    await stream.receive_some(65_536)
    for byte in b"HTTP/1.1 101 Switching Protocols\r\n" * 1000:
        await stream.send_all(bytes([byte]))
        await trio.sleep(0.05)


async def first_messages(port: int, scheme: str = "ws", host: str = "127.0.0.1") -> list[bytes]:
    with trio.fail_after(PATIENCE_S):
        async with connect(f"{scheme}://{host}:{port}/stream?x=1") as connection:
            return await connection.receive()


async def failure_of(attempt: Awaitable[object]) -> FeedError:
    """The `FeedError` that an attempt ends with."""
    try:
        await attempt
    except BaseException as error:
        leaves = leaf_errors(error)
        assert len(leaves) == 1, leaves
        assert isinstance(leaves[0], FeedError), leaves[0]
        return leaves[0]
    raise AssertionError("nothing failed")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short deadlines for what comes after TCP, which is left the time that it takes."""
    monkeypatch.setattr(rest, "FETCH_WITHIN_S", 0.3)

    async def open_tcp(host: str, port: int) -> trio.SocketStream:
        stream = await opening.open_tcp(host, port)
        monkeypatch.setattr(opening, "STEP_WITHIN_S", 0.3)
        return stream

    monkeypatch.setattr(transport, "open_tcp", open_tcp)


def test_an_attempt_ends_within_fifteen_seconds() -> None:
    assert 3 * opening.STEP_WITHIN_S <= 15


async def test_text_and_binary_messages_arrive_as_bytes() -> None:
    async def serve(stream: trio.abc.Stream) -> None:
        await upgraded(stream, TextMessage('{"a": "é"}'), BytesMessage(b"\x00\xff"))

    async with server(serve) as port, connect(f"ws://127.0.0.1:{port}/") as connection:
        messages = await connection.receive()
        while len(messages) < 2:
            messages += await connection.receive()
        assert messages == ['{"a": "é"}'.encode(), b"\x00\xff"]


@pytest.mark.parametrize("serve", [silent, dripping])
async def test_a_server_that_never_finishes_the_upgrade(serve: Serve, hurried: None) -> None:
    async with server(serve) as port:
        error = await failure_of(first_messages(port))
    assert isinstance(error, ConnectionLost)
    assert "did not upgrade to WebSocket within 0.3 s" in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "patience_s"),
    [
        (b"429 Too Many Requests\r\nRetry-After: 17", RateLimited, 17.0),
        (b"418 I'm a teapot", RateLimited, 60.0),
        (b"403 Forbidden", Rejected, 600.0),
        (b"404 Not Found", Rejected, None),
        (b"503 Service Unavailable", ConnectionLost, None),
    ],
)
async def test_a_refused_upgrade_says_its_status_and_its_patience(
    status: bytes, kind: type[FeedError], patience_s: float | None
) -> None:
    async with server(answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")) as port:
        error = await failure_of(first_messages(port))
    assert type(error) is kind
    assert error.retry_after_s == patience_s
    assert status[:3].decode() in str(error)


@pytest.mark.parametrize(
    "response", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 101 \r\n\r\n", b"\x00" * 100]
)
async def test_what_is_no_upgrade_is_a_lost_connection(response: bytes, hurried: None) -> None:
    async with server(answering(response)) as port:
        error = await failure_of(first_messages(port))
    assert isinstance(error, ConnectionLost)


async def test_a_closed_port_and_an_unknown_name_say_so() -> None:
    async with server(silent) as port:
        pass
    assert "refused" in str(await failure_of(first_messages(port))).lower()
    error = await failure_of(first_messages(443, host="exchange.invalid"))
    assert "cannot reach exchange.invalid:443" in str(error)


async def test_a_certificate_that_nobody_signed_is_named_at_once() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with server(silent_after_handshake, context) as port:
        with trio.fail_after(PATIENCE_S):
            error = await failure_of(first_messages(port, "wss"))
    assert "certificate verify failed" in str(error)


async def silent_after_handshake(stream: trio.abc.Stream) -> None:
    await stream.receive_some(1)
    await trio.sleep_forever()


async def test_a_server_that_speaks_no_tls() -> None:
    async with server(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        error = await failure_of(first_messages(port, "wss"))
    assert "TLS with 127.0.0.1 failed" in str(error)


async def test_tls_that_never_answers(hurried: None) -> None:
    async with server(silent) as port:
        error = await failure_of(first_messages(port, "wss"))
    assert "TLS with 127.0.0.1 took longer" in str(error)


async def test_how_a_connection_ended_is_told() -> None:
    async def closing(stream: trio.abc.Stream) -> None:
        await upgraded(stream, CloseConnection(1001, "maintenance"))

    async def dropping(stream: trio.abc.Stream) -> None:
        await upgraded(stream, keep_open=False)
        await stream.aclose()

    async with server(closing) as port:
        assert str(await failure_of(first_messages(port))) == "closed by the exchange with 1001: maintenance"
    async with server(dropping) as port:
        assert "dropped without a word" in str(await failure_of(first_messages(port)))


async def test_a_message_beyond_the_limit_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MESSAGE_BYTES_MAX", 1000)

    async def serve(stream: trio.abc.Stream) -> None:
        await upgraded(stream, TextMessage("x" * 2000))

    async with server(serve) as port:
        assert "1009" in str(await failure_of(first_messages(port)))


async def test_leaving_does_not_wait_for_a_server_that_floods() -> None:
    async def flood(stream: trio.abc.Stream) -> None:
        await upgraded(stream, keep_open=False)
        while True:
            await stream.send_all(b"\x81\x7e\x20\x00" + b"x" * 8192)

    async with server(flood) as port:
        with trio.fail_after(PATIENCE_S), LivedClock() as lived:
            async with connect(f"ws://127.0.0.1:{port}/") as connection:
                await connection.receive()
        assert lived.lived_s < 5


async def test_sending_on_a_lost_connection_is_a_feed_error() -> None:
    async def dropping(stream: trio.abc.Stream) -> None:
        await upgraded(stream, keep_open=False)
        await stream.aclose()

    async def talk(connection: Connection) -> None:
        while True:
            await connection.send(b"hello")
            await trio.sleep(0.01)

    async def attempt(port: int) -> None:
        with trio.fail_after(PATIENCE_S):
            async with connect(f"ws://127.0.0.1:{port}/") as connection:
                await talk(connection)

    async with server(dropping) as port:
        assert isinstance(await failure_of(attempt(port)), ConnectionLost)


async def fetched(port: int, fetch: Fetch) -> bytes:
    async with open_rest(f"http://127.0.0.1:{port}/base") as client:
        return await client.fetch(fetch)


async def test_rest_returns_the_body() -> None:
    async with server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as port:
        assert await fetched(port, Fetch("listing", "/path?x=1")) == b"{}"


@pytest.mark.parametrize(
    ("status", "kind"), [(b"429 Slow Down\r\nRetry-After: 5", RateLimited), (b"500 Oops", ConnectionLost)]
)
async def test_rest_errors_become_feed_errors(status: bytes, kind: type[FeedError]) -> None:
    async with server(answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")) as port:
        assert type(await failure_of(fetched(port, Fetch("listing", "/")))) is kind


async def test_rest_that_never_answers(hurried: None) -> None:
    async with server(silent) as port:
        assert "did not answer within" in str(await failure_of(fetched(port, Fetch("listing", "/"))))


async def test_rest_that_redirects() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(moved)) as port:
        assert "HTTP 302" in str(await failure_of(fetched(port, Fetch("listing", "/"))))
