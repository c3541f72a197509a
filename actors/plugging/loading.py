"""From `[plugin:NAME]` to objects that can be told something. Every mistake is named at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from inspect import isclass, iscoroutinefunction
from typing import Any

from actors.market.alerts.keys import read_pattern
from actors.market.alerts.rules import NAME
from actors.runtime.errors import SettingsError
from actors.runtime.settings_plugins import PluginSettings

TOLD = ("on_bar", "on_ticker")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class _Unfit(Exception):
    """A class cannot be a plugin. The message says what would be right."""


def load_plugins(settings: Mapping[str, PluginSettings]) -> dict[str, Any]:
    """The objects of all plugins that are enabled, by name. Raises `SettingsError`."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    for name, section in settings.items():
        problems += [f"[plugin:{name}] {words}" for words in _mistakes(name, section)]
        if not section.enabled or not _CLASS.fullmatch(section.class_):
            continue
        try:
            found[name] = _made(_imported(section.class_), section.options)
        except _Unfit as error:
            problems.append(f"[plugin:{name}] class = {section.class_}: must {error}")
    if problems:
        raise SettingsError(problems)
    return found


def _mistakes(name: str, section: PluginSettings) -> list[str]:
    found = []
    if not re.fullmatch(NAME, name):
        found.append("must be called by letters, digits, dots, hyphens and underscores")
    if not _CLASS.fullmatch(section.class_):
        found.append(f"class = {section.class_}: must be module:Class, such as my_plugins.spread:Spread")
    for text in section.symbols:
        try:
            read_pattern(text)
        except ValueError as error:
            found.append(f"symbols = … {text} …: must be {error}")
    return found


def _imported(path: str) -> type[Any]:
    module_name, _, class_name = path.partition(":")
    try:
        found = getattr(import_module(module_name), class_name, None)
    except (Exception, SystemExit) as error:
        raise _Unfit(f"be of a module that can be imported; {_words(error)}") from error
    if not isclass(found):
        raise _Unfit(f"name a class of {module_name}; it has none called {class_name}")
    return found


def _made(kind: type[Any], options: Mapping[str, str]) -> Any:
    told = [getattr(kind, name, None) for name in TOLD]
    if not any(map(callable, told)):
        raise _Unfit("have a method on_bar(key, bar) or on_ticker(key, ticker)")
    if any(map(iscoroutinefunction, told)):
        raise _Unfit("have plain methods; a plugin waits for nothing, so that none is `async`")
    try:
        return kind(dict(options))
    except ValueError as error:
        raise _Unfit(f"be given other options: {error}") from error
    except (Exception, SystemExit) as error:
        raise _Unfit(f"be made of its options; {_words(error)}") from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
