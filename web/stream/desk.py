"""Where a client's requests are served: each is answered, in order, whatever it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import UNSET, structs

from web.inbound import Conduct
from web.stream import answers, prices, seed
from web.stream.client import Client
from web.stream.errors import RequestError, bad_param
from web.stream.groups import Wish
from web.stream.history import history
from web.stream.hub import StreamHub
from web.stream.options import UNMERGED, Options
from web.stream.params import read_fields
from web.stream.requests import (
    Body,
    History,
    Ping,
    Request,
    Set,
    Subscribe,
    Subscriptions,
    Unsubscribe,
    read_request,
)
from web.stream.results import (
    EndedResult,
    HistoryResult,
    PingResult,
    SetResult,
    SubscribedResult,
    SubscriptionOut,
    SubscriptionsResult,
)
from web.stream.selection import Rejected
from web.stream.subscription import Subscription

ANSWER_BYTES_MAX = 4 * 1024 * 1024
REASONS_SHOWN_MAX = 5
# What counts against a client that does not learn. The rest is understood, and cannot be had.
NOT_UNDERSTOOD = {"bad_message", "unknown_method", "bad_params", "unknown_channel", "rate_limited"}


class Reply(NamedTuple):
    """The answer as bytes, and the subscription that begins once it was sent."""

    payload: bytes
    begins: Subscription | None = None


class Desk:
    """Serves one client. `conduct` counts what it does wrong."""

    def __init__(self, hub: StreamHub, client: Client, conduct: Conduct) -> None:
        self._hub = hub
        self._client = client
        self._conduct = conduct
        self._served: dict[type[Any], Callable[[Any], tuple[Any, Subscription | None]]] = {
            Subscribe: self.subscribe,
            Unsubscribe: self._unsubscribe,
            Subscriptions: self._subscriptions,
            Set: self._set,
            Ping: self._ping,
            History: self._history,
            seed.Subscribing: self._more_prices,
            seed.Unsubscribing: self._fewer_prices,
            seed.Pinging: lambda _: (seed.Pong(), None),
        }

    def reply(self, message: str | bytes | None, now_s: float, read_ns: int) -> Reply:
        """The answer to a message. `TooManyErrors` when an error would be one too many."""
        try:
            return self._reply(message, now_s, read_ns)
        except RequestError as error:
            self._hub.errors[error.code] += 1
            if error.code in NOT_UNDERSTOOD:
                self._conduct.count_error(now_s)
            if error.dialect:
                return Reply(self._encoded(seed.refused(error)))
            return Reply(self._encoded(answers.refused(error, read_ns, self._now_ns())))

    def _reply(self, message: str | bytes | None, now_s: float, read_ns: int) -> Reply:
        if not self._conduct.admit(now_s):
            most = self._conduct.messages_per_s
            words = f"more than {most:g} messages per second: this one was not read; send fewer."
            raise RequestError("rate_limited", words, temporary=True)
        said = read_request(message, self._client.format)
        if not isinstance(said, Request):
            structure, begins = self._served[type(said)](said)
            return Reply(self._encoded(structure), begins)
        return self._answered(said, read_ns)

    def _answered(self, request: Request, read_ns: int) -> Reply:
        begins: Subscription | None = None
        try:
            result, begins = self._serve(request.body)
            answer = answers.granted(request.method, request.req_id, result, read_ns, self._now_ns())
            payload = self._encoded(answer)
            if len(payload) > ANSWER_BYTES_MAX:
                words = f"the answer has {len(payload)} bytes; {ANSWER_BYTES_MAX} are the most: ask for less."
                raise RequestError("too_big", words, field="limit")
        except RequestError as error:
            error.method, error.req_id = request.method, request.req_id
            raise
        return Reply(payload, begins)

    def _serve(self, body: Body) -> tuple[Any, Subscription | None]:
        return self._served[type(body)](body)

    def _now_ns(self) -> int:
        return self._hub.site.now_ns()

    def _encoded(self, structure: Any) -> bytes:
        return answers.encode(structure, self._client.format)

    # What can be asked

    def subscribe(self, wanted: Subscribe) -> tuple[SubscribedResult, Subscription | None]:
        """A subscription, and the one that begins once that is answered. Raises `RequestError`."""
        known = self._find(wanted.options)
        if known is not None:
            warnings = ["This subscription is there already: its frames go on as they are."]
            return self._told(known, recovered=False, warnings=warnings), None
        self._check_limits(wanted.options)
        subscription, recovered = self._hub.subscribe(self._client, wanted)
        result = self._told(subscription, recovered=recovered)
        try:
            check_hope(subscription, result)
        except RequestError:
            self._hub.unsubscribe(subscription)
            raise
        return result, subscription

    def _check_limits(self, options: Options) -> None:
        settings = self._hub.settings
        if len(options.symbols) > settings.symbols_max:
            words = f"symbols: {len(options.symbols)} selectors; at most {settings.symbols_max} are possible."
            raise RequestError("limit_exceeded", words, field="symbols")
        if len(self._client.subscriptions) >= settings.subscriptions_max:
            words = f"This connection has {settings.subscriptions_max} subscriptions, and may have no more."
            raise RequestError("limit_exceeded", words, field="channel", temporary=True)

    def _told(
        self, subscription: Subscription, *, recovered: bool, warnings: list[str] | None = None
    ) -> SubscribedResult:
        group, resolved = subscription.group, subscription.group.roster and subscription.group.roster.resolved
        refused = self._hub.register.watching.refused if group.channel == "book" else {}
        rejected = [*resolved.rejected] if resolved else []
        return SubscribedResult(
            sub=subscription.number,
            channel=group.channel,
            keys=[key for key in group.keys if key not in refused],
            rejected=[*rejected, *(refused[key] for key in group.keys if key in refused)],
            warnings=[*(resolved.warnings if resolved else ()), *(warnings or [])],
            max_rate_hz=subscription.max_rate_hz,
            epoch=self._hub.site.read_model.epoch,
            offset=subscription.offset,
            recovered=recovered,
        )

    def _unsubscribe(self, wanted: Unsubscribe) -> tuple[EndedResult, None]:
        if wanted.options is not None:
            named = self._find(wanted.options)
            if named is None:
                words = f"channel={wanted.options.channel}: nothing is subscribed with these options."
                raise RequestError("unknown_subscription", words, field="channel")
            ending = [named]
        else:
            ending = [self._subscription(number) for number in dict.fromkeys(wanted.subs)]
        for each in ending:
            self._hub.unsubscribe(each)
        return EndedResult([each.number for each in ending]), None

    def _subscriptions(self, _: Subscriptions) -> tuple[SubscriptionsResult, None]:
        mine = [each for each in self._client.subscriptions.values() if each.number != prices.NUMBER]
        return SubscriptionsResult([described(each) for each in mine]), None

    def _set(self, wanted: Set) -> tuple[SetResult, None]:
        subscription = self._subscription(wanted.sub)
        before = subscription.group.options
        after = changed_options(before, wanted)
        rate = subscription.max_rate_hz if wanted.max_rate_hz is UNSET else wanted.max_rate_hz
        self._hub.change(subscription, Wish(after, self._client.format, self._client.deflate), rate)
        fields = None if after.fields is None else list(after.fields)
        return SetResult(
            sub=wanted.sub, max_rate_hz=rate, fields=fields, changes_only=after.changes_only
        ), None

    def _ping(self, wanted: Ping) -> tuple[PingResult, None]:
        return PingResult(self._now_ns() // 1_000_000, wanted.params), None

    def _history(self, wanted: History) -> tuple[HistoryResult, None]:
        return HistoryResult(list(history(self._hub.site, wanted))), None

    def _more_prices(self, wanted: seed.Subscribing) -> tuple[seed.Subscribed, Subscription | None]:
        dialect = self._hub.prices(self._client)
        if dialect is None:
            words = f"This hub does not read {seed.SEED_EXCHANGE}, whose prices this dialect tells."
            raise RequestError("not_offered", words, dialect=True)
        return dialect.basket.subscribe(wanted), dialect

    def _fewer_prices(self, wanted: seed.Unsubscribing) -> tuple[seed.Unsubscribed, None]:
        dialect = self._client.subscriptions.get(prices.NUMBER)
        if not isinstance(dialect, prices.Prices):
            return seed.Unsubscribed([]), None
        ended = dialect.basket.unsubscribe(wanted)
        if not len(dialect.basket):
            self._hub.unsubscribe(dialect)
        return ended, None

    def _find(self, options: Options) -> Subscription | None:
        mine = self._client.subscriptions.values()
        return next((each for each in mine if each.group.options == options), None)

    def _subscription(self, number: int) -> Subscription:
        found = self._client.subscriptions.get(number)
        if found is None or number == prices.NUMBER:
            there = ", ".join(str(each) for each in list(self._client.subscriptions)[:10] if each) or "none"
            words = f"sub={number}: this connection has no such subscription; there are: {there}."
            raise RequestError("unknown_subscription", words, field="sub")
        return found


def check_hope(subscription: Subscription, result: SubscribedResult) -> None:
    """Raise the `RequestError` about a subscription that can never tell anything."""
    roster = subscription.group.roster
    if roster is None or (not roster.keys and roster.resolved is None):
        return
    hopeless = roster.resolved is not None and roster.resolved.hopeless
    if not hopeless and not (result.rejected and not result.keys and not result.warnings):
        return
    shown = "; ".join(words_of(each) for each in result.rejected[:REASONS_SHOWN_MAX])
    temporary = any(each.code == "limit_exceeded" for each in result.rejected)
    words = f"Every symbol was rejected: {shown}"
    raise RequestError("no_symbols", words, field="symbols", temporary=temporary)


def words_of(rejected: Rejected) -> str:
    """Why a symbol was rejected, and what may be meant."""
    hint = f" (did you mean {' or '.join(rejected.nearest)}?)" if rejected.nearest else ""
    return f"{rejected.symbol}: {rejected.message}{hint}"


def changed_options(options: Options, wanted: Set) -> Options:
    """The options after a `set`. Raises `RequestError` for what the channel does not have."""
    if wanted.changes_only is True and options.channel in UNMERGED:
        right = f"false: records of {options.channel} are never told in part"
        raise bad_param("changes_only", True, right)
    changes: dict[str, Any] = {}
    if wanted.fields is not UNSET:
        changes["fields"] = read_fields(options.channel, wanted.fields)
    if wanted.changes_only is not UNSET:
        changes["changes_only"] = wanted.changes_only
    return structs.replace(options, **changes)


def described(subscription: Subscription) -> SubscriptionOut:
    """A subscription as `subscriptions` tells it."""
    group = subscription.group
    return SubscriptionOut(
        sub=subscription.number,
        channel=group.channel,
        params={**group.options.told(), "max_rate_hz": subscription.max_rate_hz},
        keys=list(group.keys),
        seq=subscription.seq,
        offset=subscription.offset,
    )
