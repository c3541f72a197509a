"""Where a subscription was: kept in a file, so that the next run goes on from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from actors.runtime.errors import SettingsError, StartError


class Position(NamedTuple):
    """`offset` of the last frame that was written whole, in the run of the hub named `epoch`, and how many
    records were written of what came behind it."""

    epoch: str
    offset: int
    written: int = 0


class Place(Struct, frozen=True, kw_only=True):
    """What the file holds; `params` are those of the subscription, without what says where to begin."""

    params: dict[str, Any]
    epoch: str
    offset: int
    written: int = 0


class ResumeFile:
    """A file with one place. It is replaced in one step, so that it is whole at any time."""

    def __init__(self, path: Path, params: dict[str, Any]) -> None:
        self._path = path
        self._params = {name: value for name, value in params.items() if name != "snapshot"}
        self._saved: Position | None = None

    def read(self) -> Position | None:
        """The position; `None` for the first run. Raises `SettingsError`, `StartError`."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            self._demand_folder()
            return None
        except OSError as error:
            raise StartError(f"sub: cannot read {self._path}: {error.strerror}") from None
        try:
            place = msgspec.json.decode(text, type=Place)
        except msgspec.MsgspecError as error:
            words = f"--resume-file={self._path}: this is no place of a subscription ({error})"
            raise SettingsError([f"{words}; name another file, or remove it"]) from None
        if place.params != self._params:
            words = (
                f"--resume-file={self._path} belongs to {shown(place.params)}, not to {shown(self._params)}"
            )
            raise SettingsError([f"{words}; name another file, or remove it"])
        self._saved = Position(place.epoch, place.offset, place.written)
        return self._saved

    def save(self, position: Position | None) -> None:
        """Keep a place, unless it is kept already. Raises `OSError`."""
        if position is None or position == self._saved:
            return
        place = Place(params=self._params, **position._asdict())
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(place) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        finally:
            beside.unlink(missing_ok=True)
        self._saved = position

    def _demand_folder(self) -> None:
        folder = self._path.absolute().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StartError(f"sub: cannot write in {folder}, where --resume-file is to be")


def shown(params: dict[str, Any]) -> str:
    """A subscription in words: what it is of, and its options."""
    rest = {name: value for name, value in params.items() if name not in ("channel", "symbols")}
    options = [f"{name}={value}" for name, value in sorted(rest.items())]
    return " ".join(["'" + " ".join([params["channel"], *params.get("symbols", [])]) + "'", *options])
