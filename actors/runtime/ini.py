"""Reads `settings.ini` and the environment into `Settings`, and names every mistake at once.

A problem line says the section, the key, the value, and what would be right. Environment variables are
called `TICKWELL_<SECTION>_<KEY>`, with a colon in a section's name written as an underscore, and win over
the file.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from actors.runtime.errors import SettingsError
from actors.runtime.inifile import read_sections
from actors.runtime.settings import (
    DataSettings,
    ExchangeSettings,
    HistorySettings,
    MarketSettings,
    QuestDBSettings,
    RedisSettings,
    Settings,
    StreamSettings,
    SupervisorSettings,
    WebSettings,
)

ENVIRONMENT_PREFIX = "TICKWELL_"
SECRETS = {"control_token", "url"}

_SYMBOL = re.compile(r"\*|top:[1-9][0-9]{0,4}|(?!(?i:top):)(?:[\w.-]{1,20}:\*|[\w@][\w@/:.-]{0,39})")
_SYMBOL_WORDS = "symbols such as BTCUSDT, or *, or top:N, separated by commas"
_SECRET_WORD = re.compile("token|secret|passw")
# What Kubernetes tells every container about a service that is called like us.
_SERVICE_LINK = re.compile(r"TICKWELL_(SERVICE_(HOST|PORT)|PORT)(_\w+)?")
_YES_NO = configparser.ConfigParser.BOOLEAN_STATES
_FIXED: dict[str, type[msgspec.Struct]] = {
    "supervisor": SupervisorSettings,
    "market": MarketSettings,
    "web": WebSettings,
    "stream": StreamSettings,
    "data": DataSettings,
}
_SINKS: dict[str, type[msgspec.Struct]] = {
    "history": HistorySettings,
    "questdb": QuestDBSettings,
    "redis": RedisSettings,
}
# Where a server is: the variables that other programs know it by, and how its URL looks.
_SERVERS: dict[str, tuple[tuple[str, ...], str]] = {
    "questdb": (("QUESTDB_URL",), "http://127.0.0.1:9000"),
    "redis": (("DRAGONFLY_URL", "REDIS_URL"), "redis://127.0.0.1:6379"),
}


def read_settings(path: Path, environment: Mapping[str, str], exchanges: Sequence[str]) -> Settings:
    """The settings of `path`, overridden by `environment`. Raises `SettingsError` with every problem."""
    problems: list[str] = []
    schema = _FIXED | {f"sink:{name}": struct for name, struct in _SINKS.items()}
    schema |= {f"exchange:{name}": ExchangeSettings for name in exchanges}
    values = read_sections(path, problems)
    readable = not problems
    _check_names(values, schema, problems)
    _overlay(values, environment, schema, problems)
    _find_servers(values, environment)
    sections = {
        name: _convert_section(name, struct, values.get(name, {}), problems)
        for name, struct in schema.items()
    }
    _check_together(sections, problems)
    if readable:
        _check_enabled(sections, problems)
    if problems:
        raise SettingsError(problems)
    configured = {name: sections[f"exchange:{name}"] for name in exchanges if f"exchange:{name}" in values}
    sinks = {name: sections[f"sink:{name}"] for name in _SINKS}
    return Settings(**{name: sections[name] for name in _FIXED}, **sinks, exchanges=configured)


def write_settings(settings: Settings) -> str:
    """The effective settings as a settings file; secrets are not shown."""
    sections: dict[str, msgspec.Struct] = {name: getattr(settings, name) for name in _FIXED}
    sections |= {f"sink:{name}": getattr(settings, name) for name in _SINKS}
    sections |= {f"exchange:{name}": each for name, each in settings.exchanges.items()}
    lines: list[str] = []
    for name, section in sections.items():
        lines += ["", f"[{name}]"]
        for key in section.__struct_fields__:
            value = getattr(section, key)
            hidden = value and key in SECRETS
            lines.append(f"# {key} is set" if hidden else f"{key} = {_show(value)}".rstrip())
    return "\n".join(lines[1:])


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def _check_names(
    values: Mapping[str, Mapping[str, str]], schema: Mapping[str, type[msgspec.Struct]], problems: list[str]
) -> None:
    for name, section in values.items():
        if name not in schema:
            kind = "exchange" if name.startswith("exchange:") else "section"
            known = [each for each in schema if each.startswith("exchange:") or kind == "section"]
            problems.append(f"[{name}]: unknown {kind}; {_nearest(name, known)}")
            continue
        keys = schema[name].__struct_fields__
        problems.extend(
            f"[{name}] {key} = {_shown(key, value)}: unknown key; {_nearest(key, keys)}"
            for key, value in section.items()
            if key not in keys
        )


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def _shown(name: str, value: str) -> str:
    """The value, unless it may be a secret under a name that is misspelled or misplaced."""
    word = name.lower()
    similar = get_close_matches(word[-max(map(len, SECRETS)) :], SECRETS, n=1)
    return "(hidden)" if similar or _SECRET_WORD.search(word) else value


def _overlay(
    values: dict[str, dict[str, str]],
    environment: Mapping[str, str],
    schema: Mapping[str, type[msgspec.Struct]],
    problems: list[str],
) -> None:
    places = {
        f"{ENVIRONMENT_PREFIX}{section}_{key}".upper().replace(":", "_"): (section, key)
        for section, struct in schema.items()
        for key in struct.__struct_fields__
    }
    for variable, value in environment.items():
        if variable in places:
            section, key = places[variable]
            values.setdefault(section, {})[key] = value
        elif "KUBERNETES_SERVICE_HOST" in environment and _SERVICE_LINK.fullmatch(variable):
            continue
        elif variable.startswith(ENVIRONMENT_PREFIX):
            shown, near = _shown(variable, value), _nearest(variable, places)
            problems.append(f"{variable}={shown}: unknown environment variable; {near}")


def _find_servers(values: dict[str, dict[str, str]], environment: Mapping[str, str]) -> None:
    """What the settings do not say of where a server is, the environment may."""
    for name, (variables, _) in _SERVERS.items():
        section = values.setdefault(f"sink:{name}", {})
        found = [environment[each] for each in variables if environment.get(each)]
        section["url"] = section.get("url") or next(iter(found), "")


def _convert_section(
    name: str, struct: type[msgspec.Struct], texts: Mapping[str, str], problems: list[str]
) -> Any:
    """The section's struct; a value that is wrong is reported, and its default stands in for it."""
    kinds = {field.name: field for field in msgspec.structs.fields(struct)}
    good: dict[str, object] = {}
    for key, text in texts.items():
        if key in kinds:
            try:
                good[key] = _convert(text.strip(), kinds[key].type)
            except (msgspec.ValidationError, ValueError):
                wanted = _describe(inspect.type_info(kinds[key].type), key)
                problems.append(f"[{name}] {key} = {_shown(key, text)}: must be {wanted}")
    return struct(**good)


