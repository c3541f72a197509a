"""One connection to a real NATS: what it promises, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trustme

from actors.nats.address import Address
from actors.nats.inbox import Inbox
from actors.nats.link import Link, linked
from actors.nats.quotes import Message
from actors.runtime.errors import ConnectionLost, Rejected
from tests.nats.nats_server import NatsServer, running
from tests.patience import PATIENCE_S
from tests.processes import free_port

pytestmark = pytest.mark.loopback


def messages(count: int, root: str = "t") -> list[Message]:
    return [Message(f"{root}.{number}", b"%d" % number, {"Exchange": "demo"}) for number in range(count)]


async def taken(inbox: Inbox, count: int) -> list[Message]:
    found: list[Message] = []
    with trio.fail_after(PATIENCE_S):
        while len(found) < count:
            found += await inbox.take()
    return found


@asynccontextmanager
async def two_links(server: NatsServer) -> AsyncIterator[tuple[Link, Link]]:
    address = Address.parse(server.url)
    async with linked(address) as one, linked(address) as other:
        yield one, other


async def test_what_is_published_arrives_in_order_with_its_headers(nats_server: NatsServer) -> None:
    async with two_links(nats_server) as (sender, receiver):
        inbox = Inbox()
        await receiver.subscribe("t.>", inbox.put)
        for _ in range(20):
            await sender.publish(messages(100))
            assert await taken(inbox, 100) == messages(100)


async def test_an_inbox_that_nobody_empties_keeps_the_newest_and_counts(nats_server: NatsServer) -> None:
    async with two_links(nats_server) as (sender, receiver):
        few, small = Inbox(messages_max=10), Inbox(bytes_max=20)
        await receiver.subscribe("t.>", few.put)
        await receiver.subscribe("t.*", small.put)
        await sender.publish(messages(100))
        await taken(other := Inbox(), 0)
        await receiver.subscribe("marker", other.put)
        await sender.publish([Message("marker", b"")])
        await taken(other, 1)
        assert [each.payload for each in await few.take()] == [b"%d" % number for number in range(90, 100)]
        assert few.missed == 90
        assert len(await small.take()) == 10 and small.missed == 90


async def test_a_publish_is_over_only_when_the_server_has_it_all() -> None:
    """The client's own PING may overtake what it has not yet sent; ours must not. `said` is what the server
    had read when it saw the PING for which it was to answer."""
    said = bytearray()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.send_all(b'INFO {"server_id":"x","max_payload":1048576,"headers":true}\r\n')
        while data := await stream.receive_some():
            said.extend(data)
            if b"PING\r\n" in data:
                await stream.send_all(b"PONG\r\n")

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        port = listener.socket.getsockname()[1]
        async with linked(Address.parse(f"nats://127.0.0.1:{port}")) as link:
            for _ in range(30):
                said.clear()
                await link.publish(messages(3))
                assert said.endswith(b"PING\r\n") and said.index(b"PING\r\n") > said.index(b"t.2")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("does", ["publish", "wait"])
async def test_a_server_that_dies_ends_it_at_once(nats_server: NatsServer, does: str) -> None:
    async with two_links(nats_server) as (link, _), trio.open_nursery() as nursery:
        nursery.start_soon(kill_soon, nats_server)
        with pytest.raises(ConnectionLost, match="has closed the connection"), trio.fail_after(PATIENCE_S):
            await (link.until_lost() if does == "wait" else publish_for_ever(link))
        with pytest.raises(ConnectionLost, match="has closed the connection"):
            await link.publish(messages(1))


async def kill_soon(server: NatsServer) -> None:
    await trio.sleep(0.05)
    server.kill()


async def publish_for_ever(link: Link) -> None:
    while True:
        await link.publish(messages(10))


async def test_a_server_that_is_frozen_is_not_waited_for(nats_server: NatsServer) -> None:
    address = Address.parse(nats_server.url)
    async with linked(address, PATIENCE_S) as link:
        link._timeout_s = 0.3
        nats_server.freeze()
        try:
            for work in (lambda: link.publish(messages(1)), linked(address, 0.3).__aenter__):
                with (
                    pytest.raises(ConnectionLost, match=r"did not answer within 0\.3 s"),
                    trio.fail_after(PATIENCE_S),
                ):
                    await work()
        finally:
            nats_server.thaw()


async def test_nobody_there_is_told_at_once_and_the_next_server_is_tried(nats_server: NatsServer) -> None:
    nobody = f"nats://127.0.0.1:{free_port()}"
    with (
        pytest.raises(ConnectionLost, match="cannot be reached: connection refused"),
        trio.fail_after(PATIENCE_S),
    ):
        async with linked(Address.parse(nobody)):
            raise AssertionError("there is nobody")
    async with linked(Address.parse(f"{nobody},{nats_server.url}")) as link:
        await link.publish(messages(1))


USERS = """
authorization {
  users = [
    { user: "hub", password: "right", permissions: { publish: "quotes.>", subscribe: "none" } }
  ]
}
"""


async def test_who_may_not_come_in_or_do_that_is_told(tmp_path: Path) -> None:
    with running(tmp_path, USERS) as server:
        for credentials in ("hub:wr0ng@", "t0ken@", ""):
            url = server.url.replace("://", f"://{credentials}")
            with pytest.raises(Rejected, match="refuses the user name, password or token") as caught:
                async with linked(Address.parse(url)):
                    raise AssertionError("nobody may come in")
            assert "wr0ng" not in str(caught.value) and "t0ken" not in str(caught.value)
        async with linked(Address.parse(server.url.replace("://", "://hub:right@"))) as link:
            await link.publish(messages(3, "quotes"))
            with pytest.raises(Rejected, match=r"does not allow that: .*secrets\.0"):
                await link.publish(messages(1, "secrets"))
            with pytest.raises(Rejected, match="does not allow that"):
                await link.subscribe("quotes.>", Inbox().put)
            await link.publish(messages(3, "quotes"))


async def test_tls_trusts_whom_the_url_names_and_nobody_else(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    roots, chain, key = (tmp_path / name for name in ("roots.pem", "chain.pem", "key.pem"))
    authority.cert_pem.write_to_path(str(roots))
    certificate.cert_chain_pems[0].write_to_path(str(chain))
    certificate.private_key_pem.write_to_path(str(key))
    with running(tmp_path / "server", f'tls {{ cert_file: "{chain}", key_file: "{key}" }}') as server:
        url = server.url.replace("nats://", "tls://")
        async with linked(Address.parse(f"{url}?tls_roots={roots}")) as link:
            await link.publish(messages(1))
        with pytest.raises(Rejected, match="a certificate that is not trusted"):
            async with linked(Address.parse(url)):
                raise AssertionError("it is a stranger")


async def test_nothing_is_said_in_plain_text_to_whoever_says_that_he_has_no_tls() -> None:
    said = bytearray()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.send_all(b'INFO {"server_id":"x","max_payload":1048576,"tls_required":false}\r\n')
        while data := await stream.receive_some():
            said.extend(data)

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        port = listener.socket.getsockname()[1]
        with pytest.raises(Rejected, match="has no TLS, which tls:// demands"):
            async with linked(Address.parse(f"tls://hub:secret@127.0.0.1:{port}")):
                raise AssertionError("it has no TLS")
        nursery.cancel_scope.cancel()
    assert said == b""


async def test_whoever_waits_can_be_cancelled(nats_server: NatsServer) -> None:
    async with two_links(nats_server) as (link, _):
        with trio.fail_after(PATIENCE_S), trio.move_on_after(0.05) as scope:
            await publish_for_ever(link)
        assert scope.cancelled_caught
