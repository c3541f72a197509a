"""Bytes on the wire: server WebSocket frames built by hand, JSON helpers, garbage, HTTP replies.

Server frames are unmasked, so a frame is a short header in front of the payload. Building it here, once
per message, lets every subscriber share the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from simulator.dice import Dice

TEXT_OPCODE: Final = 0x81
BINARY_OPCODE: Final = 0x82
REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
_encode = msgspec.json.Encoder().encode


def frame(payload: bytes, opcode: int = TEXT_OPCODE) -> bytes:
    """One complete, unmasked, unfragmented WebSocket frame."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 65_536:
        return bytes((opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((opcode, 127)) + size.to_bytes(8, "big") + payload


def to_json(value: object) -> bytes:
    """Compact JSON."""
    return _encode(value)


def json_frame(value: object) -> bytes:
    """A text frame with a JSON value."""
    return frame(_encode(value))


def garbage_frame(variant: str, random: Dice) -> bytes:
    """A well-formed WebSocket frame whose content no codec should accept."""
    if variant == "mixed":
        variant = random.choice(("malformed", "truncated", "binary", "nan"))
    if variant == "malformed":
        return frame(b'{"topic":"tickers.BTCUSDT","data":{"lastPrice":]}')
    if variant == "truncated":
        return frame(b'{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":17')
    if variant == "binary":
        return frame(random.randbytes(48), BINARY_OPCODE)
    return frame(b'{"channel":"bbo","topic":"tickers.BTCUSDT","data":{"lastPrice":NaN,"time":NaN}}')


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0  # how long the server sits on it

    def encode(self) -> bytes:
        """The response as HTTP/1.1 bytes."""
        head = [
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Error')}",
            f"content-type: {self.content_type}",
            f"content-length: {len(self.body)}",
        ]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join((*head, "", "")).encode("ascii") + self.body


def json_reply(value: Any, status: int = 200) -> Reply:
    """A JSON response."""
    return Reply(to_json(value), status)


def text_reply(text: str, status: int) -> Reply:
    """A plain-text response."""
    return Reply(text.encode(), status, "text/plain")
