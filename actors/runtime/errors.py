"""Every exception of Tickwell.

TickwellError
├── SettingsError               refuse to start: exit 2
├── StartError                  a port, a file or a permission is in the way: exit 73
├── FeedError                   the world outside failed: restart with backoff, for ever, never counted
│   ├── ConnectionLost          DNS, TLS, a 5xx
│   │   ├── ConnectionClosed    an open socket ended
│   │   └── BusUnavailable      the bus between several machines: down, slow, or it does not let us in
│   ├── StaleFeed               connected, but the data stopped
│   ├── Rejected                the exchange says no (4xx): retried at the longest delay
│   └── RateLimited             the exchange says later: carries `retry_after_s`
├── DecodeError                 one bad frame: counted and skipped
├── NotWatchable                an order book cannot be watched: whoever asked for it is told why
│   ├── NotFollowed             its instrument is not followed
│   ├── NotOffered              its market has no books
│   └── TooManyBooks            so many are watched already
├── SinkError                   rows cannot be written
│   ├── SinkUnavailable         trying again later may help: down, slow, full, wrong password
│   ├── SinkRefused             these rows will never be taken: a schema that does not fit
│   └── OutboxUnwritable        our own disk takes nothing: full, read-only, broken
├── HistoryTimeout              a question about history took too long
└── RestartIntensityExceeded    a supervisor gives up; its parent counts it
anything else                   our bug: counted against restart intensity
"""

from __future__ import annotations

from typing import ClassVar


class TickwellError(Exception):
    """The root of everything that Tickwell raises on purpose."""


class SettingsError(TickwellError):
    """The settings cannot be used. `problems` holds one line per mistake, all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StartError(TickwellError):
    """Something that the machine must give is missing: a free port, a readable file, a permission."""


class FeedError(TickwellError):
    """The outside world failed. `retry_after_s` is the least time to wait before the next attempt.

    `cause` is the one word under which it is counted.
    """

    cause: ClassVar[str] = "other"
    retry_after_s: float | None

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConnectionLost(FeedError):
    """A connection could not be made, or ended."""

    cause = "network"


class ConnectionClosed(ConnectionLost):
    """A connection was open and ended: the exchange closed it, or it was dropped."""

    cause = "closed"


class BusUnavailable(ConnectionLost):
    """The bus cannot be used now; what has not arrived there is sent again, or counted as lost."""


class StaleFeed(FeedError):
    """A connection is open and its data stopped."""

    cause = "stall"


class Rejected(FeedError):
    """The exchange refuses what was asked; asking again soon will not help."""

    cause = "rejected"


class RateLimited(FeedError):
    """The exchange asks for patience."""

    cause = "rate_limited"


class DecodeError(TickwellError):
    """A frame does not hold what its exchange documents."""


class NotWatchable(TickwellError):
    """An order book cannot be watched; its words are for whoever asked."""


class NotFollowed(NotWatchable):
    """The instrument is not followed, so nothing of it can be watched."""


class NotOffered(NotWatchable):
    """The market has no order books for us."""


class TooManyBooks(NotWatchable):
    """As many books are watched as may be; some will end."""


class SinkError(TickwellError):
    """Rows cannot be written; it says where and why."""


class SinkUnavailable(SinkError):
    """The sink does not take anything now: it is down, slow, full, or does not let us in."""


class SinkRefused(SinkError):
    """The sink will never take these rows: its schema is another."""


class OutboxUnwritable(SinkError):
    """The outbox cannot be written now: the disk is full, read-only or broken."""


class HistoryTimeout(TickwellError):
    """A question about history took longer than it may."""


class RestartIntensityExceeded(TickwellError):
    """A supervisor's children failed more often than its restart intensity allows."""


def leaf_errors(error: BaseException) -> list[BaseException]:
    """The exceptions inside nested groups, in order; a plain exception is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for member in error.exceptions for leaf in leaf_errors(member)]
    return [error]


def is_worlds_fault(error: BaseException) -> bool:
    """Whether nothing but `FeedError`s are inside."""
    return all(isinstance(leaf, FeedError) for leaf in leaf_errors(error))


def cause_of(error: BaseException) -> str:
    """The one word under which a failure is counted; `bug` for a mistake of ours."""
    cause = main_error(error)
    return cause.cause if isinstance(cause, FeedError) else "bug"


def main_error(error: BaseException) -> BaseException:
    """The leaf that tells most: our own mistake before the world's, the most patient of the world's."""
    leaves = leaf_errors(error)
    ours = [leaf for leaf in leaves if not isinstance(leaf, FeedError)]
    return ours[0] if ours else max(leaves, key=lambda leaf: getattr(leaf, "retry_after_s", None) or 0.0)
