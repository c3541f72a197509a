"""From `[plugin:NAME]` to objects that can be told something. Every mistake is named at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import isclass, iscoroutinefunction, signature
from typing import Any, Literal, TypeAlias

from actors.market.alerts.keys import read_pattern
from actors.market.alerts.rules import NAME
from actors.runtime.errors import SettingsError
from actors.runtime.hiding import without_secrets
from actors.runtime.logs import printable
from actors.runtime.settings_plugins import PluginSettings

# What a plugin can be told by, and the arguments. One of the first two must be there.
TOLD = {"on_bar": ("key", "bar"), "on_ticker": ("key", "ticker"), "on_gone": ("key",)}
LISTENS = ("on_bar", "on_ticker")
WORDS_MAX = 300
Step: TypeAlias = Literal["import", "options", "methods"]
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class Unfit(Exception):
    """A class cannot be a plugin; `step` is what failed. The message goes on after "must"."""

    def __init__(self, step: Step, words: str) -> None:
        super().__init__(words)
        self.step = step


def load_plugins(settings: Mapping[str, PluginSettings]) -> dict[str, Any]:
    """The objects of all plugins that are enabled, by name. Raises `SettingsError`."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    for name, section in settings.items():
        problems += [f"[plugin:{name}] {words}" for words in mistakes(name, section)]
        if not section.enabled or not _CLASS.fullmatch(section.class_):
            continue
        try:
            found[name] = made(imported(section.class_), section.options)
        except Unfit as error:
            problems.append(f"[plugin:{name}] class = {section.class_}: must {error}")
    if problems:
        raise SettingsError(problems)
    return found


def mistakes(name: str, section: PluginSettings) -> list[str]:
    """What is wrong in a section without a look at its class: key, value, and what would be right."""
    found = []
    if not re.fullmatch(NAME, name):
        found.append("must be called by letters, digits, dots, hyphens and underscores")
    if not _CLASS.fullmatch(section.class_):
        found.append(f"class = {section.class_}: must be module:Class{_such_as(section.class_)}")
    for text in section.symbols:
        try:
            read_pattern(text)
        except ValueError as error:
            found.append(f"symbols = … {text} …: must be {error}")
    return found


def _such_as(path: str) -> str:
    if _DOTTED.fullmatch(path):
        return f"; did you mean {':'.join(path.rsplit('.', 1))}?"
    return ", such as my_plugins.spread:Spread"


def imported(path: str) -> type[Any]:
    """The class at `module:Class`. Raises `Unfit`."""
    module_name, _, class_name = path.partition(":")
    try:
        module = import_module(module_name)
        found = getattr(module, class_name, None)
    except (Exception, SystemExit) as error:
        raise Unfit("import", f"be of a module that can be imported; {_words(error)}") from error
    if not isclass(found):
        classes = [each for each, value in vars(module).items() if isclass(value)]
        near = get_close_matches(class_name, classes, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise Unfit("import", f"name a class of {module_name}; it has none called {class_name}{meant}")
    return found


def made(kind: type[Any], options: Mapping[str, str]) -> Any:
    """An object of this class, which can be told something. Raises `Unfit`."""
    _check_methods(kind)
    try:
        plugin = kind(dict(options))
    except ValueError as error:
        words = f"be given other options: {one_line(str(error))}"
        raise Unfit("options", without_secrets(words, options)) from error
    except (Exception, SystemExit) as error:
        words = f"be made of its options; {_words(error)}"
        raise Unfit("options", without_secrets(words, options)) from error
    for name in heard_by(plugin):
        _check_arguments(name, getattr(plugin, name))
    return plugin


def heard_by(plugin: Any) -> list[str]:
    """The methods by which it is told something."""
    return [name for name in TOLD if callable(getattr(plugin, name, None))]


def _check_methods(kind: type[Any]) -> None:
    names = heard_by(kind)
    if not any(name in LISTENS for name in names):
        raise Unfit("methods", "have a method on_bar(key, bar) or on_ticker(key, ticker)")
    if any(iscoroutinefunction(getattr(kind, name)) for name in names):
        raise Unfit("methods", "have plain methods; a plugin waits for nothing, so that none is `async`")


def _check_arguments(name: str, method: Any) -> None:
    try:
        signature(method).bind(*TOLD[name])
    except TypeError as error:
        wanted = f"{name}({', '.join(TOLD[name])})"
        raise Unfit("methods", f"have a method that can be called as {wanted}; {error}") from error
    except ValueError:
        return  # of what is not written in Python, nobody knows


def one_line(text: str) -> str:
    """Somebody else's words, as far as they fit in one line."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= WORDS_MAX else f"{line[:WORDS_MAX]}…"


def _words(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")
