"""`sub` against a served hub: what it writes, where it goes on, what it says."""

from __future__ import annotations

import json
from pathlib import Path

import msgpack
import pytest
import trio
import trustme

from actors.market.reports import Hole
from actors.market.tick import Changes, Tick
from actors.runtime.errors import SettingsError, StartError
from actors.runtime.settings import WebSettings
from commands.stream.messages import HubLost, HubRefused
from tests.commands.relay import relay
from tests.commands.subscriber import publish, publish_trades, subscribed
from tests.patience import PATIENCE_S
from tests.processes import free_port
from tests.web.harness import report
from tests.web.populated import BTC, book
from tests.web.served import Hub, hub

pytestmark = pytest.mark.loopback
KEY = "bybit:linear:BTCUSDT"


async def test_a_record_a_line_with_its_channel_and_type(tmp_path: Path) -> None:
    async with hub() as served:
        publish(served, 1.0, "BTCUSDT", "ETHUSDT")
        running = await subscribed(served, tmp_path / "out", "ticker", "BTCUSDT", "--fields", "price,quality")
        await running.until(1)
        publish(served, 2.0)
        await running.until(2)
        running.scope.cancel()
        await running.end()
    data = {"key": KEY, "price": 1.0, "quality": "live"}
    assert running.lines == [
        {"channel": "ticker", "type": "snapshot", "data": data},
        {"channel": "ticker", "type": "update", "data": data | {"price": 2.0}},
    ]


async def test_so_many_records_and_no_more(tmp_path: Path) -> None:
    async with hub() as served:
        publish(served, 1.0, "ADAUSDT", "BTCUSDT", "ETHUSDT")
        running = await subscribed(served, tmp_path / "out", "ticker", "--limit", "2")
        await running.end()
    assert running.code == 0
    assert len(running.lines) == 2


async def test_options_reach_the_hub(tmp_path: Path) -> None:
    async with hub() as served:
        publish(served, 1.0)
        arguments = ["ticker", "BTCUSDT", "--changes-only", "--no-snapshot", "--rate", "50"]
        running = await subscribed(served, tmp_path / "out", *arguments)
        await until_subscribed(served)
        publish(served, 2.0)
        await running.until(1)
        publish(served, 3.0)
        await running.until(2)
        running.scope.cancel()
        await running.end()
    assert running.lines[0]["type"] == "update"
    assert running.lines[1] == {"channel": "ticker", "type": "update", "data": {"key": KEY, "price": 3.0}}


async def test_what_leaves_is_told(tmp_path: Path) -> None:
    async with hub() as served:
        publish(served, 1.0, "BTCUSDT", "ETHUSDT")
        running = await subscribed(served, tmp_path / "out", "ticker", "*")
        await running.until(2)
        served.model.publish(Tick("bybit", served.ts, [], Changes(removed=[("linear", "ETHUSDT")])))
        await running.until(3)
        running.scope.cancel()
        await running.end()
    gone = {"channel": "ticker", "type": "removed", "data": {"key": "bybit:linear:ETHUSDT"}}
    assert running.lines[2] == gone


