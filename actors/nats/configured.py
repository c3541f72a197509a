"""Who publishes live prices, as the settings want it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from actors.market.live import LivePrices
from actors.publish import Publish
from actors.runtime.errors import SettingsError
from actors.runtime.settings import Settings


def publishers_of(settings: Settings, now_ns: Callable[[], int]) -> Iterator[Publish]:
    """Every publisher that is enabled. Raises `SettingsError`."""
    wanted = settings.nats
    if wanted.enabled:
        try:
            from actors.nats.address import Address
            from actors.nats.prices import price_line  # an extra: only who uses it needs it

            connect = partial(price_line, Address.parse(wanted.url), wanted.bare_exchange)
        except ImportError:
            words = "[sink:nats] needs the client of NATS: pip install 'tickwell[nats]'"
            raise SettingsError([words]) from None
        except SettingsError as error:
            raise SettingsError([f"[sink:nats] url: {problem}" for problem in error.problems]) from None
        yield Publish("nats", connect, now_ns, LivePrices(wanted.repeat_interval_s))
