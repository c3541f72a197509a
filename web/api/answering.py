"""From an `Answer` to a response: encoded once for all who ask the same, 304 for who knows it already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import msgspec
from msgspec import Struct
from quart import Response, request
from quart_trio import QuartTrio

from web.api.queries import read_query
from web.api.resource import Answer, Meta, Route
from web.site import Site

ANSWERS_KEPT = 256
BYTES_KEPT = 32 * 1024 * 1024
FRESH_NS = 1_000_000_000


class Kept(Struct, frozen=True):
    """An encoded answer: of which version, and when it was made."""

    etag: str
    body: bytes
    made_ns: int


class Answers:
    """The newest answers, bounded in number and size; what was not asked for longest goes first.

    One is good as long as its version is, and for a second at most, because its ages are as of when it was
    made.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self.built = 0

    def get(self, key: Hashable, answer: Answer, meta: type[Meta], epoch: str, now_ns: int) -> bytes:
        """The body of an answer, made anew only if it must be."""
        etag = etag_of(epoch, answer)
        kept = self._kept.get(key)
        if kept is None or kept.etag != etag or now_ns - kept.made_ns >= FRESH_NS:
            kept = Kept(etag, encode(answer, meta, epoch, now_ns), now_ns)
            self.built += 1
            self._keep(key, kept)
        self._kept.move_to_end(key)
        return kept.body

    def _keep(self, key: Hashable, kept: Kept) -> None:
        before = self._kept.pop(key, None)
        self._bytes += len(kept.body) - (len(before.body) if before else 0)
        self._kept[key] = kept
        while len(self._kept) > 1 and (len(self._kept) > ANSWERS_KEPT or self._bytes > BYTES_KEPT):
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone.body)


def etag_of(epoch: str, answer: Answer) -> str:
    """The version as an entity tag: weak, for two answers of one version differ in their ages."""
    return f"{epoch}-{'.'.join(answer.version)}"


def encode(answer: Answer, meta: type[Meta], epoch: str, now_ns: int) -> bytes:
    """The whole body of an answer."""
    body = answer.build(now_ns)
    seq = {board.exchange: board.seq for board in answer.boards}
    counted: dict[str, Any] = {"count": len(body.data)} if isinstance(body.data, list) else {}
    told = meta(as_of=now_ns // 1_000_000, epoch=epoch, seq=seq, **counted, **body.meta)
    return msgspec.json.encode({"data": body.data, "meta": told})


def add_route(app: QuartTrio, site: Site, answers: Answers, route: Route[Any]) -> None:
    """Serve `route`."""

    async def serve(key: str = "", exchange: str = "") -> Response:
        name = key or exchange
        query = read_query(route.query, request.args)
        if route.prepare is not None:
            await route.prepare(site, name, query)
        answer = route.answer(site, name, query)
        epoch, now_ns = site.read_model.epoch, site.now_ns()
        etag = etag_of(epoch, answer)
        headers = {"content-type": "application/json", "cache-control": "no-cache", "etag": f'W/"{etag}"'}
        if request.if_none_match.contains_weak(etag):
            return Response(b"", 304, headers)
        body = answers.get((route.path, name, query), answer, route.meta, epoch, now_ns)
        return Response(body, 200, headers)

    rule = route.path.replace("{key}", "<path:key>").replace("{exchange}", "<exchange>")
    app.add_url_rule(rule, route.name, serve, methods=["GET"])
