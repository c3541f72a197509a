"""Reads `settings.ini` and the environment into `Settings`, and names every mistake at once.

A problem line says the section, the key, the value, and what would be right. Environment variables are
called `TICKWELL_<SECTION>_<KEY>`, with a colon in a section's name written as an underscore, and win over
the file.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from actors.runtime.checking import SERVERS, check_enabled, check_together
from actors.runtime.errors import SettingsError
from actors.runtime.hiding import SECRETS, shown
from actors.runtime.inifile import read_sections
from actors.runtime.settings import (
    AlertSettings,
    AlertsSettings,
    DataSettings,
    ExchangeSettings,
    HistorySettings,
    MarketSettings,
    NatsSettings,
    NotifierSettings,
    QuestDBSettings,
    RedisSettings,
    Settings,
    StreamSettings,
    SupervisorSettings,
    TokenSettings,
    WebSettings,
)
from actors.runtime.settings_bus import BusSettings
from actors.runtime.settings_plugins import PluginSettings

ENVIRONMENT_PREFIX = "TICKWELL_"
# What commands read for themselves: the token that they show to a hub elsewhere.
FOR_COMMANDS = {"TICKWELL_TOKEN"}

# What Kubernetes tells every container about a service that is called like us.
_SERVICE_LINK = re.compile(r"TICKWELL_(SERVICE_(HOST|PORT)|PORT)(_\w+)?")
_YES_NO = configparser.ConfigParser.BOOLEAN_STATES
_FIXED: dict[str, type[msgspec.Struct]] = {
    "supervisor": SupervisorSettings,
    "market": MarketSettings,
    "web": WebSettings,
    "stream": StreamSettings,
    "data": DataSettings,
    "bus": BusSettings,
    "alerts": AlertsSettings,
}
# Sections that a user names: `[token:NAME]`.
_NAMED: dict[str, type[msgspec.Struct]] = {
    "token": TokenSettings,
    "alert": AlertSettings,
    "notifier": NotifierSettings,
    "plugin": PluginSettings,
}
# What they are called in `Settings`.
_NAMED_AS = {"token": "tokens", "alert": "alert_rules", "notifier": "notifiers", "plugin": "plugins"}
# The field of a section that takes the keys which are not ours; its own name is none of them.
_OTHERS = "options"
_SINKS: dict[str, type[msgspec.Struct]] = {
    "history": HistorySettings,
    "questdb": QuestDBSettings,
    "redis": RedisSettings,
    "nats": NatsSettings,
}


def read_settings(path: Path, environment: Mapping[str, str], exchanges: Sequence[str]) -> Settings:
    """The settings of `path`, overridden by `environment`. Raises `SettingsError` with every problem."""
    problems: list[str] = []
    schema = _FIXED | {f"sink:{name}": struct for name, struct in _SINKS.items()}
    schema |= {f"exchange:{name}": ExchangeSettings for name in exchanges}
    values = read_sections(path, problems)
    schema |= {name: _NAMED[kind] for name in values for kind in _NAMED if name.startswith(f"{kind}:")}
    readable = not problems
    _check_names(values, schema, problems)
    _overlay(values, environment, schema, problems)
    _find_servers(values, environment)
    sections = {
        name: _convert_section(name, struct, values.get(name, {}), problems)
        for name, struct in schema.items()
    }
    check_together(sections, problems)
    if readable:
        check_enabled(sections, problems)
    if problems:
        raise SettingsError(problems)
    configured = {name: sections[f"exchange:{name}"] for name in exchanges if f"exchange:{name}" in values}
    sinks = {name: sections[f"sink:{name}"] for name in _SINKS}
    named: dict[str, Any] = {_NAMED_AS[kind]: _of_kind(kind, sections) for kind in _NAMED}
    return Settings(**{name: sections[name] for name in _FIXED}, **sinks, **named, exchanges=configured)


def _of_kind(kind: str, sections: Mapping[str, Any]) -> dict[str, Any]:
    """The sections that are called `kind:NAME`, by their names."""
    return {name.partition(":")[2]: each for name, each in sections.items() if name.startswith(f"{kind}:")}


def write_settings(settings: Settings) -> str:
    """The effective settings as a settings file; secrets are not shown."""
    sections: dict[str, msgspec.Struct] = {name: getattr(settings, name) for name in _FIXED}
    sections |= {f"sink:{name}": getattr(settings, name) for name in _SINKS}
    sections |= {f"exchange:{name}": each for name, each in settings.exchanges.items()}
    for kind in _NAMED:
        sections |= {f"{kind}:{name}": each for name, each in getattr(settings, _NAMED_AS[kind]).items()}
    lines: list[str] = []
    for name, section in sections.items():
        lines += ["", f"[{name}]"]
        for key, value, hidden in _written(section):
            lines.append(f"# {key} is set" if hidden and value else f"{key} = {_show(value)}".rstrip())
    return "\n".join(lines[1:])


def _written(section: msgspec.Struct) -> Iterator[tuple[str, object, bool]]:
    """The keys of a section, their values, and whether these are secrets."""
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        if field.name != _OTHERS:
            yield field.encode_name, value, field.encode_name in SECRETS
        else:
            yield from ((key, text, shown(key, text) != text) for key, text in value.items())


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
        keys = _keys(schema[name])
        problems.extend(
            f"[{name}] {key} = {shown(key, value)}: unknown key; {_nearest(key, keys)}"
            for key, value in section.items()
            if key not in keys and not _is_open(schema[name])
        )


def _keys(struct: type[msgspec.Struct]) -> list[str]:
    """What the keys of a section are called in the file."""
    return [each for each in struct.__struct_encode_fields__ if each != _OTHERS]


def _is_open(struct: type[msgspec.Struct]) -> bool:
    """Whether a section may have keys that are not ours."""
    return _OTHERS in struct.__struct_fields__


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def _overlay(
    values: dict[str, dict[str, str]],
    environment: Mapping[str, str],
    schema: Mapping[str, type[msgspec.Struct]],
    problems: list[str],
) -> None:
    places = {
        f"{ENVIRONMENT_PREFIX}{section}_{key}".upper().replace(":", "_"): (section, key)
        for section, struct in schema.items()
        for key in _keys(struct)
    }
    for variable, value in environment.items():
        place = places.get(variable) or _open_place(variable, schema)
        if place is not None:
            section, key = place
            values.setdefault(section, {})[key] = value
        elif variable.startswith(ENVIRONMENT_PREFIX) and not _is_for_others(variable, environment):
            told, near = shown(variable, value), _nearest(variable, places)
            problems.append(f"{variable}={told}: unknown environment variable; {near}")


def _open_place(variable: str, schema: Mapping[str, type[msgspec.Struct]]) -> tuple[str, str] | None:
    """The section and the key that are meant, of a section that may have keys which are not ours."""
    for section in filter(lambda each: _is_open(schema[each]), schema):
        begin = f"{ENVIRONMENT_PREFIX}{section}_".upper().replace(":", "_")
        if variable.startswith(begin):
            return section, variable.removeprefix(begin).lower()
    return None


def _is_for_others(variable: str, environment: Mapping[str, str]) -> bool:
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in environment
    return variable in FOR_COMMANDS or bool(in_kubernetes and _SERVICE_LINK.fullmatch(variable))


def _find_servers(values: dict[str, dict[str, str]], environment: Mapping[str, str]) -> None:
    """What the settings do not say of where a server is, the environment may."""
    for name, (variables, _) in SERVERS.items():
        section = values.setdefault(f"sink:{name}", {})
        found = [environment[each] for each in variables if environment.get(each)]
        section["url"] = section.get("url") or next(iter(found), "")


def _convert_section(
    name: str, struct: type[msgspec.Struct], texts: Mapping[str, str], problems: list[str]
) -> Any:
    """The section's struct; a value that is wrong is reported, and its default stands in for it."""
    kinds = {field.encode_name: field for field in msgspec.structs.fields(struct) if field.name != _OTHERS}
    others = {key: text.strip() for key, text in texts.items() if key not in kinds}
    good: dict[str, object] = {_OTHERS: others} if _is_open(struct) else {}
    for key, text in texts.items():
        if key in kinds:
            try:
                good[kinds[key].name] = _convert(text.strip(), kinds[key].type)
            except (msgspec.ValidationError, ValueError):
                wanted = _describe(inspect.type_info(kinds[key].type), key)
                problems.append(f"[{name}] {key} = {shown(key, text)}: must be {wanted}")
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
        unit = " of seconds" if key.endswith("_s") and not key.endswith("_per_s") else ""
        low = f"from {info.ge:g}" if info.ge is not None else f"above {info.gt:g}"
        return f"{noun}{unit} {low} to {info.le:g}"
    return "one line of text"
