"""What to do about each way in which an exchange can be out of reach."""

from __future__ import annotations

from actors.runtime.errors import FeedError, RateLimited, Rejected

ADVICE = {
    "dns": "is this machine on the internet, and does it have a resolver (/etc/resolv.conf)? Some networks"
    " block the name: try another",
    "tcp": "a firewall on the way may close this port, or the exchange is down: look at its status page",
    "tls": "something on the way may answer in the exchange's place (a proxy), this machine's certificates"
    " may be old (package ca-certificates), or its clock wrong",
    "websocket": "a proxy on the way may not let WebSockets through, or the exchange is in maintenance",
    "listing": "the streams of named symbols work without it; * and top:N do not",
    "clock": "let NTP set this machine's clock (timedatectl set-ntp true)",
    "subscription": "the symbol may have been delisted: look at the listing, and at [exchange:…]",
    "data": "the exchange took the subscription and sends nothing: it may be in maintenance; if others have"
    " data, tell us",
}


def advice_on(check: str, error: FeedError) -> str:
    """What to do when a step ended with this error."""
    if isinstance(error, RateLimited):
        return f"this address asks too much: wait {error.retry_after_s or 60:g} s, run fewer hubs behind it"
    if isinstance(error, Rejected):
        return "the exchange refuses this address: some bar countries or data centres; try another network"
    return ADVICE[check]
