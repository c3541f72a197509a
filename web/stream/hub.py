"""The stream's heart: takes every tick, knows whom it concerns, and who listens to what.

`publish` only records and wakes; `turns.py` does the writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

import trio

from actors.market.alerts.happenings import Alert
from actors.market.tick import Tick
from actors.runtime.settings import StreamSettings
from web.site import Site
from web.stream import prices
from web.stream.attention import Kind
from web.stream.client import Client, Outlet
from web.stream.decoding import Format
from web.stream.doors import Doors
from web.stream.groups import HOLDS_NOTHING, Group, Wish
from web.stream.journal import Journal
from web.stream.pacing import Paces
from web.stream.prices import Prices
from web.stream.register import Register
from web.stream.requests import Subscribe
from web.stream.seed import SEED_EXCHANGE
from web.stream.subscription import Circle, Subscription
from web.stream.turns import Turns
from web.stream.watching import RENEW_S
from web.visitor import Visitor

RESOLVE_S = 1.0
LOOKS_PER_CHECKPOINT = 8  # a look at changed listings costs up to half a millisecond
LONE_GROUPS_DEFLATED = 32


class StreamHub:
    """Who listens to `/ws`, and to what. It outlives the web's server, as the read model does."""

    def __init__(self, site: Site, settings: StreamSettings) -> None:
        self.site = site
        self.settings = settings
        self.journal = Journal(site, settings.ring_trades)
        if site.bus is not None:
            self.journal.open_all()
        self.register = Register(self.journal, site, self._has_room)
        self.turns = Turns(site.now_ns)
        self.doors = Doors(settings)
        self.sent = self.conflated = self.missed = self.gaps_told = 0
        self.resumes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._paces = Paces()
        self._listings: tuple[int, ...] = ()
        self._relisted = trio.Event()

    @property
    def pace_s(self) -> float | None:
        """How soon after a tick the quickest client wants the next one; `None` without clients, 0 at once.

        Whoever wants few frames is not a reason for more ticks than that.
        """
        return self._paces.quickest_s

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of any client."""
        return self.register.is_empty and self.turns.is_empty and self.pace_s is None

    def status(self) -> dict[str, int]:
        """Who is there, and what was merged for those who were busy, or lost for them, since the start."""
        clients = self.turns.clients
        return {
            "clients": len(clients),
            "subscriptions": sum(len(each.subscriptions) for each in clients),
            "groups": len(self.register),
            "sent": self.sent + sum(each.sent for each in clients),
            "conflated": self.conflated + sum(each.conflated for each in clients),
            "missed": self.missed + sum(each.missed for each in clients),
            "gaps_told": self.gaps_told + sum(each.gaps_told for each in clients),
        }

    def publish(self, tick: Tick) -> None:
        """Take a tick that the read model has taken."""
        changed = self.journal.take(tick)
        groups = self.register.concerned(changed)
        if self.turns.busy and groups:
            self._count_merged(changed)
        self.turns.touch(self.register.circles(groups))
        listings = tuple(board.listing for board in self.site.read_model.boards.values())
        if listings != self._listings:
            self._listings = listings
            self._relisted.set()

    def tell_alerts(self, alerts: Sequence[Alert]) -> None:
        """Tell alerts as they happen."""
        changed = self.journal.take_alerts(alerts)
        self.turns.touch(self.register.circles(self.register.concerned(changed)))

    def tell_derived(self, keys: Sequence[str]) -> None:
        """Tell what plugins said about these instruments."""
        changed = self.journal.take_derived(keys)
        groups = self.register.concerned(changed)
        if self.turns.busy and groups:
            self._count_merged(changed)
        self.turns.touch(self.register.circles(groups))

    def _count_merged(self, changed: dict[Kind, list[str]]) -> None:
        """What comes while a client is busy is merged with what waits for it already."""
        now_s = trio.current_time()
        parts: dict[Group, set[Hashable]] = {}
        for client in self.turns.busy:
            for each in client.subscriptions.values():
                if each.group not in parts:
                    parts[each.group] = self.register.parts_of(each.group, changed)
                client.conflated += each.note(parts[each.group], now_s)

    @contextmanager
    def connect(
        self,
        outlet: Outlet,
        leave: Callable[[Exception | None], None],
        format: Format,  # noqa: A002
        *,
        deflate: bool,
        visitor: Visitor,
        kind: type[Client] = Client,
    ) -> Iterator[Client]:
        """Count as a client inside the block; with it all of its subscriptions end.

        `leave` is called when there is nobody to write to any more, or with the error that was ours.
        """
        client = kind(outlet, leave, format, deflate=deflate, visitor=visitor)
        self.turns.enter(client)
        try:
            yield client
        finally:
            for subscription in list(client.subscriptions.values()):
                self.unsubscribe(subscription)
            self.turns.leave(client)
            self.sent += client.sent
            self.conflated += client.conflated
            self.missed += client.missed
            self.gaps_told += client.gaps_told

    def subscribe(self, client: Client, wanted: Subscribe) -> tuple[Subscription, bool]:
        """A new subscription, told nothing before `activate`; and whether it goes on from `resume`.

        What is rejected of its symbols stands in `subscription.group.roster.resolved`.
        """
        circle = self._seat(Wish(wanted.options, client.format, client.deflate), wanted.max_rate_hz)
        subscription = Subscription(client.number(), client, circle, wanted.max_rate_hz)
        client.subscriptions[subscription.number] = subscription
        resume, offset = wanted.resume, self.journal.offset
        recovered = (
            resume is not None
            and resume.epoch == self.site.read_model.epoch
            and self.journal.floor <= resume.offset <= offset
            and circle.group.can_resume(resume.offset)
        )
        if resume is not None:
            self.resumes["recovered" if recovered else "lost"] += 1
        if resume is not None and recovered:
            subscription.start(resume.offset, "resume")
        else:
            subscription.start(offset, "snapshot" if wanted.snapshot or resume is not None else "nothing")
        return subscription, recovered

    def prices(self, client: Client) -> Prices | None:
        """The client's subscription in the older dialect, new if need be; `None` without its exchange."""
        known = client.subscriptions.get(prices.NUMBER)
        if isinstance(known, Prices):
            return known
        if SEED_EXCHANGE not in self.site.read_model.boards:
            return None
        found = Prices(client, self._seat(prices.wish_of(client), 0.0))
        client.subscriptions[found.number] = found
        return found

    def activate(self, subscription: Subscription, debt: int = 0) -> None:
        """From now on it is told what it asked for."""
        if subscription.client.subscriptions.get(subscription.number) is subscription:
            subscription.circle.members[subscription] = None
            subscription.recount(debt)
            self.turns.mark(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End it."""
        client = subscription.client
        client.subscriptions.pop(subscription.number, None)
        client.ready.pop(subscription, None)
        self._rise(subscription, subscription.circle)

    def change(self, subscription: Subscription, wish: Wish, max_rate_hz: float) -> None:
        """Have it told in another way, or at another rate, from where it is."""
        before, active = subscription.circle, subscription in subscription.circle.members
        debt = subscription.debt()
        subscription.circle = self._seat(wish, max_rate_hz)
        self._rise(subscription, before)
        subscription.max_rate_hz = max_rate_hz
        subscription.due_s = trio.current_time()
        if before.group is not subscription.group:
            subscription.held = HOLDS_NOTHING
            subscription.pending.clear()
            if before.group.options.fields != wish.options.fields and subscription.group.ring is None:
                subscription.first = "snapshot"  # the records that it has lack fields
        if active:
            self.activate(subscription, debt)

    def _seat(self, wish: Wish, max_rate_hz: float) -> Circle:
        circle = self.register.join(self.register.group(wish), period_of(max_rate_hz))
        self._paces.add(circle.cadence.period_s)
        return circle

    def _rise(self, subscription: Subscription, circle: Circle) -> None:
        circle.members.pop(subscription, None)
        self._paces.add(circle.cadence.period_s, -1)
        if self.register.part(circle):
            self.turns.forget(circle)

    def _has_room(self) -> bool:
        return len(self.register) <= LONE_GROUPS_DEFLATED

    async def run(self) -> None:
        """Carry what changes to the clients, for as long as the web is served."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow_listings)
            nursery.start_soon(self._renew_books)
            await self.turns.run()

    async def _follow_listings(self) -> None:
        """Let globs and ranks follow what is listed, soon after it changed, and look every second."""
        while True:
            with trio.move_on_after(RESOLVE_S):
                await self._relisted.wait()
            self._relisted = trio.Event()
            for count, group in enumerate(self.register, 1):
                if group.members and self.register.follow(group):
                    self.turns.touch(self.register.circles([group]))
                if count % LOOKS_PER_CHECKPOINT == 0:
                    await trio.lowlevel.checkpoint()
            self.journal.tidy(trio.current_time())
            await trio.sleep(RESOLVE_S / 2)

    async def _renew_books(self) -> None:
        while True:
            await trio.sleep(RENEW_S)
            self.register.watching.renew()


def period_of(max_rate_hz: float) -> float:
    """The seconds between two frames; 0 without a limit."""
    return 1 / max_rate_hz if max_rate_hz else 0.0
