"""One node of several, put together: what it says on the bus, what it hears there, and who else is there.

    ingest           feeds ─▶ collect ─▶ outgoing ─▶ send ─▶ bus
    serve, persist   bus ─▶ receive ─▶ raw ─▶ state ─▶ …, as if the feeds were here
    every node       member: a note on the bus; duty: the feeds do what the crew wants

This is a part of the map that `supervisor.py` draws.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from secrets import token_hex
from socket import gethostname

import trio

from actors.bus.base import Connect, Extent
from actors.bus.bookmark import Bookmark
from actors.bus.collect import Collect
from actors.bus.configured import connect_of
from actors.bus.confluence import Confluence, Flow
from actors.bus.control import CrewControl
from actors.bus.crew import INGEST, PERSIST, SERVE, Change, Crew, Note
from actors.bus.duty import Duty, Switch
from actors.bus.hearing import Hearing
from actors.bus.member import Member
from actors.bus.outgoing import Outgoing
from actors.bus.receive import Receive
from actors.bus.send import Send
from actors.bus.share import Share
from actors.bus.wire import Missing, Released
from actors.intake import Recording
from actors.market.busstatus import BusReport, BusStatus, NodeReport
from actors.market.events import Batch
from actors.market.feeds import Board, MarketStatus
from actors.market.rhythm import NS_PER_S
from actors.market.selection import Selection
from actors.runtime.settings import Settings
from actors.runtime.supervision import Child, Supervisor

BATCHES_QUEUED = 1024
BOOKMARK = "bus.json"
PART_WITHIN_S = 2.5
LEAVE_WITHIN_S = 0.5
# Of `takeover_s`: how long a note is good, how long the absent are looked for, how often a node beats.
TTL, CONFIRM, BEAT = 0.4, 0.2, 0.1

_logger = logging.getLogger("tickwell.bus")


class Node:
    """`children` stand beside the pipeline, in which `receive` stands after the state. The feeds here speak
    to `feeds_send` and stand on `feed_board`; on `board`, which the web sees, stand those of all nodes.
    """

    def __init__(
        self,
        settings: Settings,
        roles: tuple[str, ...],
        *,
        board: Board,
        feed_board: Board,
        switch: Switch,
        raw: trio.MemorySendChannel[Flow],
        recording: Recording,
        now_ns: Callable[[], int],
        tell_epoch: Callable[[str], None],
        connect: Connect | None = None,
    ) -> None:
        bus, web = settings.bus, settings.web
        name = bus.node or f"{gethostname()}-{web.port}"
        self._url = f"{'https' if web.tls_certificate else 'http'}://{web.host}:{web.port}"
        self._settings, self._now_ns = bus, now_ns
        self._roles, self._process, self._beats, self._is_leaving = roles, token_hex(6), 0, False
        self.ingests, self.hears = INGEST in roles, SERVE in roles or PERSIST in roles
        self.status = BusStatus(bus.kind, name, roles)
        self.crew = Crew(name, int(bus.takeover_s * CONFIRM * NS_PER_S))
        self.connect, self._had_log = connect or connect_of(bus), False
        self.outgoing = Outgoing(bus.buffer_mb << 20, self.status)
        self.feeds_send, feeds_receive = trio.open_memory_channel[Batch](BATCHES_QUEUED)
        self.collect = self._new_collect(feed_board, feeds_receive)
        self.member = self._new_member()
        followed = settings.exchanges.items()
        exchanges = [name for name, each in followed if each.enabled and (each.linear or each.spot)]
        self.control = CrewControl(self.crew, board, exchanges, now_ns, self.member.wake)
        self.duty = Duty(self.crew, feed_board, switch, now_ns, bus.takeover_s)
        confluence = Confluence(int(settings.market.snapshot_interval_s * NS_PER_S))
        path = Path(settings.data.directory) / BOOKMARK
        self.hearing = Hearing(
            confluence,
            board,
            self.status,
            settings.market,
            Bookmark(path, recording.accepted, recording.settled) if PERSIST in roles else None,
            recording,
            now_ns,
            tell_epoch,
            serves=SERVE in roles,
        )
        self.receive = self._new_receive(raw, confluence, recording)
        self.status.has_heard = not self.hears

    def _new_collect(self, feed_board: Board, feeds: trio.MemoryReceiveChannel[Batch]) -> Collect:
        bus = self._settings
        return Collect(
            inbox=feeds,
            outgoing=self.outgoing,
            node=self.crew.me,
            reports=feed_board.reports,
            now_ns=self._now_ns,
            flush_s=bus.flush_ms / 1000,
            restate_s=bus.restate_s,
            asleep_s=bus.takeover_s * TTL,
        )

    def _new_member(self) -> Member:
        bus = self._settings
        return Member(
            connect=self.connect,
            crew=self.crew,
            note=self._note,
            changed=self._changed,
            status=self.status,
            now_ns=self._now_ns,
            beat_s=bus.takeover_s * BEAT,
            ttl_s=bus.takeover_s * TTL,
        )

    def _new_receive(
        self, raw: trio.MemorySendChannel[Flow], confluence: Confluence, recording: Recording
    ) -> Receive:
        hearing = self.hearing
        return Receive(
            connect=self.connect,
            outbox=raw,
            confluence=confluence,
            status=self.status,
            now_ns=self._now_ns,
            hushes=SERVE in self._roles,
            position=hearing.position,
            epoch=hearing.epoch,
            begun=hearing.begun,
            lacking=hearing.lacking,
            read=hearing.read,
            may_read=recording.has_room,
            is_deserted=lambda: not self.crew.with_role(INGEST),
        )

    def shared(
        self, status: MarketStatus, follow: Callable[[Selection], Awaitable[None]]
    ) -> Callable[[Selection], Awaitable[None]]:
        """What stands between a market's listing and its fleet: this node's share."""
        share = Share(
            status=status,
            follow_all=follow,
            nodes=self._ingest_nodes,
            me=self.crew.me,
            copies=self._settings.copies,
            overlap_s=self._settings.takeover_s,
            released=lambda symbols: self._released(status, symbols),
            took_over=self._took_over,
            resumes=lambda: self._had_log,
        )
        self.duty.shares.append(share)
        return share.follow

    def children(self, new: Callable[..., Supervisor], feeds: Supervisor) -> list[Child]:
        """The feeds, whatever collects what they say, and those that need no order among them."""
        self._feeds, self._beside = feeds, new("hub/bus", [Child("member", self.member.run)])
        if not self.ingests:
            return [Child("bus", self._beside.run)]
        send = Send(self.connect, self.outgoing, self.status, self._connected)
        self._beside.add(Child("send", send.run))
        self._beside.add(Child("duty", self.duty.run))
        outlet = [Child("collect", self.collect.run), Child("feeds", feeds.run)]
        self._outlet = new("hub/outlet", outlet, strategy="rest_for_one")
        return [Child("outlet", self._outlet.run), Child("bus", self._beside.run)]

    def report(self) -> BusReport:
        """How the bus does, as seen from here."""
        return self.status.report()

    async def drain(self) -> None:
        """The others take over → the feeds stop → what they said is on the bus → the note is taken away."""
        self._is_leaving = True
        self.member.wake()
        if self.ingests:
            if not self.status.errors and self._ingest_nodes():
                await trio.sleep(PART_WITHIN_S)
            self._feeds.stop()
            await self._outlet.wait_child("feeds")
            self.collect.tell(Missing(self.crew.me, self.collect.run_id))
            self.feeds_send.close()
            await self._outlet.wait_child("collect")
            with trio.move_on_after(LEAVE_WITHIN_S):
                await self._beside.wait_child("send")
        self.member.stop()
        with trio.move_on_after(LEAVE_WITHIN_S):
            await self._beside.wait_child("member")
        self.receive.stop()

    # What the actors ask and tell

    def _note(self) -> Note:
        self._beats += 1
        return Note(
            process=self._process,
            run=self.collect.run_id if self.ingests else self._process,
            roles=() if self._is_leaving else self._roles,
            beats=self._beats,
            now_ns=self._now_ns(),
            url=self._url,
            books=self.control.books() if self.hears else {},
            orders=self.crew.orders,
        )

    def _ingest_nodes(self) -> list[str]:
        nodes = {name for name in self.crew.with_role(INGEST) if name != self.crew.me}
        return sorted(nodes if self._is_leaving else nodes | {self.crew.me})

    def _changed(self, change: Change) -> None:
        now_ns = self._now_ns()
        self.status.nodes = tuple(
            NodeReport(name=name, roles=note.roles, url=note.url, clock_ahead_ms=(note.now_ns - now_ns) / 1e6)
            for name, note in sorted(self.crew.nodes.items())
        )
        for name, note in change.gone.items():
            if name != self.crew.me:
                self._lose(name, note)
        others = change.joined.keys() - {self.crew.me}
        if others:
            _logger.info("nodes joined: %s", ", ".join(sorted(others)))
            self.collect.restate()
        self.duty.wake()

    def _lose(self, name: str, note: Note) -> None:
        if note.roles:
            _logger.warning("node %s is not heard of any more roles=%s", name, ",".join(note.roles))
        if self.ingests and INGEST in note.roles:
            self.collect.tell(Missing(name, note.run))

    def _connected(self, extent: Extent) -> None:
        self._had_log = self._had_log or extent.newest > self.status.published
        self.collect.restate()

    def _released(self, status: MarketStatus, symbols: list[str]) -> None:
        for symbol in symbols:
            self.collect.release(status.exchange, status.market, symbol)
        self.collect.tell(Released(status.exchange, status.market, symbols))

    def _took_over(self, count: int) -> None:
        self.status.took_over += count
        _logger.info("took over instruments from other nodes count=%d", count)
