"""What the hub has in memory of one instrument, as an answer to a request."""

from __future__ import annotations

from msgspec import Struct

from web.api.keys import find, offered
from web.problems import Problem
from web.site import Site
from web.stream.errors import RequestError
from web.stream.options import Options
from web.stream.places import TOLD_BY
from web.stream.records import newest
from web.stream.requests import History

CODES = {"unknown_key": "unknown_symbol", "not_offered": "not_offered", "switched_off": "switched_off"}


def history(site: Site, wanted: History) -> list[Struct]:
    """The newest records, oldest first. Raises `RequestError` about the key."""
    try:
        target = find(site, wanted.key)
        offered(site, target, *TOLD_BY[wanted.channel])
    except Problem as problem:
        code = CODES.get(problem.members.get("code", ""), "unknown_symbol")
        raise RequestError(code, problem.detail, field="key") from None
    options = Options(channel=wanted.channel, interval=wanted.interval)
    return newest(site, options, target.key, wanted.limit)
