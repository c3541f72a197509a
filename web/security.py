"""Who may ask: by the Host and the Origin, by the address and the token, and by how often they have asked.

`web/guard/` holds the parts; here they make one gate, which every request passes. Reading is open to whoever
reaches the port, unless the settings close it. To change something always takes a token, or this machine.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NoReturn

import trio

from actors.runtime.clock import steady_clock
from actors.runtime.settings import TokenSettings, WebSettings
from web.guard.addresses import client_address, host_name, is_loopback, networks_of, share_of
from web.guard.keyring import Holder, Keyring, Refusal, Scope
from web.guard.origins import Origins
from web.guard.rates import Rate
from web.guard.tickets import Tickets
from web.problems import Problem
from web.quietlog import QuietLog

HEADERS = {
    # Chromium, Firefox and Safari take a WebSocket to our own host and port as 'self'.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
CONTROL_BURST = 10
FAILURES_PER_MINUTE = 10
FAILURES_BURST = 20
REFUSALS = (
    "misdirected",
    "foreign_origin",
    "token_required",
    "control_refused",
    "bad_token",
    "token_expired",
    "wrong_scope",
)
LIMITS = ("address", "token", "control", "failures")
REALM = 'Bearer realm="tickwell"'


@dataclass(frozen=True)
class Caller:
    """Who asks. `address` is where from, as far as that can be believed; `is_here` says that it is this
    machine, asked by a loopback name and through no proxy, behind which everybody would be local; `found` is
    whose token came."""

    address: str
    is_here: bool
    found: Holder | Refusal = "missing"

    @property
    def holder(self) -> Holder | None:
        """Whose token it is, if it is one."""
        return self.found if isinstance(self.found, Holder) else None

    @property
    def who(self) -> str:
        """Whom limits count: the token's holder, or else the address."""
        return f"token {self.holder.name}" if self.holder else f"address {share_of(self.address)}"


