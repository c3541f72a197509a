"""Where a hub is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORT = 8765
_SCHEMES = {"ws": False, "http": False, "wss": True, "https": True}


@dataclass(frozen=True)
class Address:
    """A hub's host, port, and path of its stream; `is_secure` with TLS."""

    host: str
    port: int
    path: str
    is_secure: bool

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def rest_url(self) -> str:
        """Where the HTTP interface is."""
        return f"{'https' if self.is_secure else 'http'}://{self.authority}{self.path.removesuffix('/ws')}"

    def __str__(self) -> str:
        return f"{'wss' if self.is_secure else 'ws'}://{self.authority}{self.path}"


def parse(url: str) -> Address:
    """The address that `url` means.

    `ws`, `wss`, `http` and `https` are understood, and a host alone; the stream is at `/ws` unless the path
    says otherwise. Raises `ValueError`.
    """
    split = urlsplit(url if "://" in url else f"ws://{url}")
    if split.scheme not in _SCHEMES:
        raise ValueError(f"{url!r} begins with {split.scheme}://; ws, wss, http or https would be right")
    if not split.hostname:
        raise ValueError(f"{url!r} names no host; ws://127.0.0.1:{DEFAULT_PORT} would be right")
    path = split.path.rstrip("/")
    if not path.endswith("/ws"):
        path += "/ws"
    return Address(split.hostname, _port_of(url, split), path, _SCHEMES[split.scheme])


def _port_of(url: str, split: SplitResult) -> int:
    try:
        port = split.port
    except ValueError:
        raise ValueError(f"{url!r} has no port between 0 and 65535") from None
    if port is not None:
        return port
    if "://" not in url:
        return DEFAULT_PORT
    return 443 if _SCHEMES[split.scheme] else 80


def authorization(token: str) -> dict[str, str]:
    """The header that shows a token; none without one. Raises `ValueError` for what cannot stand in a
    header."""
    if not (token.isascii() and token.isprintable()):
        raise ValueError("token: one line of ASCII would be right, as `token create` printed it")
    return {"authorization": f"Bearer {token}"} if token else {}
