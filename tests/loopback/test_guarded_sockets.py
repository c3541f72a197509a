"""The gate over real sockets: tickets and tokens, forged headers, floods of silence, renewed certificates."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from msgspec import structs
from tickwell_client import Refused, RestError, connect
from tickwell_client.rest import Rest

from actors.runtime.settings import TokenSettings, WebSettings
from actors.runtime.tokens import hash_of, token_of
from commands.stream.address import read_address
from commands.stream.connection import connected
from commands.stream.messages import Codec, HubRefused
from tests.patience import PATIENCE_S
from tests.web.served import Hub, exchange_bytes, head_of, hub, opened, read_to_end, until, upgrade
from web.guard import room
from web.limits import Limits

pytestmark = pytest.mark.loopback

TOKEN = token_of("reader", "secret")
TOKENS = {"reader": TokenSettings(hash_of(TOKEN, bytes(16)))}
FAR = "x-forwarded-for: 203.0.113.5"
BEARER = f"authorization: Bearer {TOKEN}"
GUARDED = WebSettings(port=0, public_read=False, trusted_proxies=("127.0.0.1",))


def request(method: str, path: str, *headers: str) -> bytes:
    """A request that the connection ends with."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def status_of(served: Hub, data: bytes) -> int:
    """The status of the answer to an upgrade: 101, or why not."""
    async with await served.raw() as stream:
        await stream.send_all(data)
        return int((await head_of(stream))[9:12])


async def ticket(served: Hub) -> str:
    _, answer = await exchange_bytes(served, request("POST", "/api/v1/tickets", FAR, BEARER))
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["ticket"])


# Tickets and tokens


async def test_a_ticket_opens_a_socket_once() -> None:
    async with hub(GUARDED, tokens=TOKENS) as served:
        for address in ("/ws?ticket={}", "/ws/realtime/bybit?mode=all&ticket={}&symbols=BTCUSDT"):
            path = address.format(await ticket(served))
            assert await status_of(served, upgrade(path, FAR)) == 101
            assert await status_of(served, upgrade(path, FAR)) == 401


async def test_a_token_opens_a_socket_in_a_header_and_never_in_the_address() -> None:
    async with hub(GUARDED, tokens=TOKENS) as served:
        assert await status_of(served, upgrade("/ws", FAR, BEARER)) == 101
        assert await status_of(served, upgrade("/ws", FAR)) == 401
        for name in ("ticket", "token", "access_token"):
            assert await status_of(served, upgrade(f"/ws?{name}={TOKEN}", FAR)) == 401
        assert await status_of(served, upgrade("/ws")) == 101  # this machine


async def test_a_foreign_page_gets_no_socket_even_with_a_ticket() -> None:
    async with hub(GUARDED, tokens=TOKENS) as served:
        path = f"/ws?ticket={await ticket(served)}"
        assert await status_of(served, upgrade(path, FAR, "origin: https://evil.example")) == 403
        assert await status_of(served, upgrade(path, FAR, "origin: null")) == 403


async def test_a_socket_ends_when_its_token_does() -> None:
    """The clock of a served hub stands still at 2025-12-23T21:00:00.5Z; this token has half a second left."""
    tokens = {"reader": structs.replace(TOKENS["reader"], expires="2025-12-23T21:00:01Z")}
    async with hub(GUARDED, tokens=tokens) as served:
        for path in ("/ws", "/ws/realtime/bybit"):
            async with await served.raw() as stream:
                await stream.send_all(upgrade(path, FAR, BEARER))
                assert (await head_of(stream)).startswith(b"HTTP/1.1 101")
                with trio.fail_after(PATIENCE_S):
                    told = await read_to_end(stream)
                goodbye = (1008).to_bytes(2) + b"the token has expired"
                assert told.endswith(bytes((0x88, len(goodbye))) + goodbye)


async def test_a_limit_counts_whom_a_trusted_proxy_names() -> None:
    settings = WebSettings(port=0, trusted_proxies=("127.0.0.1",), requests_burst=3, requests_per_s=0.01)
    async with hub(settings) as served:
        codes = [await status_of(served, upgrade("/ws", FAR)) for _ in range(4)]
        assert codes == [101, 101, 101, 429]
        spoofed = [f"x-forwarded-for: 198.51.100.{number}, 203.0.113.5" for number in range(3)]
        assert [await status_of(served, upgrade("/ws", each)) for each in spoofed] == [429] * 3
        assert await status_of(served, upgrade("/ws", "x-forwarded-for: 203.0.113.6")) == 101