@dataclass
class Gate:
    """The rules, as the settings make them, and what has gone through. `refused` and `limited` count by
    cause."""

    settings: WebSettings
    tokens: Mapping[str, TokenSettings] = field(default_factory=dict)
    now_ns: Callable[[], int] = field(default_factory=steady_clock)
    tickets: Tickets = field(default_factory=Tickets)
    quiet: QuietLog = field(default_factory=QuietLog)
    refused: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        settings = self.settings
        self.origins = Origins(settings)
        self.keyring = Keyring(self.tokens, settings.control_token)
        self.proxies = networks_of(settings.trusted_proxies)
        self.requests = Rate(settings.requests_per_s, settings.requests_burst)
        self.controls = Rate(settings.control_per_minute / 60, CONTROL_BURST)
        self.failures = Rate(FAILURES_PER_MINUTE / 60, FAILURES_BURST)

    def caller(self, headers: Any, peer: str) -> Caller:
        """Who sends a request with these `headers` over a connection of `peer`."""
        found = self.keyring.find(headers.get("Authorization", ""), self.now_ns())
        if not any(name in headers for name in FORWARDED):
            is_here = is_loopback(peer) and is_loopback(host_name(headers.get("Host", "")))
            return Caller(peer, is_here, found)
        forwarded = ",".join(headers.getlist("X-Forwarded-For"))
        return Caller(client_address(peer, forwarded, self.proxies), False, found)

    def caller_of(self, request: Any) -> Caller:
        """Who sends `request`, which may be a WebSocket's."""
        peer = (request.scope.get("client") or ("",))[0]
        return self.caller(request.headers, str(peer))

    def check_host(self, headers: Any) -> None:
        """Raise a 421 `Problem` when the request was meant for somebody else's name.

        A missing Host is let in: browsers always send one, and only browsers can be rebound.
        """
        host = headers.get("Host", "")
        if host and not self.origins.host_allowed(host_name(host)):
            self.refused["misdirected"] += 1
            raise Problem(421, "This hub does not serve that host name.", code="misdirected")

    def check_origin(self, headers: Any) -> None:
        """Raise a 403 `Problem` when a browser sends the request for a page of another origin.

        Programs send no Origin and are let in; `null` (sandboxed frames, local files) is foreign.
        """
        origin = headers.get("Origin")
        if origin is not None and not self.origins.allowed(origin, headers.get("Host", "")):
            self.refused["foreign_origin"] += 1
            raise Problem(403, "Pages of that origin may not use this hub.", code="foreign_origin")

    def check_embedding(self, headers: Any) -> None:
        """Raise a 403 `Problem` when a page of another site has the browser fetch this unasked.

        Reading needs no check (the page never sees the answer), but some reading sets things in motion.
        """
        behind = headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") != "navigate"
        if behind and not self.origins.listed(headers.get("Origin", "")):
            self.refused["foreign_origin"] += 1
            raise Problem(403, "Pages of other sites may not have books followed.", code="foreign_origin")

    def admit(self, caller: Caller) -> None:
        """Count a request; raise a 429 `Problem` when it is one too many. This machine has no limit."""
        if not caller.is_here:
            self._limit("token" if caller.holder else "address", self.requests, caller.who)

    def may_read(self, caller: Caller) -> bool:
        """Whether the caller may have data."""
        with_token = caller.holder is not None and caller.holder.may("read")
        return self.settings.public_read or caller.is_here or with_token

    def check_read(self, caller: Caller) -> None:
        """Raise a 401 `Problem` unless the caller may read."""
        if self.may_read(caller):
            return
        self._refuse(caller, "read", "token_required", "Reading needs `Authorization: Bearer <token>`.")

    def check_ticket(self, caller: Caller) -> None:
        """Raise a 401 or 403 `Problem` unless the caller may have a ticket: for a token, or on this
        machine."""
        if not caller.is_here and not (caller.holder and caller.holder.may("read")):
            words = "A ticket is given for `Authorization: Bearer <token>`."
            self._refuse(caller, "read", "token_required", words)

    def check_control(self, headers: Any, peer: str, *, changes: bool = True) -> None:
        """Raise a 401, 403 or 429 `Problem` unless the request may change something, or see what only the
        owner may: not `changes`, which are fewer, and noted in the log.

        A token opens from anywhere. Without it the request must come from this machine, and not for a foreign
        page.
        """
        caller = self.caller(headers, peer)
        if changes and not caller.is_here:
            self._limit("control", self.controls, caller.who)
        if caller.holder is not None and caller.holder.may("control"):
            if changes:
                self._tell(logging.INFO, f"control by {caller.who}", caller)
            return
        self.check_origin(headers)
        if caller.is_here:
            return
        words = "Control needs `Authorization: Bearer <token>`, or a request on the hub's own machine."
        self._refuse(caller, "control", "control_refused", words)

    def _refuse(self, caller: Caller, scope: Scope, code: str, words: str) -> NoReturn:
        """Say why: no token, none of ours, too old, or not for this."""
        status, error = 401, ""
        if caller.found == "unknown":
            code, words, error = (
                "bad_token",
                "That token or ticket is not good here, or no longer.",
                "invalid_token",
            )
        elif caller.found == "expired":
            code, words, error = "token_expired", "That token has expired.", "invalid_token"
        elif caller.holder is not None:
            status, code, error = 403, "wrong_scope", "insufficient_scope"
            words = f"That token is not for this: it needs the scope `{scope}`."
        self.refused[code] += 1
        self._limit("failures", self.failures, f"address {share_of(caller.address)}")
        self._tell(logging.WARNING, f"refused to {scope}: {code}", caller)
        challenge = REALM + (f', error="{error}"' if error else "")
        raise Problem(status, words, code=code, headers={"www-authenticate": challenge})

    def _tell(self, level: int, words: str, caller: Caller) -> None:
        self.quiet.write(level, words, f"web: {words}, from {caller.address}")

    def _limit(self, cause: str, rate: Rate, who: str) -> None:
        wait_s = rate.take(who, trio.current_time())
        if wait_s > 0:
            self.limited[cause] += 1
            words = f"Too many requests; more than {rate.burst:g} at once and {rate.per_s * 60:g} a minute."
            raise Problem(429, words, code="rate_limited", headers={"retry-after": str(ceil(wait_s))})
