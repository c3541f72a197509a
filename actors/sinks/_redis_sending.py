"""Talking to one Redis. Everything here blocks: it runs in a worker thread, one call at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha1
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from actors.market.rows import Row, TickRow
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks._redis_address import Address
from actors.sinks._redis_errors import translated
from actors.sinks._redis_keys import (
    INSTRUMENTS,
    day_of,
    instrument_of,
    key_names,
    name_of,
    place_of,
    text_of,
)
from actors.sinks._redis_script import TICKS_PER_CALL, Keep, script
from actors.sinks.base import InstrumentKey

WORDS_MAX = 3

Command: TypeAlias = tuple[str | bytes | int, ...]
_Result = TypeVar("_Result")


class Line:
    """One connection, made when it is needed. There is one attempt and no second: whoever asks tries again,
    and says so, while redis-py by itself would try ten times and hold its thread for seconds."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._client: Redis | None = None

    def ask(self, question: Callable[[Redis], _Result]) -> _Result:
        """The answer. Raises `SinkError`; then the next question finds a new connection."""
        client = self._client = self._client or new_client(self._address, self._timeout_s)
        try:
            return question(client)
        except (RedisError, OSError) as error:
            self.close()
            raise translated(error, self._address, self._timeout_s) from None
        except UnicodeEncodeError:
            raise SinkRefused("a tick cannot be kept: its symbol is no text") from None

    def close(self) -> None:
        """Let go of the connection; it never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(RedisError, OSError):
                client.close()


def new_client(address: Address, timeout_s: float) -> Redis:
    """A client that tries everything once, and connects when it is first used."""
    security: dict[str, Any] = {"ssl": True, "ssl_ca_certs": address.tls_roots}
    return Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # RESP3 begins with a HELLO that older servers do not know
        client_name="tickwell",
        **(security if address.is_encrypted else {}),
    )


class Sending:
    """Rows into Redis: one pipeline per batch, and in it one call of the script per instrument and day."""

    def __init__(self, address: Address, keep: Keep, bare_exchange: str, timeout_s: float) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._keep, self._bare_exchange, self._script = keep, bare_exchange, script(keep)
        self._digest = sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._line = Line(address, timeout_s)

    def open(self) -> None:
        """Connect, and tell the server the script. Raises `SinkUnavailable`."""
        self._line.ask(self._load)

    def send(self, rows: Sequence[Row]) -> None:
        """Returns when Redis has all ticks among the rows. Raises `SinkError`; then it may have some."""
        commands = self._commands(rows)
        if not commands:
            return
        answers = self._line.ask(lambda client: _execute(client, commands))
        if any(isinstance(answer, NoScriptError) for answer in answers):
            self._line.ask(self._load)  # it was restarted, and has forgotten
            answers = self._line.ask(lambda client: _execute(client, commands))
        self._check(answers)

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()

    def _load(self, client: Redis) -> None:
        client.script_load(self._script)

    def _commands(self, rows: Sequence[Row]) -> list[Command]:
        commands: list[Command] = []
        names: dict[str, None] = {}
        for (of, day), texts in _grouped(rows).items():
            keys = key_names(of, day, self._bare_exchange)
            head: Command = ("EVALSHA", self._digest, len(keys), *keys, *place_of(of))
            commands += [(*head, *some) for some in _pieces(texts)]
            names[name_of(of)] = None
        if commands:
            commands.append(("SADD", INSTRUMENTS, *names))
            if self._keep.latest_ttl_s:
                commands.append(("EXPIRE", INSTRUMENTS, self._keep.latest_ttl_s))
        return commands

    def _check(self, answers: Sequence[object]) -> None:
        errors = [
            translated(answer, self._address, self._timeout_s)
            for answer in answers
            if isinstance(answer, RedisError)
        ]
        for error in errors:
            if isinstance(error, SinkUnavailable):
                raise error
        if errors:
            words = list(dict.fromkeys(map(str, errors)))
            more = f"; and {len(words) - WORDS_MAX} more" if len(words) > WORDS_MAX else ""
            raise SinkRefused("; ".join(words[:WORDS_MAX]) + more)


def _execute(client: Redis, commands: Sequence[Command]) -> list[object]:
    """Every answer; an error is one."""
    with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)


def _grouped(rows: Sequence[Row]) -> dict[tuple[InstrumentKey, str], list[bytes]]:
    """The texts of the ticks of each instrument and day, oldest first."""
    ticks = sorted((row for row in rows if isinstance(row, TickRow)), key=attrgetter("ts"))
    grouped: dict[tuple[InstrumentKey, str], list[bytes]] = {}
    for row in ticks:
        grouped.setdefault((instrument_of(row), day_of(row.ts)), []).append(text_of(row))
    return grouped


def _pieces(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(texts), TICKS_PER_CALL):
        yield texts[start : start + TICKS_PER_CALL]
