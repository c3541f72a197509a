"""`/api/v1/clients`: who listens, to what, and how well they keep up. Guarded, for it tells addresses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct
from quart import request

from web.api.queries import Query
from web.api.resource import Answer, Body, Route
from web.fanout import Member
from web.group import Group
from web.site import Site
from web.stream.client import Client
from web.stream.subscription import Subscription

CLIENTS_MAX = 1000
SUBSCRIPTIONS_TOLD_MAX = 20
SELECTORS_TOLD_MAX = 5


class ClientsQuery(Query, frozen=True, kw_only=True):
    """How many of them."""

    limit: Annotated[
        int, msgspec.Meta(ge=1, le=CLIENTS_MAX, description="At most so many, those who came first.")
    ] = 200


class ClientWish(Struct, frozen=True):
    """One thing that a client asked for.

    Of many `selectors` the first five stand here; `keys` is how many instruments they mean now, `null` where
    that does not apply. `max_rate_hz` 0 is as soon as the hub knows.
    """

    channel: str
    selectors: list[str]
    keys: int | None
    max_rate_hz: float


class ClientOut(Struct, frozen=True):
    """One client: on `/ws` (`stream`), reading its events over HTTP (`events`), or on `/ws/realtime/...`.

    `messages` are the frames with data that it was sent, `conflated` the updates that were merged because it
    was busy, `missed` the records that it never got, and was told so. `lag_ms` is how long its last frame
    waited; `busy`: one waits now. Of many subscriptions the first twenty stand in `wishes`.
    """

    id: str
    route: Literal["stream", "events", "realtime"]
    address: str
    since: int
    format: Literal["json", "msgpack"]
    deflate: bool
    subscriptions: int
    wishes: list[ClientWish]
    messages: int
    conflated: int
    missed: int
    lag_ms: float
    busy: bool


async def check(site: Site, _: str, __: ClientsQuery) -> None:
    """Addresses of clients are nobody's business but the owner's."""
    peer = (request.scope.get("client") or ("",))[0]
    site.gate.check_control(request.headers, str(peer), changes=False)


def answer_clients(site: Site, _: str, query: ClientsQuery) -> Answer:
    """Everybody, those of the stream first."""

    def build(_: int) -> Body:
        members = list(site.fanout.members)
        total = len(site.stream.turns.clients) + len(members)
        found = islice(everybody(site, members), query.limit)
        return Body(list(found), {"total": total} if total > query.limit else {})

    return Answer([], (str(site.now_ns() // 1_000_000_000),), build)


def everybody(site: Site, members: list[tuple[Group, Member]]) -> Iterator[ClientOut]:
    """All clients, those of one socket in the order in which they came."""
    stream = (stream_client(each) for each in site.stream.turns.clients)
    realtime = sorted(members, key=lambda each: each[1].visitor.since_ns)
    return chain(stream, (realtime_client(group, member) for group, member in realtime))


def stream_client(client: Client) -> ClientOut:
    """A client of the stream."""
    subscriptions = client.subscriptions.values()
    return ClientOut(
        id=client.visitor.name,
        route=client.route,
        address=client.visitor.address,
        since=client.visitor.since_ns // 1_000_000,
        format=client.format,
        deflate=client.deflate,
        subscriptions=len(subscriptions),
        wishes=[wish_of(each) for each in islice(subscriptions, SUBSCRIPTIONS_TOLD_MAX)],
        messages=client.sent,
        conflated=client.conflated,
        missed=client.missed,
        lag_ms=round(client.lag_ms, 1),
        busy=client.is_busy,
    )


def wish_of(subscription: Subscription) -> ClientWish:
    """What a subscription is about."""
    group = subscription.group
    return ClientWish(
        channel=group.channel,
        selectors=list(group.options.symbols[:SELECTORS_TOLD_MAX]),
        keys=len(group.keys) if group.options.symbols else None,
        max_rate_hz=subscription.max_rate_hz,
    )


def realtime_client(group: Group, member: Member) -> ClientOut:
    """A client of one exchange's picture. Ticks that it skipped are conflated: nothing is lost for it."""
    wish = group.wish
    market = wish.market or "*"
    symbols = wish.symbols or ("*",)
    selectors = [f"{wish.exchange}:{market}:{each}" for each in symbols[:SELECTORS_TOLD_MAX]]
    return ClientOut(
        id=member.visitor.name,
        route="realtime",
        address=member.visitor.address,
        since=member.visitor.since_ns // 1_000_000,
        format="json",
        deflate=wish.deflate,
        subscriptions=1,
        wishes=[ClientWish("ticker", selectors, len(wish.symbols) if wish.symbols else None, 0.0)],
        messages=member.sent,
        conflated=member.skipped,
        missed=0,
        lag_ms=0.0,
        busy=member.behind,
    )


ROUTES: list[Route[Any]] = [
    Route(
        path="/api/v1/clients",
        name="clients",
        summary="Who listens, and how well they keep up",
        details="Needs the control token, or a request on the hub's own machine: it tells addresses.",
        query=ClientsQuery,
        data=list[ClientOut],
        answer=answer_clients,
        problems=(400, 401, 403),
        prepare=check,
    ),
]
