"""What a Redis means by its errors, in plain words."""

from __future__ import annotations

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - theirs
)

from actors.runtime.errors import SinkError, SinkRefused, SinkUnavailable
from actors.sinks._redis_address import Address

_WORDS: tuple[tuple[type[RedisError], str], ...] = (
    (AuthenticationError, "refuses the user name or password"),
    (BusyLoadingError, "is loading its data, and answers when it has done so"),
    (OutOfMemoryError, "is full: raise its maxmemory, or let less be kept in [sink:redis]"),
    (ReadOnlyError, "is a replica that takes no writes: give the URL of its primary"),
    (NoPermissionError, "does not allow this user to do that"),
    (InvalidResponse, "answers, and is no Redis"),
    (MovedError, "is part of a Redis Cluster, which is not supported"),
)
_WRONG_TYPE = "WRONGTYPE "


def translated(error: RedisError | OSError, address: Address, timeout_s: float) -> SinkError:
    """The same as a `SinkError` that says what to do."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return SinkUnavailable(f"{address} {words} ({error})")
    if isinstance(error, TimeoutError):
        return SinkUnavailable(f"{address} did not answer within {timeout_s:g} s")
    words = str(error)
    if isinstance(error, ResponseError) and words.startswith(_WRONG_TYPE):
        return SinkRefused(
            f"{address}: {words.removeprefix(_WRONG_TYPE)}, so it is not ours: rename or delete it"
        )
    if isinstance(error, ResponseError):
        return SinkUnavailable(f"{address} takes no rows: {words}")
    return SinkUnavailable(f"{address} cannot be reached: {words}")
