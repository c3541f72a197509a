"""One connection's life: from its welcome until it ends.

Two tasks share it. The reader hands frames to the feeds and answers to those who asked; the writer sends what
is to be sent, no faster than the hub allows. Whatever ends one of them ends the connection; `run` returns
why.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import anyio
from anyio.abc import TaskGroup

from tickwell_client.errors import (
    ConnectionFailed,
    ConnectionLost,
    RequestError,
    TickwellError,
)
from tickwell_client.events import Gap
from tickwell_client.feed import Feed
from tickwell_client.websocket import WebSocket
from tickwell_client.wire import Accepted, Codec, Envelope, GoingAway, Heartbeat, Payload, Welcome

SILENT_HEARTBEATS = 2  # so many heartbeats long nothing at all: the connection is dead
LOOK_AGAIN_S = 0.25
WARN_AFTER_S = 2.0
ASK_AGAIN_S = 1.0

Answered: TypeAlias = Callable[[Envelope | TickwellError], None]
log = logging.getLogger("tickwell_client")


class Link:
    """One open connection, and what is asked over it."""

    def __init__(self, websocket: WebSocket, codec: Codec, welcome: Welcome, early: list[Envelope]) -> None:
        self.welcome = welcome
        self.heartbeat = Heartbeat()
        self.going_away: GoingAway | None = None
        self._websocket = websocket
        self._codec = codec
        self._early = early
        self._feeds: dict[int, list[Feed[Any]]] = {}
        self._asking: list[list[Feed[Any]]] = []
        self._answers: dict[int, tuple[Answered, bool]] = {}
        self._awaited = 0
        self._last_req_id = 0
        self._outbox: deque[dict[str, Any]] = deque()
        self._news = anyio.Event()
        self._tasks: TaskGroup
        self._end: ConnectionFailed | None = None

    async def run(self) -> ConnectionFailed:
        """Carry frames until the connection ends. Returns why it did."""
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._guard, self._write)
            self._tasks.start_soon(self._guard, self._read)
        return self._end or ConnectionLost("the connection ended")

    def send(self, method: str, params: Any, answered: Answered, *, is_awaited: bool = False) -> int:
        """Have a request sent; `answered` gets the answer. Returns its number.

        `is_awaited`: somebody waits for it, so that a full mailbox must not hold up the reader.
        """
        self._last_req_id += 1
        self._answers[self._last_req_id] = (answered, is_awaited)
        self._awaited += is_awaited
        self._outbox.append({"method": method, "params": params, "req_id": self._last_req_id})
        self._news.set()
        return self._last_req_id

    def end(self, error: TickwellError) -> None:
        """No answer will come any more."""
        answers, self._answers = self._answers, {}
        for answered, _ in answers.values():
            answered(error)

    def forget(self, req_id: int) -> None:
        """Nobody waits for this answer any more."""
        if req_id in self._answers:
            self._awaited -= self._answers[req_id][1]
            self._answers[req_id] = (_ignore, False)

    def subscribe(self, feed: Feed[Any]) -> None:
        """Have the hub send what `feed` is about, from where it is. Equal feeds share one subscription."""
        request = feed.request()
        for feeds in self._feeds.values():
            if feeds[0].params == feed.params:
                feed.accept(feeds[0].accepted)
                feed.adopt(feeds[0])
                feeds.append(feed)
                return
        for together in self._asking:
            if together[0].params == feed.params:
                together.append(feed)
                return
        asking = [feed]
        self._asking.append(asking)
        self.send("subscribe", request, lambda answer: self._subscribed(asking, answer))

    def unsubscribe(self, feed: Feed[Any]) -> None:
        """End it, unless another feed lives on the same frames."""
        for sub, feeds in list(self._feeds.items()):
            if feed in feeds:
                feeds.remove(feed)
                if not feeds:
                    self._drop(sub)

    async def _guard(self, task: Callable[[], Any]) -> None:
        try:
            await task()
        except ConnectionFailed as error:
            self._end = self._end or error
            self._tasks.cancel_scope.cancel()

    # What is sent

    async def _write(self) -> None:
        """Send what waits, and keep to the number of messages per second that the hub allows."""
        allowed = max(1, int(self.welcome.limits.messages_per_s))
        sent: deque[float] = deque(maxlen=allowed)
        while True:
            while self._outbox:
                if len(sent) == allowed:
                    await anyio.sleep(max(0.0, sent[0] + 1.1 - anyio.current_time()))
                sent.append(anyio.current_time())
                await self._websocket.send(self._codec.encode(self._outbox.popleft()))
            self._news = anyio.Event()
            await self._news.wait()

    # What comes

    async def _read(self) -> None:
        for envelope in self._early:
            self._dispatch(envelope)
        while True:
            for message in await self._receive():
                self._dispatch(self._codec.envelope(message))
            await self._until_room()

    async def _receive(self) -> list[Payload]:
        silence_s = self.welcome.heartbeat_ms / 1000 * SILENT_HEARTBEATS
        with anyio.move_on_after(silence_s):
            return await self._websocket.receive()
        raise ConnectionLost(f"the hub has been silent for {silence_s:g} s")

    def _dispatch(self, frame: Envelope) -> None:
        if frame.method is not None or frame.success is not None:
            self._answered(frame)
        elif frame.sub is not None:
            self._data(frame.sub, frame)
        elif frame.channel == "heartbeat":
            self.heartbeat = Heartbeat(frame.lag_ms, frame.conflated)
        elif frame.channel == "system":
            self._system(frame)

    def _answered(self, frame: Envelope) -> None:
        """Answers come in the order of the requests: one that names none is the oldest's."""
        req_id = frame.req_id if frame.req_id is not None else next(iter(self._answers), None)
        if isinstance(req_id, int) and req_id in self._answers:
            answered, is_awaited = self._answers.pop(req_id)
            self._awaited -= is_awaited
            answered(frame)

    def _data(self, sub: int, frame: Envelope) -> None:
        for feed in list(self._feeds.get(sub, ())):
            if feed.is_abandoned:
                feed.mailbox.clear()
                self.unsubscribe(feed)
            elif not feed.receive(frame, self._codec):
                self._again(sub)
                return

    def _again(self, sub: int) -> None:
        """Something is missing: end the subscription, and begin it anew."""
        feeds = self._feeds.get(sub, [])
        self._drop(sub)
        for feed in feeds:
            self.subscribe(feed)

    def _drop(self, sub: int) -> None:
        del self._feeds[sub]
        self.send("unsubscribe", {"sub": sub}, _ignore)

    def _subscribed(self, asking: list[Feed[Any]], answer: Envelope | TickwellError) -> None:
        self._asking.remove(asking)
        if isinstance(answer, TickwellError):
            return  # the next connection asks again
        if answer.error is not None or not answer.success:
            for feed in asking:
                self._refused(feed, error_of(answer))
            return
        accepted = self._codec.read(answer.result, Accepted)
        _log_complaints(asking[0], accepted)
        sharing = self._feeds.setdefault(accepted.sub, [])
        for feed in asking:
            feed.accept(accepted)
            if sharing and not feed.latest:
                feed.adopt(sharing[0])
            sharing.append(feed)
        for feed in asking:
            if feed.is_abandoned:
                self.unsubscribe(feed)

    def _refused(self, feed: Feed[Any], error: RequestError) -> None:
        """A feed that was accepted once comes again later, if the hub says that it may; so does one that came
        too fast."""
        if error.code == "rate_limited" or (error.temporary and feed.accepted is not None):
            self._tasks.start_soon(self._later, feed)
        else:
            feed.fail(error)

    async def _later(self, feed: Feed[Any]) -> None:
        await anyio.sleep(ASK_AGAIN_S)
        if not feed.is_abandoned:
            self.subscribe(feed)

    def _system(self, frame: Envelope) -> None:
        if frame.type == "gap":
            self._gap(self._codec.read(frame.data, Gap))
        elif frame.type == "slow_consumer":
            late = self._codec.read(frame.data, Heartbeat)
            log.warning("we are %d ms late: the hub merged %d updates", late.lag_ms, late.conflated)
        elif frame.type == "going_away":
            self.going_away = self._codec.read(frame.data, GoingAway)
            log.info("the hub goes away: %s", self.going_away.reason)

    def _gap(self, gap: Gap) -> None:
        """What we missed goes to its subscription; what the hub missed of an exchange to all that it
        concerns."""
        for sub, feeds in self._feeds.items():
            for feed in feeds:
                if gap.sub == sub or (gap.sub is None and feed.concerns(gap)):
                    feed.gap(gap)

    # Backpressure

    async def _until_room(self) -> None:
        """Read no further while somebody has too much to read: so the hub learns that we are slow."""
        for feeds in list(self._feeds.values()):
            for feed in feeds:
                if feed.mailbox.is_full:
                    await self._until_room_for(feed)

    async def _until_room_for(self, feed: Feed[Any]) -> None:
        since, is_warned = anyio.current_time(), False
        while feed.mailbox.is_full and not feed.is_abandoned:
            if self._awaited and not feed.mailbox.is_overfull:
                return
            with anyio.move_on_after(LOOK_AGAIN_S):
                await feed.mailbox.wait()
            if not is_warned and anyio.current_time() - since > WARN_AFTER_S:
                is_warned = True
                log.warning("nobody reads %s: everything on this connection waits", feed.params)


def error_of(answer: Envelope) -> RequestError:
    """The exception of an answer that says no."""
    error = answer.error
    if error is None:
        return RequestError("unknown", "the hub said no, and not why")
    return RequestError(error.code, error.message, error.field, error.temporary)


def _log_complaints(feed: Feed[Any], accepted: Accepted) -> None:
    for rejection in accepted.rejected:
        log.warning("%s: %s: %s", feed.kind.channel, rejection.symbol, rejection.message)
    for warning in accepted.warnings:
        log.warning("%s: %s", feed.kind.channel, warning)


def _ignore(_: Envelope | TickwellError) -> None:
    """An answer that changes nothing."""
