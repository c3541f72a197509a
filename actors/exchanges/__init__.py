"""PURE: one codec per exchange. The file's name is the exchange's name; there is no registry."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from actors.exchanges.base import Codec

_NOT_EXCHANGES = {"base"}


def exchanges() -> list[str]:
    """The names of every exchange that has a codec, in alphabetical order."""
    names = (module.name for module in iter_modules(__path__))
    return sorted(name for name in names if name not in _NOT_EXCHANGES and not name.startswith("_"))


def load_codec(exchange: str) -> type[Codec]:
    """The codec class of one exchange; `KeyError` where there is none."""
    if exchange not in exchanges():
        raise KeyError(exchange)
    return cast("type[Codec]", import_module(f"{__name__}.{exchange}").Codec)
