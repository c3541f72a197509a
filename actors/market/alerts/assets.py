"""Assets across exchanges: the numbers of `across`, reckoned for each set of keys once a second at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actors.market.alerts.keys import means, read_pattern
from actors.market.alerts.subjects import NOTHING, Place, Subject
from actors.market.alerts.triggers import Spec
from actors.market.cross import Asset, spreads
from actors.market.instrument import Instrument

GROUPS_MAX = 32


class Group:
    """One set of keys: the instruments that it means, and their assets. `changed`: some of them have."""

    def __init__(self, among: tuple[str, ...]) -> None:
        self._patterns = [read_pattern(text) for text in among]
        self.place = Place()
        self.plan = NOTHING
        self.members: dict[Subject, None] = {}
        self.assets: dict[str, Subject] = {}
        self.changed = True

    def means(self, subject: Subject) -> bool:
        """Whether an instrument is one of them."""
        return means(self._patterns, subject.exchange, subject.market, subject.symbol, subject.name)

    def reckon(self, instruments: Mapping[str, Instrument]) -> dict[str, Asset]:
        """The assets by their names, such as `BTC-USD`."""
        self.changed = False
        tickers = [each.ticker for each in self.members if each.ticker is not None]
        listed = [instruments[each.key] for each in self.members if each.key in instruments]
        return {f"{each.base}-{each.quote}": each for each in spreads(tickers, listed)}


def value_of(spec: Spec, asset: Asset) -> float | None:
    """The number of a meter; `None` where too few live legs are left."""
    return _VALUES[spec.name](asset)


def _spread(asset: Asset) -> float | None:
    return asset.best.spread_bps if asset.best.legs > 1 else None


def _basis(asset: Asset) -> float | None:
    return max((each.bps for each in asset.basis), key=abs, default=None)


def _funding(asset: Asset) -> float | None:
    return None if asset.funding is None else asset.funding.difference_apr


_VALUES: dict[str, Callable[[Asset], float | None]] = {
    "spread_bps": _spread,
    "basis_bps": _basis,
    "funding_apr": _funding,
}
