"""From selectors to keys: what a subscription means now, and what of it means nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import nsmallest

from msgspec import Struct

from actors.market.instrument import MARKETS
from actors.market.legs import DOLLARS
from web.api.keys import nearest_keys
from web.site import Site
from web.stream.options import Channel
from web.stream.places import Place, places
from web.stream.selectors import ANY, Selector, is_pattern, matching, read_selector, split_key

TOP_JUDGED_NS = 60_000_000_000
NEAREST_FOR_MAX = 3  # so many unknown symbols of one request are worth the search for what was meant


class Rejected(Struct, frozen=True):
    """A selector that means nothing here. `code` is unknown_symbol, not_offered or switched_off."""

    symbol: str
    code: str
    message: str
    nearest: list[str] = []


class Resolved(Struct, frozen=True):
    """What selectors mean now: `keys`, each once, in the order of the exchanges.

    `hopeless`: every selector was rejected, and the answer is the error `no_symbols`.
    """

    keys: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[str, ...] = ()
    hopeless: bool = False


class Selection:
    """Selectors, and what they mean on a channel.

    Asking again is cheap: the same object comes back while nothing else is meant. Selectors are judged anew
    when a listing has changed and, with `top:N`, after a minute.
    """

    def __init__(self, symbols: tuple[str, ...], channel: Channel) -> None:
        self._selectors = [read_selector(text) for text in symbols]
        self._channel = channel
        self._ranked = any(each.top is not None for each in self._selectors)
        self._listings: tuple[int, ...] = ()
        self._judged_ns = 0
        self._resolved = Resolved(())

    def resolve(self, site: Site) -> Resolved:
        """What the selectors mean now."""
        listings = tuple(board.listing for board in site.read_model.boards.values())
        now_ns = site.now_ns()
        if listings != self._listings or (self._ranked and now_ns - self._judged_ns >= TOP_JUDGED_NS):
            found = _Judgement(site, self._channel).resolve(self._selectors)
            self._listings, self._judged_ns = listings, now_ns
            if found != self._resolved:
                self._resolved = found
        return self._resolved

    def may_have_meant(self, site: Site, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that fit a selector, by their symbol or by a name that they have or had."""
        globs = [each for each in self._selectors if is_pattern(each.symbol)]
        named: dict[tuple[str, str], set[str]] = {}
        for each in self._selectors:
            texts = {each.symbol.casefold(), each.symbol.casefold().replace("/", "-")}
            named.setdefault((each.exchange, each.market), set()).update(texts)
        spelled = _spelled(site, keys)
        return [
            key
            for key in keys
            if any(spelled[key] & texts and _is_at(key, *place) for place, texts in named.items())
            or any(_fits(each, key, "\n".join(spelled[key])) for each in globs)
        ]


def _spelled(site: Site, keys: Iterable[str]) -> dict[str, set[str]]:
    """Every way to write the symbol of each key, in lower case. Names are looked through once."""
    parts = {key: split_key(key) for key in keys}
    names: dict[tuple[str, str], list[str]] = {}
    for exchange in {exchange for exchange, _ in parts.values()}:
        for name, symbols in site.read_model.boards[exchange].names.items():
            for symbol in symbols:
                names.setdefault((exchange, symbol), []).append(name)
    return {
        key: {symbol.casefold(), *names.get((exchange, symbol), ())}
        for key, (exchange, (_, symbol)) in parts.items()
    }


def _is_at(key: str, exchange: str, market: str) -> bool:
    """Whether a key is of an exchange and a market, which may be patterns."""
    mine, (of, _) = split_key(key)
    return bool(matching(exchange, mine) and matching(market, of))


def _fits(glob: Selector, key: str, spelled: str) -> bool:
    if not _is_at(key, glob.exchange, glob.market):
        return False
    return bool(matching(glob.symbol, spelled) or matching(glob.symbol.replace("/", "-"), spelled))