def _convert(text: str, kind: Any) -> object:
    info = inspect.type_info(kind)
    if isinstance(info, inspect.BoolType):
        if text.lower() not in _YES_NO:
            raise ValueError(text)
        return _YES_NO[text.lower()]
    if isinstance(info, inspect.VarTupleType):
        return tuple(item for item in (part.strip() for part in re.split(r"[,\s]+", text)) if item)
    value = msgspec.convert(text, kind, strict=False)
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ValueError(text)
    if isinstance(value, str) and not value.isprintable():
        raise ValueError(text)
    return value


def _describe(info: inspect.Type, key: str) -> str:
    """What would be right, in words."""
    if isinstance(info, inspect.BoolType):
        return "yes or no"
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(map(str, info.values))}"
    if isinstance(info, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        unit = " of seconds" if key.endswith("_s") else ""
        low = f"from {info.ge:g}" if info.ge is not None else f"above {info.gt:g}"
        return f"{noun}{unit} {low} to {info.le:g}"
    return "one line of text"


def _check_together(sections: Mapping[str, Any], problems: list[str]) -> None:
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
        for name, (_, example) in _SERVERS.items()
        if sections[f"sink:{name}"].enabled and not sections[f"sink:{name}"].url
    )
    if bool(web.tls_certificate) != bool(web.tls_key):
        missing = "tls_key" if web.tls_certificate else "tls_certificate"
        problems.append(f"[web] {missing} is missing: TLS needs both the certificate and its key")
    problems.extend(
        f"[web] allowed_origins = … {origin} …: must be like https://charts.example.org, without a path"
        for origin in web.allowed_origins
        if not re.fullmatch(r"https?://[^\s/]+", origin)
    )
    for name, section in sections.items():
        if name.startswith("exchange:"):
            _check_exchange(name, section, problems)


def _check_enabled(sections: Mapping[str, Any], problems: list[str]) -> None:
    exchanges = {name: each for name, each in sections.items() if name.startswith("exchange:")}
    if not any(each.enabled and (each.linear or each.spot) for each in exchanges.values()):
        problems.append(f"no exchange is enabled: give one of {', '.join(exchanges)} symbols to follow")


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
