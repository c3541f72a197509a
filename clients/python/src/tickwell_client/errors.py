"""Every exception of this package.

TickwellError
├── ConnectionFailed        the hub cannot be reached now; an open `Hub` tries again by itself
│   ├── ConnectionLost      an open connection ended: carries the close `code` and the `reason`
│   └── ProtocolError       what came is not the protocol that this client speaks
├── Refused                 the hub will not have us: trying again as we are will not help
├── HubClosed               the block of `connect` has ended
├── RequestError            the hub answered no: carries `code`, `message`, `field`, `temporary`
├── RequestTimeout          no answer came in time
├── MissedEvents            events are missing at this place (only with `on_gap="raise"`): carries the `gap`
└── RestError               an answer over HTTP that is a problem: carries `status`, `code`, `detail`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwell_client.events import Gap

CLOSED_ABNORMALLY = 1006


class TickwellError(Exception):
    """The root of everything that this package raises on purpose."""


class ConnectionFailed(TickwellError):
    """The hub cannot be reached now. `retry_after_s` is what it asked us to wait, if it did."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConnectionLost(ConnectionFailed):
    """An open connection ended. `code` is the WebSocket's close code, 1006 if there was no close frame."""

    def __init__(self, message: str, *, code: int = CLOSED_ABNORMALLY, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class ProtocolError(ConnectionFailed):
    """What came is not what `docs/protocol.md` says, or of a version that this client does not speak."""


class Refused(TickwellError):
    """The hub will not have us, and we do not come back by ourselves.

    `code` is the WebSocket's close code (1008, 1009, 4500 and above) or the HTTP status (4xx).
    """

    def __init__(self, message: str, *, code: int, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class HubClosed(TickwellError):
    """The block of `connect` has ended, and nothing more can be asked."""


class RequestError(TickwellError):
    """The hub answered no.

    `code` is for programs (`unknown_symbol`, `bad_params`, …), `message` for people, `field` names the
    parameter, `temporary` says that the same request may succeed later.
    """

    def __init__(self, code: str, message: str, field: str | None = None, temporary: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.temporary = temporary


class RequestTimeout(TickwellError):
    """No answer came in time. It may have been carried out all the same."""


class MissedEvents(TickwellError):
    """Events are missing between the last one and the next. The iteration can go on."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(
            f"missed {'some' if gap.missed is None else gap.missed} of {gap.channel}: {gap.reason}"
        )
        self.gap = gap


class RestError(TickwellError):
    """The hub answered over HTTP with a problem (RFC 9457).

    `errors` names each parameter that was not understood, its value and what is expected.
    """

    def __init__(self, status: int, code: str | None, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{status}{f' {code}' if code else ''}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