async def test_commands_and_the_client_show_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.security.is_loopback", lambda _: False)
    async with hub(GUARDED, tokens=TOKENS) as served:
        url = f"ws://127.0.0.1:{served.port}"
        with pytest.raises(HubRefused, match="token_required"):
            async with connected(read_address(url, served.settings), Codec("json")):
                pass
        with pytest.raises(Refused):
            async with connect(url):
                pass
        monkeypatch.setenv("TICKWELL_TOKEN", TOKEN)
        address = read_address(url, served.settings)
        assert TOKEN not in repr(address)
        async with connected(address, Codec("json")) as connection:
            assert connection.welcome.protocol == 1
        async with connect(url, token=TOKEN) as client, Rest(url, token=TOKEN) as rest:
            assert client.is_connected
            assert await rest.tickers() == []
        with pytest.raises(RestError, match="401"):
            async with Rest(url) as rest:
                await rest.tickers()


# Shapes that other servers have fallen for


FORGED: dict[str, tuple[bytes, set[int]]] = {
    "CR in a query": (b"GET /livez?a=%0d%0aSet-Cookie:%20x=y HTTP/1.1\r\nhost: localhost\r\n\r\n", {200}),
    "CR in a path": (b"GET /%0d%0aSet-Cookie:%20x=y HTTP/1.1\r\nhost: localhost\r\n\r\n", {404}),
    "CR in an origin": (b"GET /livez HTTP/1.1\r\nhost: localhost\r\norigin: https://a\rb: c\r\n\r\n", {400}),
    "CR in a forwarded address": (
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 1.2.3.4\rx: y\r\n\r\n", {400},
    ),
    "LF in a request id": (
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-request-id: a\r\n\tb\r\n\r\n", {200, 400},
    ),
    "space before a colon": (b"GET /livez HTTP/1.1\r\nhost : evil.example\r\n\r\n", {400}),
    "length by chunks, spelled oddly": (
        b"POST /ws/realtime/stop HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding:\x0bchunked\r\n"
        b"content-length: 5\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "chunked twice": (
        b"POST /ws/realtime/stop HTTP/1.1\r\nhost: localhost\r\n"
        b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        {400, 501},
    ),
    "a length with a sign": (
        b"POST /ws/realtime/stop HTTP/1.1\r\nhost: localhost\r\ncontent-length: +5\r\n\r\nhello", {400},
    ),
    "a request inside a body": (
        b"POST /ws/realtime/stop HTTP/1.1\r\nhost: localhost\r\ncontent-length: 44\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nhost: localhost\r\n\r\n",
        {400},
    ),
    "a body of 1 GiB": (
        b"POST /ws/realtime/stop HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"content-length: 1073741824\r\n\r\n{",
        {413},
    ),
}  # fmt: skip


async def test_a_forged_shape_gets_one_answer_and_no_more() -> None:
    async def forge(name: str, data: bytes, right: set[int]) -> None:
        async with await served.raw() as stream:
            await stream.send_all(data)
            answer = await read_to_end(stream)
        assert int(answer[9:12]) in right, name
        assert answer.count(b"HTTP/1.1 ") == 1, name
        assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower(), name

    # Those that are answered and might say more are let go after this long: all of them at the same time.
    async with hub(limits=Limits(keep_alive_s=1.0)) as served:
        async with trio.open_nursery() as nursery:
            for name, (data, right) in FORGED.items():
                nursery.start_soon(forge, name, data, right)
        await served.alive()


async def test_nothing_that_is_sent_comes_back_as_a_header() -> None:
    settings = WebSettings(port=0, allowed_origins=("https://friend.example",))
    marks = [
        f"{name}: https://mark.example"
        for name in ("origin", "referer", "x-forwarded-host", "access-control-request-method")
    ]
    async with hub(settings) as served:
        for method, path in (
            ("GET", "/livez?mark=mark.example"),
            ("OPTIONS", "/api/v1/tickers"),
            ("GET", "/mark.example"),
        ):
            _, answer = await exchange_bytes(served, request(method, path, *marks))
            assert b"mark.example" not in answer.partition(b"\r\n\r\n")[0]


# Floods


async def test_silent_connections_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SILENT_S", 0.1)
    limits = Limits(keep_alive_s=10 * PATIENCE_S, handshake_s=10 * PATIENCE_S)  # these end nobody here
    async with hub(WebSettings(port=0, clients_max=20), limits) as served:
        speaking = await served.raw()
        await speaking.send_all(upgrade("/ws"))
        assert (await head_of(speaking)).startswith(b"HTTP/1.1 101")
        half_open = [await served.raw() for _ in range(10)]
        half_said = [await served.raw() for _ in range(9)]
        for stream in half_said:
            await stream.send_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\na: ")
        await trio.sleep(0.2)
        for _ in range(5):
            await served.alive()
        traffic = served.app.extensions["tickwell"].traffic
        assert traffic.made_way >= 1
        assert traffic.refused == 0
        with trio.fail_after(PATIENCE_S):
            assert await read_to_end(half_open[0]) == b""  # the longest silent one went
        await speaking.send_all(b"\x89\x80\x01\x02\x03\x04")
        with trio.fail_after(PATIENCE_S):
            while b"\x8a\x00" not in await speaking.receive_some(65_536):
                pass
        for stream in (speaking, *half_open, *half_said):
            await stream.aclose()


async def test_one_address_has_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.server.is_loopback", lambda _: False)
    async with hub(WebSettings(port=0, connections_per_address_max=3)) as served:
        streams = [await opened(served) for _ in range(3)]
        status, answer = await exchange_bytes(served, request("GET", "/livez"))
        assert status == 429
        assert b"retry-after" in answer
        await streams.pop().aclose()
        await until(lambda: len(served.app.extensions["tickwell"].traffic.streams) == 2)
        await served.alive()
        for stream in streams:
            await stream.aclose()


# Certificates


class Files:
    """A certificate and its key as files, which may be renewed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.certificate, self.key = folder, folder / "hub.pem", folder / "hub.key"
        self.renew()

    def renew(self) -> None:
        """A new certificate of a new authority."""
        self.authority = trustme.CA()
        self.write(self.authority.issue_cert("localhost"))

    def write(self, issued: trustme.LeafCert) -> None:
        issued.cert_chain_pems[0].write_to_path(str(self.certificate))
        issued.private_key_pem.write_to_path(str(self.key))

    def trust(self) -> ssl.SSLContext:
        """Who trusts the present authority only."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@asynccontextmanager
async def talking(served: Hub, trust: ssl.SSLContext) -> AsyncIterator[trio.SSLStream[trio.SocketStream]]:
    stream = trio.SSLStream(await served.raw(), trust, server_hostname="localhost", https_compatible=True)
    try:
        await stream.do_handshake()
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


async def answers(stream: trio.SSLStream[Any]) -> bool:
    await stream.send_all(b"HEAD /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return (await stream.receive_some(65_536)).startswith(b"HTTP/1.1 200")


async def test_a_renewed_certificate_is_served_and_nobody_is_cut_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = Files(tmp_path)
    settings = WebSettings(port=0, tls_certificate=str(files.certificate), tls_key=str(files.key))
    limits = replace(Limits(), certificate_check_s=0.05)
    with caplog.at_level(logging.INFO, "tickwell.web"):
        async with hub(settings, limits) as served, talking(served, files.trust()) as old:
            assert await answers(old)
            old_trust = files.trust()
            files.key.write_text("half a key", encoding="ascii")
            await until(lambda: "the old certificate stays in use" in caplog.text)
            async with talking(served, old_trust) as still:
                assert await answers(still)
            assert caplog.text.count("stays in use") == 1
            files.renew()  # one file after the other: whoever looks in between may say so once more
            await until(lambda: "was read anew" in caplog.text)
            async with talking(served, files.trust()) as new:
                assert await answers(new)
            with pytest.raises(trio.BrokenResourceError):
                async with talking(served, old_trust):
                    pass
            assert await answers(old)
