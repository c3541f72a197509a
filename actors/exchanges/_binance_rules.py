"""How a Binance book's updates follow a snapshot, and one another: the two rules of `_binance_book.py`."""

from __future__ import annotations

from typing import Protocol

from actors.exchanges._binance_wire import DepthUpdate


class Rule(Protocol):
    """How a market's updates follow a snapshot, and one another."""

    def precedes(self, update: DepthUpdate, snapshot_id: int) -> bool:
        """Whether the snapshot holds all of this update, so that it must be dropped."""

    def meets(self, update: DepthUpdate, snapshot_id: int) -> bool:
        """Whether nothing is missing between the snapshot and this update, which it does not precede."""

    def follows(self, update: DepthUpdate, last_id: int) -> bool:
        """Whether nothing is missing between the update that ended with `last_id` and this one."""


class SpotRule:
    """Ids count the changes of one symbol: each update begins where the last one ended."""

    def precedes(self, update: DepthUpdate, snapshot_id: int) -> bool:
        return update.last_id <= snapshot_id

    def meets(self, update: DepthUpdate, snapshot_id: int) -> bool:
        return update.first_id <= snapshot_id + 1

    def follows(self, update: DepthUpdate, last_id: int) -> bool:
        return update.first_id <= last_id + 1


class FuturesRule:
    """Ids count the changes of all symbols: each update names the id that the last one ended with."""

    def precedes(self, update: DepthUpdate, snapshot_id: int) -> bool:
        return update.last_id < snapshot_id

    def meets(self, update: DepthUpdate, snapshot_id: int) -> bool:
        return update.previous_id is not None and update.previous_id <= snapshot_id

    def follows(self, update: DepthUpdate, last_id: int) -> bool:
        return update.previous_id == last_id