class _Judgement:
    """One look at what there is, for any number of selectors."""

    def __init__(self, site: Site, channel: Channel) -> None:
        self._boards = site.read_model.boards
        self._places = {place.name: place for place in places(site, channel)}
        self._rejected: list[Rejected] = []
        self._warnings: list[str] = []
        self._searches = 0

    def resolve(self, selectors: Sequence[Selector]) -> Resolved:
        meant: dict[str, set[str]] = {exchange: set() for exchange in self._boards}
        for selector in selectors:
            for key in self._meant(selector):
                meant[key.partition(":")[0]].add(key)
        keys = tuple(key for found in meant.values() for key in sorted(found))
        hopeless = bool(selectors) and len(self._rejected) == len(selectors)
        return Resolved(keys, tuple(self._rejected), tuple(self._warnings), hopeless)

    def _meant(self, selector: Selector) -> Iterable[str]:
        fitting = self._fitting(selector)
        telling = [place for place in fitting if not place.refusal]
        if not fitting:
            return self._reject_place(selector)
        if not telling and selector.open:
            return self._reject(selector, fitting[0].refusal, fitting[0].message)
        if selector.top is not None:
            return self._top(selector, telling)
        if is_pattern(selector.symbol):
            return self._glob(selector, telling)
        return self._named(selector, fitting, telling)

    def _fitting(self, selector: Selector) -> list[Place]:
        name = f"{selector.exchange}:{selector.market}"
        if not is_pattern(name):
            return [self._places[name]] if name in self._places else []
        return [self._places[fitting] for fitting in matching(name, "\n".join(self._places))]

    def _top(self, selector: Selector, telling: list[Place]) -> Iterable[str]:
        """The busiest, those that are traded for dollars first: other turnovers cannot be compared."""
        ranked = []
        for place in telling:
            entries, instruments = place.board.entries, place.board.picture.instruments
            for pair in (pair for pair in entries if pair[0] == place.market):
                instrument, ticker = instruments.get(pair), entries[pair].record.ticker
                foreign = instrument is not None and instrument.quote not in DOLLARS
                ranked.append((foreign, -(ticker.turnover_24h or 0.0), ticker.key))
        if not ranked:
            self._warn(selector, telling)
        return [key for _, _, key in nsmallest(selector.top or 0, ranked)]

    def _glob(self, selector: Selector, telling: list[Place]) -> Iterable[str]:
        found = [place.key(symbol) for place in telling for symbol in self._fits(place, selector.symbol)]
        if not found:
            self._warn(selector, telling)
        return found

    def _fits(self, place: Place, pattern: str) -> Collection[str]:
        """The symbols of a market that a pattern fits, or whose names it fits."""
        spellings = place.spellings
        if pattern == ANY:
            return spellings.known
        names = matching(pattern.replace("/", "-"), spellings.name_lines)
        named = set[str]().union(*(spellings.names[name] for name in names)) & spellings.known
        return named.union(matching(pattern, spellings.lines))

    def _named(self, selector: Selector, fitting: list[Place], telling: list[Place]) -> Iterable[str]:
        found = {place: place.spellings.meant(selector.symbol) for place in fitting}
        keys = [place.key(symbol) for place in telling for symbol in found[place]]
        if keys:
            return keys
        for place in fitting:
            if place.refusal and found[place]:
                return self._reject(selector, place.refusal, place.message)
        if all(place.known for place in fitting):
            return self._reject_symbol(selector)
        self._warn(selector, fitting)
        return ()

    def _warn(self, selector: Selector, asked: list[Place]) -> None:
        unknown = [place.name for place in asked if not place.known]
        if unknown:
            words = f"{', '.join(unknown)}: it is not known yet what there is; what fits will join"
        else:
            words = "nothing fits now; what is listed later joins"
        self._warnings.append(f"{selector.text}: {words}.")

    def _reject(
        self, selector: Selector, code: str, message: str, nearest: Sequence[str] = ()
    ) -> tuple[str, ...]:
        self._rejected.append(Rejected(selector.text, code, f"{message}.", list(nearest)))
        return ()

    def _reject_place(self, selector: Selector) -> tuple[str, ...]:
        if not matching(selector.exchange, "\n".join(self._boards)):
            words = f"there is no exchange {selector.exchange!r} here; there are: {', '.join(self._boards)}"
        else:
            words = f"there is no market {selector.market!r}; there are: {', '.join(MARKETS)}"
        return self._reject(selector, "unknown_symbol", words, self._nearest(selector))

    def _reject_symbol(self, selector: Selector) -> tuple[str, ...]:
        nearest = self._nearest(selector)
        near = f"; near it are {', '.join(nearest)}" if nearest else ""
        return self._reject(
            selector, "unknown_symbol", f"no instrument {selector.text!r} is followed{near}", nearest
        )

    def _nearest(self, selector: Selector) -> list[str]:
        self._searches += 1
        if self._searches > NEAREST_FOR_MAX or is_pattern(selector.symbol):
            return []
        return nearest_keys(self._boards.values(), selector.text)
