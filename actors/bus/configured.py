"""Which transport the settings want for the bus."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from actors.bus.base import Connect
from actors.runtime.errors import SettingsError
from actors.runtime.settings_bus import BusSettings

# By kind: the module, the function in it, and the extra that brings what it needs.
_TRANSPORTS = {"redis": ("actors.bus.redis", "redis_bus"), "nats": ("actors.bus.nats", "nats_bus")}


def connect_of(settings: BusSettings) -> Connect:
    """How to connect. Raises `SettingsError` when that kind cannot be had, or its URL cannot be."""
    module, name = _TRANSPORTS[settings.kind]
    try:
        transport = getattr(import_module(module), name)
        return cast(Connect, transport(settings.url, settings.prefix, settings.messages_kept))
    except ImportError:
        words = f"[bus] kind = {settings.kind} needs its client: pip install 'tickwell[{settings.kind}]'"
        raise SettingsError([words]) from None
    except SettingsError as error:
        raise SettingsError([f"[bus] url: {problem}" for problem in error.problems]) from None
