"""From one tick to a thousand clients: per client there is one non-blocking write of shared bytes.

A write that the kernel does not take whole is finished by a task, and until then the client is *behind*: it
skips what comes meanwhile, next gets the newest, and is told how many ticks it skipped. Nothing else
waits for it, and nothing is queued for it but the one frame in flight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import trio

from web import wire
from web.group import Group
from web.readmodel import Board, ReadModel
from web.transport import GONE, ClientStream
from web.visitor import Visitor
from web.wishes import Wish

HEARTBEAT_S = 5.0
WRITES_PER_TURN = 64
LONE_GROUPS_DEFLATED = 32


@dataclass(eq=False)
class Member:
    """One client of a group.

    `seen` is the tick that it got last, `beats` how many were due by then: what is due since, and not the
    newest, it skips. `sent` counts its messages, `skipped` what it skipped. `leave` ends its session, with
    the error where the fault is ours.
    """

    transport: ClientStream
    leave: Callable[[Exception | None], None]
    seen: int
    beats: int
    sent_s: float
    visitor: Visitor
    behind: bool = False
    sent: int = 0
    skipped: int = 0


class Offer(NamedTuple):
    """A frame for those who have not seen tick `seq`; `None` when it changed nothing that they want."""

    frame: bytes | None
    seq: int
    beats: int
    now_s: float


class Fanout:
    """Who is connected, grouped by wish. Leaving is immediate, and an empty group is forgotten."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model
        self._groups: dict[str, dict[Wish, Group]] = {name: {} for name in read_model.exchanges}
        self._members: dict[Group, dict[Member, None]] = {}
        self._nursery: trio.Nursery | None = None
        self.active: Counter[str] = Counter(dict.fromkeys(read_model.exchanges, 0))
        self.conflated: Counter[str] = Counter(dict.fromkeys(read_model.exchanges, 0))
        self.sent: Counter[str] = Counter(dict.fromkeys(read_model.exchanges, 0))

    @contextmanager
    def join(self, wish: Wish) -> Iterator[Group]:
        """Count as a client of the wish's group inside the block."""
        groups = self._groups[wish.exchange]
        group = groups.get(wish)
        if group is None:
            board = self._read_model.boards[wish.exchange]
            group = groups[wish] = Group(wish, board, self._read_model.now_ns, self._has_room)
            self._members[group] = {}
        group.clients += 1
        self.active[wish.exchange] += 1
        try:
            yield group
        finally:
            group.clients -= 1
            self.active[wish.exchange] -= 1
            if not group.clients:
                del groups[wish], self._members[group]

    @contextmanager
    def receive(self, group: Group, member: Member) -> Iterator[None]:
        """Get everything after tick `member.seen`, at every beat, inside the block."""
        members = self._members[group]
        members[member] = None
        board = group.board
        try:
            # Some may have passed while it was being greeted.
            if self._nursery is not None and board.beats > member.beats:
                offer = Offer(group.update(member.seen), board.seq, board.beats, trio.current_time())
                self._offer(group, member, offer, self._nursery)
            yield
        finally:
            del members[member]

    @property
    def groups(self) -> list[Group]:
        """The groups that have clients now."""
        return list(self._members)

    @property
    def members(self) -> Iterator[tuple[Group, Member]]:
        """Who gets ticks now, and of which group."""
        return ((group, member) for group, members in self._members.items() for member in members)

    def _has_room(self) -> bool:
        return len(self._members) <= LONE_GROUPS_DEFLATED

    async def run(self) -> None:
        """Carry every exchange's beats to its clients, for as long as the web is served."""
        try:
            async with trio.open_nursery() as self._nursery:
                for board in self._read_model.boards.values():
                    self._nursery.start_soon(self._carry, board, self._nursery)
        finally:
            self._nursery = None

    async def _carry(self, board: Board, nursery: trio.Nursery) -> None:
        beats = board.beats
        while True:
            with trio.move_on_after(HEARTBEAT_S):
                await board.after_beat(beats)
            beats = board.beats
            for group in list(self._groups[board.exchange].values()):
                try:
                    await self._serve(group, nursery)
                except Exception as error:  # one wish that we cannot serve must not silence the others
                    for member in list(self._members.get(group, ())):
                        member.leave(error)

    async def _serve(self, group: Group, nursery: trio.Nursery) -> None:
        """One beat to one group. Clients that saw the same tick last get the same bytes."""
        seq, beats, now_s = group.board.seq, group.board.beats, trio.current_time()
        frames: dict[int, bytes | None] = {seq: None}
        for count, member in enumerate(list(self._members.get(group, ())), 1):
            if not member.behind:
                if member.seen not in frames:
                    frames[member.seen] = group.update(member.seen)
                self._offer(group, member, Offer(frames[member.seen], seq, beats, now_s), nursery)
            if count % WRITES_PER_TURN == 0:
                await trio.lowlevel.checkpoint()

    def _offer(self, group: Group, member: Member, offer: Offer, nursery: trio.Nursery) -> None:
        """Write the client's next frame, if there is one. What cannot be written now is finished later."""
        frame, seq, beats, now_s = offer
        if frame is None:
            if now_s - member.sent_s < HEARTBEAT_S:
                member.seen, member.beats = seq, beats
                return
            frame = group.heartbeat()
        skipped = max(0, beats - member.beats - 1)
        if skipped:
            frame = wire.text_frame(wire.conflated(skipped)) + frame
        try:
            rest = member.transport.write_now(frame)
        except trio.WouldBlock:
            return  # an answer is being written: it gets this tick with the next one
        except GONE:
            member.leave(None)
            return
        self.conflated[group.board.exchange] += skipped
        self.sent[group.board.exchange] += 1
        member.sent += 1
        member.skipped += skipped
        member.seen, member.beats, member.sent_s = seq, beats, now_s
        if rest is not None:
            member.behind = True
            nursery.start_soon(self._finish, member, rest)

    async def _finish(self, member: Member, rest: memoryview) -> None:
        try:
            await member.transport.finish(rest)
        except GONE:
            member.leave(None)
        finally:
            member.behind = False
