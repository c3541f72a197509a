"""Which names and which pages are ours, and what pages of other origins are told (CORS).

A hub on a desk is reachable by every web page that its user opens. Two rules keep those out: the Host header
must be ours (against DNS rebinding), and a foreign Origin gets nothing but what anybody may embed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from actors.runtime.settings import WebSettings
from web.guard.addresses import is_address, is_loopback, place

DEFAULT_PORTS = {"http": 80, "https": 443}
REQUEST_HEADERS = "Authorization, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id"
RESPONSE_HEADERS = "ETag, Retry-After, WWW-Authenticate, X-Request-Id"
PREFLIGHT_KEPT_S = 600


@dataclass(frozen=True)
class Origins:
    """The rules, as the settings of `[web]` make them."""

    settings: WebSettings

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

    def listed(self, origin: str) -> bool:
        """Whether the settings name `origin`, exactly as browsers send it."""
        return origin in self.settings.allowed_origins

    def allowed(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may talk to a hub that was addressed as `host`."""
        if self.listed(origin):
            return True
        scheme, _, authority = origin.partition("://")
        if scheme not in DEFAULT_PORTS or not authority or not host:
            return False
        return place(authority, DEFAULT_PORTS[scheme]) == place(host, DEFAULT_PORTS[scheme])

    def sharing(self, origin: str) -> dict[str, str]:
        """The headers that let a page of `origin` read an answer; none for a page that may not.

        There is no wildcard, and never `Allow-Credentials`: nobody is known here by a cookie.
        """
        if not self.listed(origin):
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": RESPONSE_HEADERS}

    def preflight(self, origin: str, methods: Iterable[str]) -> dict[str, str]:
        """The headers that let a page of `origin` ask with such `methods`; none for a page that may not."""
        sharing = self.sharing(origin)
        if not sharing:
            return {}
        return sharing | {
            "access-control-allow-methods": ", ".join(sorted(methods)),
            "access-control-allow-headers": REQUEST_HEADERS,
            "access-control-max-age": str(PREFLIGHT_KEPT_S),
        }
