"""What to do about each way in which an exchange can be out of reach."""

from __future__ import annotations

from actors.runtime.errors import RateLimited, Rejected

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


# Of notifiers: `{0}` is the section.
NOTIFIER_ADVICE = {
    "alerts": "say [alerts] enabled = yes, if this is the node that is to judge",
    "dns": "correct the name in {0}; or this machine has no resolver that knows it (/etc/resolv.conf)",
    "tcp": "start that server, correct {0}, or open the way: many networks close ports 25, 465 and 587",
    "tls": "it must show a valid certificate of its name; an authority of your own is trusted where the"
    " environment names its file as SSL_CERT_FILE",
    "bot": "take the token of the bot from @BotFather, and give it to {0} as secret_file or secret; or"
    " correct url, where one is given",
    "chat": "write to the bot, or take it into the group or channel; then correct {0} chat_id",
    "greeting": "correct {0} host, port and security: starttls mostly goes with port 587, tls with 465",
    "login": "correct {0} user, and the password in its secret_file or secret; some servers want one that is"
    " made for programs",
    "message": "the other side was reached, and did not take the message: look at its log, and correct {0}",
}


def advice_on(check: str, error: Exception) -> str:
    """What to do when a step ended with this error."""
    if isinstance(error, RateLimited):
        return f"this address asks too much: wait {error.retry_after_s or 60:g} s, run fewer hubs behind it"
    if isinstance(error, Rejected):
        return "the exchange refuses this address: some bar countries or data centres; try another network"
    return ADVICE[check]
