"""A QuestDB behind TLS, as a proxy in front of the real one gives it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
import trustme

from actors.market.rows import TradeRow
from actors.runtime.errors import SinkUnavailable
from actors.sinks import questdb
from actors.sinks.questdb import QuestDBHistory, QuestDBSink
from tests.sinks.conformance import trade
from tests.sinks.questdb_server import QuestDBServer
from tests.sinks.test_questdb import stored

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def roots(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
async def encrypted_port(questdb_server: QuestDBServer, authority: trustme.CA) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def relay(client: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            server = await trio.open_tcp_stream("127.0.0.1", questdb_server.port)
            async with client, server, trio.open_nursery() as nursery:
                nursery.start_soon(_copy, client, server, nursery.cancel_scope)
                nursery.start_soon(_copy, server, client, nursery.cancel_scope)
        except* trio.BrokenResourceError:
            pass  # who does not trust us hangs up

    async with trio.open_nursery() as nursery:
        (tcp,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, relay, [trio.SSLListener(tcp, context)])
        yield tcp.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def _copy(source: trio.abc.Stream, target: trio.abc.Stream, ended: trio.CancelScope) -> None:
    while data := await source.receive_some():
        await target.send_all(data)
    ended.cancel()


async def test_rows_and_questions_go_through_tls(
    questdb_server: QuestDBServer, encrypted_port: int, roots: Path
) -> None:
    url = f"https://127.0.0.1:{encrypted_port}?tls_roots={roots}"
    sink = QuestDBSink(url)
    await sink.open()
    await sink.write([trade()])
    await sink.aclose()
    assert stored(questdb_server, TradeRow) == [trade()]
    assert await QuestDBHistory(url).latest(None, None) == []


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    encrypted_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = QuestDBSink(f"https://127.0.0.1:{encrypted_port}", timeout_s=5)
    with pytest.raises(SinkUnavailable, match="certificate"):
        await sink.open()
    monkeypatch.setattr(questdb, "TABLES_KNOWN_FOR_S", 1000.0)
    sink._known_at = trio.current_time()
    with pytest.raises(SinkUnavailable, match=r"[Cc]ert"):
        await sink.write([trade()])
    await sink.aclose()
