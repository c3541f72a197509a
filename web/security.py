"""Who may ask, from where, and what browsers are told: Host, Origin, control rights, response headers.

A hub on a desk is reachable by every web page that its user opens. Three rules keep those out: the Host
header must be ours (against DNS rebinding), a foreign Origin gets no WebSocket and no control, and
control needs this machine or a token.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from actors.runtime.settings import WebSettings
from web.problems import Problem

HEADERS = {
    # Chromium, Firefox and Safari take a WebSocket to our own host and port as 'self'.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
DEFAULT_PORTS = {"http": 80, "https": 443}


class Headers(Protocol):
    """What is needed of a request's headers."""

    def get(self, key: str, default: str = "") -> str:
        """The value of a header."""

    def __contains__(self, key: object) -> bool: ...


@dataclass(frozen=True)
class Gate:
    """The rules, as the settings of `[web]` make them."""

    settings: WebSettings

    def check_host(self, headers: Any) -> None:
        """Raise a 421 `Problem` when the request was meant for somebody else's name.

        A missing Host is let in: browsers always send one, and only browsers can be rebound.
        """
        host = headers.get("Host", "")
        if host and not self.host_allowed(host_name(host)):
            raise Problem(421, "This hub does not serve that host name.", code="misdirected")

    def host_allowed(self, name: str) -> bool:
        """Whether `name` may stand in the Host header."""
        if is_loopback(name) or name in self.allowed_hosts():
            return True
        if is_loopback(self.settings.host):
            return False
        # A page can only be rebound under a name, so bare addresses are safe (and health probes use them).
        return is_address(name) or not self.settings.allowed_origins

    def allowed_hosts(self) -> set[str]:
        """The host names of the allowed origins."""
        return {urlsplit(origin).hostname or "" for origin in self.settings.allowed_origins} - {""}

    def check_origin(self, headers: Any) -> None:
        """Raise a 403 `Problem` when a browser sends the request for a page of another origin.

        Programs send no Origin and are let in; `null` (sandboxed frames, local files) is foreign.
        """
        origin = headers.get("Origin")
        if origin is not None and not self.origin_allowed(origin, headers.get("Host", "")):
            raise Problem(403, "Pages of that origin may not use this hub.", code="foreign_origin")

    def check_embedding(self, headers: Any) -> None:
        """Raise a 403 `Problem` when a page of another site has the browser fetch this unasked.

        Reading needs no check (the page never sees the answer), but some reading sets things in motion.
        """
        behind = headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") != "navigate"
        if behind and headers.get("Origin", "") not in self.settings.allowed_origins:
            raise Problem(403, "Pages of other sites may not have books followed.", code="foreign_origin")

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may talk to a hub that was addressed as `host`."""
        if origin in self.settings.allowed_origins:
            return True
        scheme, _, authority = origin.partition("://")
        if scheme not in DEFAULT_PORTS or not authority or not host:
            return False
        return place(authority, DEFAULT_PORTS[scheme]) == place(host, DEFAULT_PORTS[scheme])

    def check_control(self, headers: Any, peer: str) -> None:
        """Raise a 401 or 403 `Problem` unless the request may start and stop things.

        The token opens from anywhere. Without it the request must come from this machine, addressed by a
        loopback name, not through a proxy (behind which everybody is local), and not for a foreign page.
        """
        if self.token_matches(headers.get("Authorization", "")):
            return
        self.check_origin(headers)
        proxied = any(name in headers for name in FORWARDED)
        if is_loopback(peer) and is_loopback(host_name(headers.get("Host", ""))) and not proxied:
            return
        challenge = {"WWW-Authenticate": 'Bearer realm="tickwell control"'}
        detail = (
            "Control needs `Authorization: Bearer <control_token>`, or a request on the hub's own machine."
        )
        raise Problem(401, detail, code="control_refused", headers=challenge)

    def token_matches(self, authorization: str) -> bool:
        """Whether the header carries the control token. An empty token in the settings matches nothing."""
        scheme, _, token = authorization.partition(" ")
        expected = self.settings.control_token
        given = token.strip().encode("utf-8", "replace")
        return bool(expected) and scheme.lower() == "bearer" and hmac.compare_digest(given, expected.encode())


def host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets, in lower case."""
    name, port = place(host, 0)
    return name if port >= 0 else ""


def place(authority: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host[:port]`; port -1 when it is malformed."""
    try:
        parts = urlsplit(f"//{authority}")
        port = parts.port
    except ValueError:
        return authority, -1
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return authority, -1
    return (parts.hostname or "").rstrip("."), default_port if port is None else port


def is_address(name: str) -> bool:
    """Whether `name` is a bare IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether `name` (a host name, or an IP address of either family) means this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if not is_address(name):
        return False
    address = ip_address(name)
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (inner or address).is_loopback
