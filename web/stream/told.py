"""When something of each key was told last."""

from __future__ import annotations


class Told(dict[str, int]):
    """Offsets by key, as far as they are known: from offset `since` on."""

    since = 0

    def of(self, key: str) -> int:
        """When a key was told last; `since` if that is longer ago."""
        return self.get(key, self.since)

    def restart(self, offset: int) -> None:
        """Know nothing of what was told up to `offset`."""
        self.clear()
        self.since = offset
