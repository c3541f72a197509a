"""What plugins derive from the live picture, and how they do: immutable, ready to be shown."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Source: TypeAlias = Literal["bar", "ticker"]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Key: TypeAlias = Annotated[str, Meta(min_length=5, max_length=200)]
VALUES_MAX = 100


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a plugin says when it was told something.

    `name` tells it from the plugin's other answers about the same instrument: the newer replaces the older.
    `key` is the instrument that it is about, if it is another than the one that the plugin was told of;
    `inputs` are those that it rests on besides. `value` is `None` while there is none.
    """

    name: Text
    value: float | None
    values: Annotated[dict[Text, float | None], Meta(max_length=VALUES_MAX)] = {}
    key: Key | None = None
    inputs: Annotated[tuple[Key, ...], Meta(max_length=VALUES_MAX)] = ()


class Derived(Struct, frozen=True, kw_only=True):
    """The newest answer of a plugin under one name about one instrument.

    `inputs` are all instruments that it rests on, `source` is what of them it was told. `ts_ns` is the
    exchange's time up to which that reaches; `whole` says that nothing of it was missing.
    """

    plugin: str
    name: str
    key: str
    value: float | None
    values: dict[str, float | None]
    inputs: tuple[str, ...]
    source: Source
    ts_ns: int | None
    whole: bool = True


class PluginReport(Struct, frozen=True, kw_only=True):
    """How one plugin does. `trouble` is why it was switched off; `None` while it runs.

    `overruns` are calls that took longer than its budget, `dropped` what it was never told, because more
    came than it could be told in time. `slowest_ms` is its longest call so far.
    """

    name: str
    class_name: str
    trouble: str | None
    calls: int
    answers: int
    records: int
    overruns: int
    dropped: int
    waiting: int
    slowest_ms: float
    budget_ms: float
