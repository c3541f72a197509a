"""The pure parts of the bus, each by itself: sharing, the crew, what waits, reports, the bookmark."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from actors.bus.base import BODY_BYTES_MAX
from actors.bus.bookmark import LOOK_BACK_NS, Bookmark
from actors.bus.collect import Collect
from actors.bus.crew import Crew, Note, Order, read_notes, written
from actors.bus.outgoing import Outgoing
from actors.bus.reporting import UNHEARD, merged
from actors.bus.sharing import carriers, ranked
from actors.bus.wire import Missing, Restated, decode
from actors.market.busstatus import BusStatus
from actors.market.events import Batch, BookSnapshot, Event, Following, Source
from actors.market.feeds import MarketReport
from actors.market.mark import Mark
from actors.runtime.errors import ConnectionLost

NS = 1_000_000_000
PLACES = [("bybit", "linear", f"S{number}USDT") for number in range(1200)]
NAMES = st.lists(st.text("abcdefgh-1234", min_size=1, max_size=8), min_size=2, max_size=6, unique=True)


@settings(max_examples=40)
@given(NAMES, st.data())
def test_when_a_node_goes_only_its_share_moves(names: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(names))
    left = [name for name in names if name != gone]
    for place in PLACES[:40]:
        before, after = ranked(names, place), ranked(left, place)
        assert after == [name for name in before if name != gone]
        assert carriers(names, place, 2) == before[:2]
        assert ranked(reversed(names), place) == before


def test_shares_are_fair() -> None:
    counts = Counter(ranked(["a", "b", "c"], place)[0] for place in PLACES)
    assert all(300 < count < 500 for count in counts.values()), counts


def note(roles: str = "ingest", run: str = "r", **more: object) -> Note:
    return Note(process=f"p-{run}", run=run, roles=(roles,), beats=1, now_ns=0, **more)  # type: ignore[arg-type]


def test_who_is_absent_is_gone_only_after_a_second_look() -> None:
    crew = Crew("a", confirm_ns=NS)
    assert set(crew.look({"a": note(), "b": note()}, 0).joined) == {"a", "b"}
    assert not crew.look({"a": note()}, NS // 2) and "b" in crew.nodes
    assert not crew.look({"a": note(), "b": note()}, NS)  # it was there all the time
    assert not crew.look({"a": note()}, 3 * NS // 2)
    assert not crew.look({"a": note()}, 2 * NS)
    assert set(crew.look({"a": note()}, 3 * NS - NS // 2).gone) == {"b"}
    assert crew.with_role("ingest") == ["a"]


def test_while_nobody_could_look_nobody_goes() -> None:
    crew = Crew("a", confirm_ns=NS)
    crew.look({"a": note(), "b": note(), "c": note()}, 0)
    crew.blind(2 * NS, 100 * NS)  # the bus was down; all notes have expired
    for tenths in range(1000, 1019, 5):
        assert not crew.look({"a": note(), "b": note()}, tenths * NS // 10).gone
    assert set(crew.look({"a": note(), "b": note()}, 1021 * NS // 10).gone) == {"c"}


def test_a_node_that_began_anew_is_gone_and_has_joined() -> None:
    crew = Crew("a", confirm_ns=NS)
    crew.look({"b": note(run="1")}, 0)
    change = crew.look({"b": note(run="2")}, 1)
    assert (change.gone["b"].run, change.joined["b"].run) == ("1", "2")


@settings(max_examples=40)
@given(st.permutations([Order(True, 1), Order(False, 2), Order(True, 3)]))
def test_the_newest_order_counts_in_whatever_order_it_is_heard(orders: list[Order]) -> None:
    crew = Crew("a", confirm_ns=NS)
    for order in orders:
        crew.obey({"bybit": order})
    assert crew.orders == {"bybit": Order(True, 3)}


def test_books_are_as_deep_as_the_deepest_wish_and_strange_notes_are_none() -> None:
    crew = Crew("a", confirm_ns=NS)
    shallow, deep = written(note(books={"k": 5})), written(note(books={"k": 50, "l": 1}))
    crew.look(read_notes({"b": shallow, "c": deep, "d": b"\xff\x00"}), 0)
    assert crew.books() == {"k": 50, "l": 1} and set(crew.nodes) == {"b", "c"}


@settings(max_examples=40)
@given(st.lists(st.integers(1, 60), max_size=40), st.integers(50, 200), st.booleans())
def test_what_waits_is_bounded_and_every_message_is_somewhere(
    sizes: list[int], bytes_max: int, travelling: bool
) -> None:
    status = BusStatus("redis", "a", ())
    outgoing = Outgoing(bytes_max, status)
    sent: list[bytes] = []
    for number, size in enumerate(sizes):
        outgoing.put([bytes([number]) * size])
        if travelling and number % 7 == 3:
            head = outgoing.head()
            outgoing.put([])
            sent += head
            outgoing.sent(len(head))
        assert status.waiting_bytes <= bytes_max + 60
    left = outgoing.head() if len(outgoing) else []
    assert status.published == len(sent) and status.published_bytes == sum(map(len, sent))
    assert len(sent) + len(left) + status.dropped == len(sizes)
    kept = [body[0] for body in (*sent, *left)]
    assert kept == sorted(kept) and (not sizes or kept[-1] == len(sizes) - 1)


def test_what_is_on_its_way_is_not_dropped() -> None:
    outgoing = Outgoing(10, BusStatus("redis", "a", ()))
    outgoing.put([b"aaaa", b"bbbb"])
    head = outgoing.head()
    outgoing.put([b"cccc", b"dddd"])
    assert head == [b"aaaa", b"bbbb"]
    outgoing.failed()
    assert outgoing.head() == [b"aaaa", b"bbbb", b"dddd"]


def report(*symbols: str, **more: object) -> MarketReport:
    connections: dict[object, int] = {"live": 1} if symbols else {}
    usual: dict[str, object] = {"state": "live", "producing": len(symbols), "connections": connections}
    return MarketReport(exchange="bybit", market="linear", symbols=symbols, **(usual | more))  # type: ignore[arg-type]


def test_a_market_is_what_its_nodes_say_together() -> None:
    [both] = merged(
        [report("A", messages=3), report("B", "C", state="stale", stale=("C",), messages=4), report()]
    )
    assert (both.state, both.symbols, both.producing, both.stale) == ("stale", ("A", "B", "C"), 3, ("C",))
    assert (both.messages, both.connections) == (7, {"live": 2})


def test_what_only_a_lost_node_carried_is_stale_until_another_carries_it() -> None:
    [left] = merged([report("A")], [report("B")])
    assert (left.state, left.symbols, left.stale, left.last_error) == ("stale", ("A", "B"), ("B",), UNHEARD)
    [whole] = merged([report("A", "B")], [report("B")])
    assert (whole.state, whole.stale, whole.last_error) == ("live", (), None)
    [none] = merged([], [report("A", refused={"X": "no"})])
    assert (none.state, none.stale, none.refused) == ("disconnected", ("A",), {"X": "no"})


def test_a_bookmark_is_only_where_all_is_safe(tmp_path: Path) -> None:
    accepted, settled = [0], [0]
    path = tmp_path / "data" / "bus.json"

    def new() -> Bookmark:
        return Bookmark(path, lambda: tuple(accepted), lambda: tuple(settled))

    bookmark = new()
    assert bookmark.load() is None
    for second in range(400):
        accepted[0] = second
        bookmark.note(Mark(second * 50, (1000 + second) * NS, (1000 + second) * NS, True))
    bookmark.save("e")
    saved = new().load()
    assert saved is not None and (saved.resume, saved.recorded) == (0, 0)
    settled[0] = 300
    bookmark.save("e")
    saved = new().load()
    assert saved is not None and saved.epoch == "e"
    assert saved.recorded == 50 * 295 and saved.recorded_ns == 1295 * NS
    assert 300 * NS - saved.resume // 50 * NS >= LOOK_BACK_NS
    path.write_text("{")
    assert new().load() is None


@pytest.fixture
def clock() -> list[int]:
    return [1_700_000_000 * NS]


async def test_a_node_that_stood_still_begins_anew(
    autojump_clock: trio.testing.MockClock, clock: list[int]
) -> None:
    send, receive = trio.open_memory_channel[Batch](8)
    outgoing = Outgoing(1 << 20, BusStatus("redis", "a", ()))
    collect = Collect(receive, outgoing, "a", list, lambda: clock[0], 0.02, 10, 2)
    with pytest.RaisesGroup(ConnectionLost, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(collect.run)
            await trio.sleep(0.05)
            first = collect.run_id
            clock[0] += 3 * NS
            await trio.sleep(0.05)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect.run)
        await trio.sleep(0.05)
        assert collect.run_id > first
        collect.tell(Missing("b", "r"))
        send.close()
    bodies = [decode(body) for body in outgoing.head()]
    ours = [each for each in bodies if each.run == collect.run_id]
    assert [each.number for each in ours] == list(range(1, len(ours) + 1))
    assert Missing("b", "r") in ours[-1].items and outgoing.is_closed


async def test_whatever_a_node_knows_fits_into_messages(
    autojump_clock: trio.testing.MockClock, clock: list[int]
) -> None:
    send, receive = trio.open_memory_channel[Batch](8)
    outgoing = Outgoing(1 << 30, BusStatus("redis", "a", ()))
    collect = Collect(receive, outgoing, "a", list, lambda: clock[0], 0.02, 10, 2)
    levels = [(float(price), 1.0) for price in range(1000)]
    symbols = [f"S{number}" for number in range(300)]
    books: list[Event] = [BookSnapshot(symbol, levels, levels, 1000, 1, 1, 1) for symbol in symbols]
    following: list[Event] = [Following(symbol, ("book",), ("book",), 1) for symbol in symbols]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect.run)
        await send.send(Batch(Source("bybit", "linear", "stream-0", 1), [*following, *books]))
        await trio.sleep(0.05)
        collect.restate()
        await trio.sleep(0.05)
        send.close()
    bodies: list[bytes] = []
    while head := outgoing.head():
        bodies += head
        outgoing.sent(len(head))
    assert max(map(len, bodies)) <= BODY_BYTES_MAX
    parts = [item for body in bodies for item in decode(body).items if isinstance(item, Restated)]
    assert [part.part for part in parts] == list(range(parts[0].parts)) and len(parts) > 10
    told = [event for part in parts for batch in part.batches for event in batch.events]
    assert [event for event in told if isinstance(event, BookSnapshot)] == [
        structs.replace(each, bids=each.bids[::-1]) for each in books if isinstance(each, BookSnapshot)
    ]


def test_notes_of_a_newer_version_can_be_read() -> None:
    told = msgspec.to_builtins(note()) | {"a field of tomorrow": 1}
    assert read_notes({"b": msgspec.msgpack.encode(told)}) == {"b": note()}
