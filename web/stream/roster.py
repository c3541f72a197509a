"""Which keys a group shows now: what its selectors mean, followed as listings change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from web.site import Site
from web.stream.options import Options
from web.stream.selection import Resolved, Selection
from web.stream.selectors import read_selector

GONE_MAX = 10_000


class Roster:
    """`keys` are those of now, each with the offset at which it joined, `gone` those that left, with when."""

    def __init__(self, options: Options) -> None:
        self._selection = Selection(options.symbols, options.channel)
        self.resolved: Resolved | None = None
        self.keys: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.changed = 0  # the offset of the last change
        self.ranked = any(read_selector(text).top is not None for text in options.symbols)

    def resolve(self, site: Site, offset: int) -> tuple[list[str], list[str]]:
        """Look again. Returns the keys that joined and those that left since."""
        resolved = self._selection.resolve(site)
        if resolved is self.resolved:
            return [], []
        self.resolved = resolved
        return self.show(resolved.keys, offset)

    def show(self, keys: Iterable[str], offset: int) -> tuple[list[str], list[str]]:
        """Show these keys from now on. Returns those that joined and those that left."""
        wanted = dict.fromkeys(keys)
        joined = [key for key in wanted if key not in self.keys]
        left = [key for key in self.keys if key not in wanted]
        if not joined and not left:
            return joined, left
        self.changed = offset
        self.keys = {key: self.keys.get(key, offset) for key in wanted}
        for key in joined:
            self.gone.pop(key, None)
        self.gone.update(dict.fromkeys(left, offset))
        while len(self.gone) > GONE_MAX:
            del self.gone[next(iter(self.gone))]
        return joined, left

    def may_have_meant(self, site: Site, keys: Sequence[str]) -> list[str]:
        """Those of `keys`, which are not listed now, that the selectors may have meant when they were."""
        return self._selection.may_have_meant(site, keys)

    def gone_after(self, offset: int) -> list[str]:
        """The keys that left after `offset`."""
        if self.changed <= offset:
            return []
        return [key for key, left in self.gone.items() if left > offset]
