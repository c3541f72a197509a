"""The dialect of the older hub as a subscription: a list of prices every 100 ms, if something changed."""

from __future__ import annotations

from web.stream import frames
from web.stream.answers import encode
from web.stream.client import Client
from web.stream.groups import Built, Group, Held, Wish
from web.stream.options import Options
from web.stream.seed import INTERVAL_S, SEED_EXCHANGE, Basket
from web.stream.subscription import Circle, Subscription

PRICES = Options(channel="ticker")  # without symbols, which no other subscription to tickers is
NUMBER = 0


class PricesGroup(Group):
    """Those who listen in the older way. What they want is theirs alone."""

    period_s = INTERVAL_S

    def can_resume(self, offset: int) -> bool:
        """The dialect has no such thing."""
        return False

    def _snapshot(self) -> Built:
        return Built([], self.journal.offset)

    def _update(self, offset: int, held: Held) -> Built:
        return Built([], self.journal.offset)


class Prices(Subscription):
    """What one client wants of the prices of one exchange."""

    def __init__(self, client: Client, circle: Circle) -> None:
        super().__init__(NUMBER, client, circle, 1 / INTERVAL_S)
        self.basket = Basket(self.group.journal.site.read_model.boards[SEED_EXCHANGE])

    def take(self, now_s: float) -> tuple[list[bytes], bool]:
        """The prices that changed."""
        changed = self.basket.changed()
        self.offset = self.group.journal.offset
        if not changed:
            return [], False
        self.due_s = self.circle.cadence.next_s(now_s)
        return [frames.message(encode(changed, self.client.format), self.client.format)], False


def wish_of(client: Client) -> Wish:
    """The wish that makes the group of the dialect."""
    return Wish(PRICES, client.format, client.deflate)
