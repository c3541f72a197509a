"""Where a hub is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, urlsplit

from actors.runtime.errors import SettingsError
from actors.runtime.settings import WebSettings

SCHEMES = {"ws": False, "http": False, "wss": True, "https": True}
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True)
class Address:
    """A hub's host, port, and the path of its stream; `is_secure` with TLS. `token` is shown to it, if there
    is one."""

    host: str
    port: int
    path: str
    is_secure: bool
    token: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """Host and port, as a Host header has them."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def http_url(self) -> str:
        """What the paths of the HTTP interface begin with."""
        return f"{'https' if self.is_secure else 'http'}://{self.authority}{self.path.removesuffix('/ws')}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def __str__(self) -> str:
        return f"{'wss' if self.is_secure else 'ws'}://{self.authority}{self.path}"


def read_address(url: str | None, web: WebSettings) -> Address:
    """The hub that is meant; without a `url`, where the settings have it listen. The token is that of
    `TICKWELL_TOKEN`, for command lines can be read by everybody on a machine. Raises `SettingsError`."""
    token = os.environ.get("TICKWELL_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise SettingsError(["TICKWELL_TOKEN: expected one line, as `token create` printed it"])
    return replace(place_of(url, web), token=token)


def place_of(url: str | None, web: WebSettings) -> Address:
    """Where the hub is. Raises `SettingsError`."""
    if url is None:
        host = ANY_ADDRESS.get(web.host, web.host)
        return Address(host, web.port, "/ws", bool(web.tls_certificate))
    split = urlsplit(url if "://" in url else f"ws://{url}")
    if split.scheme not in SCHEMES:
        raise wrong(url, f"it begins with {split.scheme}://")
    if not split.hostname:
        raise wrong(url, "it names no host")
    path = split.path.rstrip("/")
    path = path if path.endswith("/ws") else f"{path}/ws"
    return Address(split.hostname, port_of(url, split, web), path, SCHEMES[split.scheme])


def port_of(url: str, split: SplitResult, web: WebSettings) -> int:
    """The port that is named, or the usual one. Raises `SettingsError`."""
    try:
        port = split.port
    except ValueError:
        raise wrong(url, "its port is not between 0 and 65535") from None
    if port is not None:
        return port
    if "://" not in url:
        return web.port
    return 443 if SCHEMES[split.scheme] else 80


def wrong(url: str, why: str) -> SettingsError:
    """The error about an address that means nothing."""
    return SettingsError([f"--url={url[:200]!r}: {why}; expected such as ws://127.0.0.1:8765/ws"])


def bracketed(host: str) -> str:
    """The host as a URL has it."""
    return f"[{host}]" if ":" in host else host
