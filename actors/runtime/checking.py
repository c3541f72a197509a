"""What no single value of the settings can get wrong: pairs of values, lists, addresses, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from actors.runtime.settings import SCOPES, ExchangeSettings, TokenSettings, WebSettings
from actors.runtime.settings_bus import BusSettings
from actors.runtime.tokens import expiry_ns, is_hash, is_name

_SYMBOL = re.compile(r"\*|top:[1-9][0-9]{0,4}|(?!(?i:top):)(?:[\w.-]{1,20}:\*|[\w@][\w@/:.-]{0,39})")
_SYMBOL_WORDS = "symbols such as BTCUSDT, or *, or top:N, separated by commas"
# Where a server is: the variables that other programs know it by, and how its URL looks.
SERVERS: dict[str, tuple[tuple[str, ...], str]] = {
    "questdb": (("QUESTDB_URL",), "http://127.0.0.1:9000"),
    "redis": (("DRAGONFLY_URL", "REDIS_URL"), "redis://127.0.0.1:6379"),
    "nats": (("NATS_URL",), "nats://127.0.0.1:4222"),
}


def check_together(sections: Mapping[str, Any], problems: list[str]) -> None:
    """What no single value can get wrong."""
    supervisor, market, web = sections["supervisor"], sections["market"], sections["web"]
    if supervisor.reconnect_delay_max_s < supervisor.reconnect_delay_s:
        problems.append(
            f"[supervisor] reconnect_delay_max_s = {supervisor.reconnect_delay_max_s:g}:"
            f" must be at least reconnect_delay_s, which is {supervisor.reconnect_delay_s:g}"
        )
    if market.stale_after_max_s < market.stale_after_min_s:
        problems.append(
            f"[market] stale_after_max_s = {market.stale_after_max_s:g}:"
            f" must be at least stale_after_min_s, which is {market.stale_after_min_s:g}"
        )
    problems.extend(
        f"[sink:{name}] url is missing: such as {example}"
        for name, (_, example) in SERVERS.items()
        if sections[f"sink:{name}"].enabled and not sections[f"sink:{name}"].url
    )
    _check_web(web, problems)
    _check_bus(sections["bus"], problems)
    for name, section in sections.items():
        if name.startswith("exchange:"):
            _check_exchange(name, section, problems)
        if name.startswith("token:"):
            _check_token(name, section, problems)


def check_enabled(sections: Mapping[str, Any], problems: list[str]) -> None:
    """Whether there is anything to do."""
    exchanges = {name: each for name, each in sections.items() if name.startswith("exchange:")}
    if not any(each.enabled and (each.linear or each.spot) for each in exchanges.values()):
        problems.append(f"no exchange is enabled: give one of {', '.join(exchanges)} symbols to follow")


def _check_web(web: WebSettings, problems: list[str]) -> None:
    if bool(web.tls_certificate) != bool(web.tls_key):
        missing = "tls_key" if web.tls_certificate else "tls_certificate"
        problems.append(f"[web] {missing} is missing: TLS needs both the certificate and its key")
    problems.extend(
        f"[web] allowed_origins = … {origin} …: must be like https://charts.example.org, without a path"
        for origin in web.allowed_origins
        if not re.fullmatch(r"https?://[^\s/]+", origin)
    )
    problems.extend(
        f"[web] trusted_proxies = … {proxy} …: must be addresses or networks, such as 10.0.0.2 or 10.1.0.0/16"
        for proxy in web.trusted_proxies
        if not _is_network(proxy)
    )


def _check_bus(bus: BusSettings, problems: list[str]) -> None:
    if bus.kind != "none" and not bus.url:
        problems.append(f"[bus] url is missing: such as {SERVERS[bus.kind][1]}")
    for key, name in (("node", bus.node or "-"), ("prefix", bus.prefix)):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
            problems.append(f"[bus] {key} = {name}: must be letters, digits, - and _, 60 at most")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _check_token(place: str, token: TokenSettings, problems: list[str]) -> None:
    if not is_name(place.partition(":")[2]) or place == "token:control":
        problems.append(
            f"[{place}]: must be called by 1 to 32 small letters, digits and hyphens; not `control`, which "
            "is `control_token` of [web]"
        )
    if not is_hash(token.hash):
        problems.append(
            f"[{place}] hash: must be what `token create` prints (sha256:…), and never the token itself"
        )
    strange = [scope for scope in token.scopes if scope not in SCOPES]
    if strange or not token.scopes:
        shown = ", ".join(strange)
        problems.append(f"[{place}] scopes = {shown}: must be of {', '.join(SCOPES)}, separated by commas")
    try:
        expiry_ns(token.expires)
    except (ValueError, OverflowError):
        problems.append(
            f"[{place}] expires = {token.expires}: must be a time such as 2027-01-31 or 2027-01-31T12:00:00Z"
        )


def _check_exchange(name: str, exchange: ExchangeSettings, problems: list[str]) -> None:
    for market in ("linear", "spot"):
        _check_symbols(f"[{name}] {market}", exchange.symbols(market), problems)
        _check_symbols(f"[{name}] {market}_books", exchange.books(market), problems)
        if exchange.books(market) and not exchange.symbols(market):
            problems.append(
                f"[{name}] {market}_books: nothing of {market} is followed; name its symbols there"
            )
        _check_url(
            f"[{name}] {market}_stream_url", exchange.stream_url(market), ("ws://", "wss://"), problems
        )
        _check_url(
            f"[{name}] {market}_rest_url", exchange.rest_url(market), ("http://", "https://"), problems
        )


def _check_symbols(place: str, symbols: Sequence[str], problems: list[str]) -> None:
    strange = [symbol for symbol in symbols if not _SYMBOL.fullmatch(symbol)]
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    problems.extend(f"{place} = … {symbol} …: must be {_SYMBOL_WORDS}" for symbol in strange)
    problems.extend(f"{place} = … {symbol} …: stands there twice; name it once" for symbol in twice)


def _check_url(place: str, url: str, schemes: tuple[str, str], problems: list[str]) -> None:
    if url and not (url.startswith(schemes) and re.fullmatch(r"\w+://[\w.:\[\]-]+(/[\w./-]*)?", url)):
        problems.append(f"{place} = {url}: must begin with {' or '.join(schemes)} and name a host")
