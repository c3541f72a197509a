"""One subscription on an open connection: what is answered to it, and when the first data comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio
from msgspec import Struct

from actors.exchanges.base import Acknowledged, Codec, Refused, Send, Topic
from actors.feed.transport import Connection
from actors.market.events import Quote, TickerUpdate
from actors.runtime.errors import DecodeError, FeedError

DATA_WITHIN_S = 8.0


class Answers(Struct):
    """What came. `heard` holds the names of topics, `first_s` how long the first data took, `age_ns` how old
    the freshest was by our clock, `failure` how the connection ended, if it did."""

    acknowledged: int = 0
    refused: list[str] = []
    heard: set[str] = set()
    first_s: float | None = None
    age_ns: int | None = None
    waited_s: float = 0.0
    failure: str = ""


async def converse(
    codec: Codec, connection: Connection, topics: Sequence[Topic], now_ns: Callable[[], int]
) -> Answers:
    """Subscribe, and listen until all that must speak has spoken, something is refused, or time is up."""
    answers, began_s = Answers(refused=[], heard=set()), trio.current_time()
    try:
        with trio.move_on_after(DATA_WITHIN_S):
            await _subscribe(codec, connection, topics)
            while not answers.refused and not _is_enough(answers, topics):
                for frame in await connection.receive():
                    await _take(codec, connection, frame, now_ns(), answers)
                answers.heard = set(codec.heard) & {topic.name for topic in topics}
                if answers.heard and answers.first_s is None:
                    answers.first_s = trio.current_time() - began_s
    except FeedError as error:
        answers.failure = str(error)
    answers.waited_s = trio.current_time() - began_s
    return answers


def _is_enough(answers: Answers, topics: Sequence[Topic]) -> bool:
    """Whether nothing more is to be waited for: all that greet have spoken, or any, where none does."""
    greeting = {topic.name for topic in topics if topic.greets}
    return answers.heard >= greeting if greeting else bool(answers.heard)


async def _subscribe(codec: Codec, connection: Connection, topics: Sequence[Topic]) -> None:
    size = codec.limits.topics_per_request
    for number, start in enumerate(range(0, len(topics), size), 1):
        if number > 1:
            await trio.sleep(1 / codec.limits.requests_per_s)
        await connection.send(codec.subscribe(topics[start : start + size], number))


async def _take(codec: Codec, connection: Connection, frame: bytes, ts_recv: int, answers: Answers) -> None:
    try:
        items = codec.receive(frame, ts_recv)
    except DecodeError:
        return
    for item in items:
        match item:
            case Acknowledged():
                answers.acknowledged += 1
            case Refused():
                answers.refused.append(item.reason)
            case Send():
                await connection.send(item.payload)
            case Quote() | TickerUpdate() if item.ts_event is not None:
                age_ns = ts_recv - item.ts_event
                answers.age_ns = age_ns if answers.age_ns is None else min(age_ns, answers.age_ns)
