"""Reading the newest ticks back from Redis. Everything here blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import MsgspecError
from redis import Redis

from actors.market.rows import TickRow
from actors.sinks._redis_keys import INSTRUMENTS, instrument_named, key_names, row_of, value_of_fields
from actors.sinks.base import InstrumentKey


def newest(client: Redis, bare_exchange: str, exchange: str | None, market: str | None) -> list[TickRow]:
    """The newest tick of every instrument that is known to Redis, of one exchange or market or of all."""
    names = sorted(_text(name) for name in client.smembers(INSTRUMENTS))
    instruments = [
        each
        for each in map(instrument_named, names)
        if each is not None and exchange in (None, each.exchange) and market in (None, each.market)
    ]
    with client.pipeline(transaction=False) as pipeline:
        for each in instruments:
            pipeline.hgetall(key_names(each, "", bare_exchange).latest)
        answers = pipeline.execute(raise_on_error=False)
    return list(_rows(dict(zip(instruments, answers, strict=True))))


def _rows(found: Mapping[InstrumentKey, object]) -> Iterator[TickRow]:
    """What has expired, or was written by somebody else, is left out."""
    for of, fields in found.items():
        if isinstance(fields, dict):
            try:
                told = {_text(name): _text(text) for name, text in fields.items()}
                yield row_of(of, value_of_fields(told))
            except (MsgspecError, ValueError):
                continue


def _text(found: bytes | str) -> str:
    """Text of ours is UTF-8; what is not is nobody's name."""
    return found if isinstance(found, str) else found.decode(errors="replace")
