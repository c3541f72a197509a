"""Plugins: whether each can be imported, made of its options, and told something."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import trio

from actors.plugging.loading import Step, Unfit, heard_by, imported, made, mistakes
from actors.runtime.settings_plugins import PluginSettings
from commands.doctor.findings import Subject

_SPELLED = "correct the section: docs/plugins.md"
_ADVICE: dict[Step, str] = {
    "import": "correct class; or put its module beside supervisor.py, install it, or name its folder in"
    " PYTHONPATH",
    "options": "correct the keys of [{0}] that are the plugin's own: its author says which there are",
    "methods": "correct the class: docs/plugins.md tells what it must have",
}


async def examine_plugin(subject: Subject, section: PluginSettings) -> None:
    """Everything that is done with it at the start of a hub, in a thread: it may take its time."""
    wrong = mistakes(subject.name.partition(":")[2], section)
    for words in wrong:
        subject.fail("settings", words, _SPELLED)
    if wrong:
        return
    try:
        kind = await trio.to_thread.run_sync(imported, section.class_, abandon_on_cancel=True)
        subject.ok("import", f"{section.class_} of {_file_of(kind)}")
        make = partial(made, kind, section.options)
        plugin = await trio.to_thread.run_sync(make, abandon_on_cancel=True)
    except Unfit as error:
        said = f"class = {section.class_}: must {error}"
        subject.fail(error.step, said, _advice(subject, section, error))
        return
    subject.ok("options", ", ".join(section.options) or "none are given")
    subject.ok("methods", ", ".join(heard_by(plugin)))


def _advice(subject: Subject, section: PluginSettings, error: Unfit) -> str:
    """What a module needs and has not is another matter than the module itself."""
    missing = error.__cause__.name if isinstance(error.__cause__, ModuleNotFoundError) else None
    if missing is not None and not f"{section.class_.partition(':')[0]}.".startswith(f"{missing}."):
        return f"install what it imports, {missing}, where the hub is installed"
    return _ADVICE[error.step].format(subject.name)


def _file_of(kind: type[Any]) -> str:
    try:
        return inspect.getfile(kind)
    except (TypeError, OSError):
        return "Python itself"
