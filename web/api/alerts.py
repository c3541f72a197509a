"""`/api/v1/alerts`: rules, how they stand, what they did, and what they would have done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct
from quart import Response, request
from quart_trio import QuartTrio

from actors.market.alerts.reading import RuleError, read_rule
from actors.market.alerts.rules import Rule
from actors.market.alerts.views import Code, Refused
from web.alerting import Alerting
from web.api.alert_preview import Preview
from web.api.alert_shapes import (
    AlertHistory,
    AlertsMeta,
    HistoryQuery,
    Mute,
    NotifiersAnswer,
    PreviewAnswer,
    PreviewQuery,
    RuleAnswer,
    RulesAnswer,
    Trial,
    TrialAnswer,
    TrialOut,
    notifier_out,
    rule_out,
)
from web.api.queries import Query, read_query
from web.problems import Problem
from web.site import Site

PATH = "/api/v1/alerts"
STATUS: dict[Code, int] = {
    "bad_rule": 400,
    "rule_exists": 409,
    "unknown_rule": 404,
    "read_only_rule": 409,
    "too_many_rules": 409,
    "reserved_name": 400,
    "unknown_notifier": 404,
    "alerts_unavailable": 503,
    "alerts_disabled": 503,
}
RIGHT = "Send JSON as application/json."
S = TypeVar("S", bound=Struct)


def register(app: QuartTrio, site: Site) -> None:
    """Add the routes to `app`."""
    desk = _Desk(site)
    routes: list[tuple[str, str, str, Callable[..., Awaitable[Response]]]] = [
        ("GET", "", "alerts", desk.rules),
        ("POST", "", "create_alert", desk.create),
        ("GET", "/history", "alert_history", desk.history),
        ("GET", "/notifiers", "notifiers", desk.notifiers),
        ("POST", "/preview", "preview_alert", desk.preview),
        ("POST", "/test", "try_notifier", desk.trial),
        ("GET", "/<name>", "alert", desk.rule),
        ("PUT", "/<name>", "put_alert", desk.put),
        ("PATCH", "/<name>", "change_alert", desk.change),
        ("DELETE", "/<name>", "remove_alert", desk.remove),
        ("POST", "/<name>/mute", "mute_alert", desk.mute),
    ]
    for method, path, name, serve in routes:
        app.add_url_rule(PATH + path, name, _plain(serve), methods=[method])


def _plain(serve: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """What is refused, as a problem."""

    async def answer(**parts: str) -> Response:
        try:
            return await serve(**parts)
        except Refused as refused:
            errors = [{"parameter": refused.field, "value": "", "expected": str(refused)}]
            more: dict[str, Any] = {"errors": errors} if refused.field else {}
            raise Problem(STATUS[refused.code], str(refused), code=refused.code, **more) from None

    return answer


class _Desk:
    """Answers. Whoever changes something, or sends something, needs the right to control."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._preview = Preview(site)

    @property
    def _alerts(self) -> Alerting:
        if self._site.alerts is None:
            raise Refused("alerts_disabled", "This hub has no alerts: see [alerts] in its settings.")
        return self._site.alerts

    # Reading

    async def rules(self) -> Response:
        read_query(Query, request.args)
        found = [rule_out(view) for view in self._alerts.rules()]
        return self._response(RulesAnswer(found, self._meta(count=len(found))))

    async def rule(self, name: str) -> Response:
        read_query(Query, request.args)
        return self._rule(name)

    async def notifiers(self) -> Response:
        read_query(Query, request.args)
        found = [notifier_out(view) for view in self._alerts.notifiers()]
        return self._response(NotifiersAnswer(found, self._meta(count=len(found))))

    async def history(self) -> Response:
        query = read_query(HistoryQuery, request.args)
        found = await self._alerts.history(query.rule, query.before, query.limit)
        more = {"next_before": found[-1].number} if len(found) == query.limit else {}
        return self._response(AlertHistory(found, self._meta(count=len(found), **more)))

    # Changing

    async def create(self) -> Response:
        rule = await self._rule_sent()
        await self._alerts.put(rule, create=True)
        return self._rule(rule.name, 201)

    async def put(self, name: str) -> Response:
        given = await self._object_sent()
        self._check_name(given, name)
        is_new = await self._alerts.put(_read({**given, "name": name}))
        return self._rule(name, 201 if is_new else 200)

    async def change(self, name: str) -> Response:
        """A merge patch (RFC 7396): what is given replaces what was, and `null` means the default."""
        given = await self._object_sent()
        self._check_name(given, name)
        await self._alerts.change(name, lambda rule: _read(merged(msgspec.to_builtins(rule), given)))
        return self._rule(name)

    async def remove(self, name: str) -> Response:
        self._check_control()
        await self._alerts.remove(name)
        return Response(b"", 204, {"cache-control": "no-store"})

    async def mute(self, name: str) -> Response:
        wanted = await self._sent(Mute)
        await self._alerts.mute(name, self._site.now_ns() + int(wanted.for_s * 1e9))
        return self._rule(name)

    async def trial(self) -> Response:
        wanted = await self._sent(Trial)
        error = await self._alerts.send_trial(wanted.notifier)
        return self._response(TrialAnswer(TrialOut(error is None, error), self._meta()))

    async def preview(self) -> Response:
        query = read_query(PreviewQuery, request.args)
        rule = await self._rule_sent(changes=False)
        found = await self._preview.answer(self._alerts, rule, query.hours)
        return self._response(PreviewAnswer(found, self._meta()))

    # Requests

    def _check_control(self, *, changes: bool = True) -> None:
        peer = (request.scope.get("client") or ("",))[0]
        self._site.gate.check_control(request.headers, str(peer), changes=changes)

    async def _body(self, *, changes: bool = True) -> bytes:
        self._check_control(changes=changes)
        if request.mimetype != "application/json":
            raise Problem(415, RIGHT, code="not_json", headers={"accept": "application/json"})
        body: bytes = await request.get_data(cache=True, as_text=False, parse_form_data=False)
        return body

    async def _sent(self, kind: type[S]) -> S:
        try:
            return msgspec.json.decode(await self._body() or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            _bad_body(error)

    async def _object_sent(self, *, changes: bool = True) -> dict[str, Any]:
        try:
            given = msgspec.json.decode(await self._body(changes=changes))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            _bad_body(error)
        if not isinstance(given, dict):
            raise Problem(400, f"{RIGHT} A rule is an object.", code="bad_body")
        return given

    async def _rule_sent(self, *, changes: bool = True) -> Rule:
        return _read(await self._object_sent(changes=changes))

    def _check_name(self, given: dict[str, Any], name: str) -> None:
        if given.get("name", name) != name:
            raise _bad_rule(RuleError("name", repr(given["name"])[:64], f"{name!r}, or none"))

    # Answers

    def _rule(self, name: str, status: int = 200) -> Response:
        view = self._alerts.rule(name)
        headers = {"location": f"{PATH}/{name}"} if status == 201 else {}
        return self._response(RuleAnswer(rule_out(view, detailed=True), self._meta()), status, headers)

    def _meta(self, **more: Any) -> AlertsMeta:
        return AlertsMeta(as_of=self._site.now_ns() // 1_000_000, **more)

    def _response(self, answer: Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        usual = {"content-type": "application/json", "cache-control": "no-store"}
        return Response(msgspec.json.encode(answer), status, {**usual, **(headers or {})})


def merged(before: Any, patch: Any) -> Any:
    """A merge patch, applied."""
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    if "kind" in patch and patch["kind"] != after.get("kind"):
        after = {}  # another kind of condition has other fields
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = merged(after.get(name), value)
    return after


def _read(given: dict[str, Any]) -> Rule:
    try:
        return read_rule(given)
    except RuleError as error:
        raise _bad_rule(error) from None


def _bad_rule(error: RuleError) -> Problem:
    wrong = {"parameter": error.field, "value": error.value, "expected": error.expected}
    return Problem(400, f"This rule cannot be: {error}.", code="bad_rule", errors=[wrong])


def _bad_body(error: Exception) -> NoReturn:
    raise Problem(400, f"{RIGHT} This body is something else: {error}.", code="bad_body") from None
