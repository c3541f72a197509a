"""Calls a plugin, in a thread, and checks what it says. Whatever it does wrong is its own trouble."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from math import isfinite
from typing import Any

import msgspec
from msgspec import Struct

from actors.market.plugged import Answer, Derived
from actors.plugging.inbox import Input

ANSWERS_MAX = 1000  # of one call
SLICE_NS = 50_000_000


class Outcome(Struct, kw_only=True):
    """What became of a row of calls: `told` of the inputs were told, each in so many ns. `trouble` is what
    went wrong with the last of them, `trace` where."""

    derived: list[Derived] = []
    told: int = 0
    durations_ns: list[int] = []
    trouble: str | None = None
    trace: str = ""


class Caller:
    """Tells the object `plugin`, which the settings call `name`, one thing after the other.

    It is used by one thread at a time. Answers may be about instruments that it was told of.
    """

    def __init__(self, name: str, plugin: Any, now_ns: Callable[[], int]) -> None:
        self._name = name
        self._plugin = plugin
        self._now_ns = now_ns
        self._known: set[str] = set()

    def call(self, inputs: Sequence[Input]) -> Outcome:
        """Tell it these until one goes wrong, or a while has passed."""
        outcome = Outcome()
        began_ns = before_ns = self._now_ns()
        for each in inputs:
            try:
                outcome.derived += self._answers(each)
            except BaseException as error:  # it may even try to end the program
                outcome.trouble = f"{type(error).__name__}: {error}"
                outcome.trace = traceback.format_exc()
            now_ns = self._now_ns()
            outcome.told += 1
            outcome.durations_ns.append(now_ns - before_ns)
            before_ns = now_ns
            if outcome.trouble is not None or now_ns - began_ns >= SLICE_NS:
                break
        return outcome

    def _answers(self, told: Input) -> list[Derived]:
        said = self._tell(told)
        if said is None:
            return []
        if isinstance(said, (str, bytes, dict)) or not isinstance(said, Iterable):
            raise TypeError(f"it answered {type(said).__name__}, and not a list of answers")
        answers = list(islice(said, ANSWERS_MAX + 1))
        if len(answers) > ANSWERS_MAX:
            raise ValueError(f"it answered more than {ANSWERS_MAX} things at once")
        return [self._derived(told, msgspec.convert(each, Answer)) for each in answers]

    def _tell(self, told: Input) -> Any:
        if told.kind == "gone":
            self._known.discard(told.key)
            if hasattr(self._plugin, "on_gone"):
                self._plugin.on_gone(told.key)
            return None
        self._known.add(told.key)
        if told.bar is not None:
            return self._plugin.on_bar(told.key, told.bar)
        return self._plugin.on_ticker(told.key, told.ticker)

    def _derived(self, told: Input, answer: Answer) -> Derived:
        for name, value in (("value", answer.value), *answer.values.items()):
            if value is not None and not isfinite(value):
                raise ValueError(f"{answer.name}: {name} = {value}: must be a finite number, or None")
        key = answer.key or told.key
        for each in (key, *answer.inputs):
            if each not in self._known:
                raise ValueError(
                    f"{answer.name}: {each}: must be the key of an instrument that it was told of"
                )
        return Derived(
            plugin=self._name,
            name=answer.name,
            key=key,
            value=answer.value,
            values=answer.values,
            inputs=tuple(dict.fromkeys((key, told.key, *answer.inputs))),
            source="bar" if told.bar is not None else "ticker",
            ts_ns=reach_ns(told),
            whole=told.bar is None or not told.bar.gap,
        )


def reach_ns(told: Input) -> int | None:
    """The exchange's time up to which something reaches."""
    if told.bar is not None:
        return told.bar.start_ns + told.bar.interval_s * 1_000_000_000
    return told.ticker.ts_event if told.ticker is not None else None