async def test_messagepack_values_one_after_the_other(tmp_path: Path) -> None:
    async with hub() as served:
        publish(served, 1.0)
        arguments = ["ticker", "BTCUSDT", "--fields", "price", "--format", "msgpack", "--limit", "1"]
        running = await subscribed(served, tmp_path / "out", *arguments)
        await running.end()
    data = {"key": KEY, "price": 1.0}
    with (tmp_path / "out").open("rb") as file:
        assert list(msgpack.Unpacker(file)) == [{"channel": "ticker", "type": "snapshot", "data": data}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tickr"], 'There is no channel "tickr"'),
        (["tickr"], "Did you mean ticker?"),
        (["ticker", "bybit:linear:BTCUSTD"], "near it are bybit:linear:BTCUSDT"),
        (["ticker", "--depth", "3"], 'no parameter "depth" of channel ticker'),
        (["ticker", "--param", "rate=1"], 'no parameter "rate"'),
        (["ticker", "--rate", "-1"], "max_rate_hz"),
    ],
)
async def test_a_mistake_ends_it_with_the_words_of_the_hub(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    async with hub() as served:
        publish(served, 1.0)
        served.model.report([report()])
        running = await subscribed(served, tmp_path / "out", *arguments)
        await running.end()
    assert isinstance(running.failure, SettingsError)
    assert words in str(running.failure)
    assert running.lines == []


async def test_what_is_refused_in_part_is_said_and_the_rest_flows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hub() as served:
        publish(served, 1.0)
        running = await subscribed(served, tmp_path / "out", "ticker", "BTCUSDT", "BTCUSTD", "--limit", "1")
        await running.end()
    assert running.values("key") == [KEY]
    assert "tickwell: sub: BTCUSTD: " in capsys.readouterr().err


async def test_a_lost_connection_is_made_again_and_nothing_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hub() as served, relay(served.port) as road:
        publish(served, 1.0)
        running = await subscribed(served, tmp_path / "out", "trades", KEY, port=road.port)
        await until_subscribed(served)
        publish_trades(served, 1, 2)
        await running.until(2)
        for first in (3, 5, 7):
            road.closed = True
            await road.cut()
            publish_trades(served, first, first + 1)
            road.closed = False
            await running.until(first + 1)
        running.scope.cancel()
        await running.end()
    assert running.values("trade_id") == [str(number) for number in range(1, 9)]
    said = capsys.readouterr().err
    assert said.count("goes on where it was; nothing is missing") == 3
    assert "connecting again" in said


async def test_a_hub_that_was_restarted_is_not_taken_for_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hub() as before, hub() as after, relay(before.port) as road:
        after.model.epoch = "another"
        for served in (before, after):
            publish(served, 1.0)
        running = await subscribed(before, tmp_path / "out", "trades", KEY, port=road.port)
        await until_subscribed(before)
        publish_trades(before, 1, 2)
        await running.until(2)
        publish_trades(after, 2, 3)
        road.target = after.port
        await road.cut()
        await running.until(3)
        running.scope.cancel()
        await running.end()
    assert running.values("trade_id") == ["1", "2", "3"]
    assert "some may be missing before the snapshot" in capsys.readouterr().err


async def until_subscribed(served: Hub) -> None:
    """Wait until the hub has a subscription."""
    stream = served.app.extensions["tickwell"].stream
    with trio.fail_after(PATIENCE_S):
        while not stream.status()["subscriptions"]:
            await trio.sleep(0.01)


async def test_the_next_run_goes_on_in_the_middle_of_a_frame(tmp_path: Path) -> None:
    out, place = tmp_path / "out", str(tmp_path / "place")
    async with hub() as served:
        publish(served, 1.0)
        arguments = ["trades", KEY, "--resume-file", place, "--limit"]
        running = await subscribed(served, out, *arguments, "1")
        await until_subscribed(served)
        publish_trades(served, 1)
        await running.end()
        publish_trades(served, 2, 3, 4, 5)
        seen = []
        for limit in ("2", "1", "1"):
            running = await subscribed(served, out, *arguments, limit)
            await running.end()
            seen.append(running.values("trade_id"))
    assert seen == [["2", "3"], ["4"], ["5"]]
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


async def test_a_place_of_another_run_of_the_hub_begins_anew_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    place.write_text(
        json.dumps({"params": {"channel": "ticker", "symbols": [KEY]}, "epoch": "before", "offset": 7})
    )
    async with hub() as served:
        publish(served, 1.0)
        running = await subscribed(
            served, tmp_path / "out", "ticker", KEY, "--resume-file", str(place), "--limit", "1"
        )
        await running.end()
        assert json.loads(place.read_text())["epoch"] == served.model.epoch
    assert "all begins anew with the snapshot" in capsys.readouterr().err


async def test_a_gap_is_told_beside_the_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with hub() as served:
        publish(served, 1.0)
        running = await subscribed(served, tmp_path / "out", "trades", KEY)
        await until_subscribed(served)
        hole = Hole("bybit", "linear", "BTCUSDT", "trades", 1, 2, "sequence", "a number is missing")
        served.model.publish(Tick("bybit", served.ts, [], Changes(holes=[hole])))
        publish_trades(served, 1)
        await running.until(1)
        running.scope.cancel()
        await running.end()
    assert f"missed some trades of {KEY} (" in capsys.readouterr().err


async def test_a_book_begins_anew_after_a_lost_connection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hub() as served, relay(served.port) as road:
        publish(served, 1.0)
        served.model.publish(Tick("bybit", served.ts, [], Changes(books={BTC: book(levels=2)})))
        running = await subscribed(served, tmp_path / "out", "book", KEY, "--depth", "2", port=road.port)
        await running.until(1)
        await road.cut()
        await running.until(2)
        running.scope.cancel()
        await running.end()
    assert [line["type"] for line in running.lines] == ["snapshot", "snapshot"]
    assert running.values("previous") == [None, None]
    assert running.lines[1]["data"]["bids"] == [[99.0, 1.0], [98.0, 2.0]]
    assert "all begins anew with the snapshot" in capsys.readouterr().err


async def test_without_a_hub_once_is_a_start_error(tmp_path: Path) -> None:
    async with hub() as served:
        running = await subscribed(served, tmp_path / "out", "ticker", "--once", port=free_port())
        await running.end()
    assert isinstance(running.failure, StartError)
    assert "Start one with `python supervisor.py`" in str(running.failure)


async def test_a_hub_that_comes_later_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hub() as served, relay(served.port) as road:
        publish(served, 1.0)
        road.closed = True
        running = await subscribed(served, tmp_path / "out", "ticker", "--limit", "1", port=road.port)
        said = ""
        with trio.fail_after(PATIENCE_S):
            while "no hub at" not in said:
                await trio.sleep(0.01)
                said += capsys.readouterr().err
        road.closed = False
        await running.end()
    assert said.count("no hub at") == 1
    assert running.code == 0
    assert running.values("key") == [KEY]


async def test_once_ends_with_a_lost_connection(tmp_path: Path) -> None:
    async with hub() as served, relay(served.port) as road:
        publish(served, 1.0)
        running = await subscribed(served, tmp_path / "out", "ticker", "--once", port=road.port)
        await running.until(1)
        await road.cut()
        await running.end()
    assert isinstance(running.failure, HubLost)


async def test_over_tls_with_a_certificate_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    async with hub(WebSettings(port=0, tls_certificate=certificate, tls_key=key)) as served:
        publish(served, 1.0)
        arguments = ["ticker", "BTCUSDT", "--limit", "1", "--once"]
        refused = await subscribed(served, tmp_path / "refused", *arguments, host="https://localhost")
        await refused.end()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        trusted = await subscribed(served, tmp_path / "out", *arguments, host="https://localhost")
        await trusted.end()
    assert "certificate verify failed" in str(refused.failure)
    assert trusted.values("key") == [KEY]


async def test_another_program_on_the_port_is_no_hub(tmp_path: Path) -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope")

    async with hub() as served:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        served.nursery.start_soon(trio.serve_listeners, answer, [listener])
        port = listener.socket.getsockname()[1]
        running = await subscribed(served, tmp_path / "out", "ticker", port=port)
        await running.end()
    assert isinstance(running.failure, HubRefused), running.failure
    assert "it answered 404 instead of upgrading: nope" in str(running.failure)
