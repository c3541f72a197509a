"""What alerts must not forget: rules, what is muted, what happened, what fires, what is still to be sent.

One SQLite file, used by one thread. Everything that belongs to one happening is written in one transaction,
so that after a crash a notification is sent once more rather than never.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from actors.alerting.database import Database
from actors.market.alerts.happenings import Alert
from actors.market.alerts.rules import Rule

SCHEMA = (
    "CREATE TABLE rules (name TEXT PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE mutes (rule TEXT PRIMARY KEY, until_ns INTEGER NOT NULL)",
    "CREATE TABLE history (number INTEGER PRIMARY KEY, rule TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX history_of ON history (rule, number)",
    "CREATE TABLE open (rule TEXT, subject TEXT, way INTEGER, since_ns INTEGER NOT NULL,"
    " PRIMARY KEY (rule, subject, way))",
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, notifier TEXT NOT NULL, alert BLOB NOT NULL,"
    " at_ns INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_ns INTEGER NOT NULL)",
    "CREATE INDEX outbox_of ON outbox (notifier, due_ns, id)",
)


class Entry(Struct, frozen=True):
    """One happening to be written: as it is told, which of its rule's triggers it was, whether it goes on
    (`opens`) or is over (`closes`), and which notifiers are to be told."""

    alert: Alert
    way: int
    opens: bool
    closes: bool
    notify: tuple[str, ...]


class Letter(Struct, frozen=True):
    """One notification that waits: its place in the outbox, what it tells, and how often it was tried."""

    id: int
    alert: Alert
    at_ns: int
    attempts: int
    due_ns: int


class Ledger:
    """`open` first. Every method may raise `LedgerError`.

    At most `history_rows` happenings are kept, and for each notifier `waiting_max` notifications: the oldest
    go first.
    """

    def __init__(self, path: Path, history_rows: int, waiting_max: int) -> None:
        self._database = Database(path, SCHEMA)
        self._rows, self._transaction = self._database.rows, self._database.transaction
        self._history_rows, self._waiting_max = history_rows, waiting_max
        self.open, self.close = self._database.open, self._database.close

    # Rules

    def rules(self) -> list[Rule]:
        """The rules that are kept. One that is not understood any more is left out, and left where it is."""
        found = []
        for (body,) in self._rows("SELECT body FROM rules ORDER BY name"):
            with suppress(msgspec.ValidationError):
                found.append(msgspec.json.decode(body, type=Rule))
        return found

    def put(self, rule: Rule) -> None:
        """Keep a rule, in place of the one of its name; what that one was firing is over."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO rules VALUES (?, ?)", (rule.name, msgspec.json.encode(rule))
            )
            connection.execute("DELETE FROM open WHERE rule = ?", (rule.name,))

    def remove(self, name: str) -> None:
        """Keep a rule no more. What happened stays in the history."""
        with self._transaction() as connection:
            for table, column in (("rules", "name"), ("mutes", "rule"), ("open", "rule")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608

    def mutes(self) -> dict[str, int]:
        """Until when each rule is muted."""
        return dict(self._rows("SELECT rule, until_ns FROM mutes"))

    def mute(self, rule: str, until_ns: int) -> None:
        """Mute a rule until then."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO mutes VALUES (?, ?)", (rule, until_ns))

    # What happened

    def opened(self) -> dict[tuple[str, str, int], int]:
        """What was firing when it was last written, and since when."""
        rows = self._rows("SELECT rule, subject, way, since_ns FROM open")
        return {(rule, subject, way): since_ns for rule, subject, way, since_ns in rows}

    def last_number(self) -> int:
        """The number of the newest happening; 0 without any."""
        [(number,)] = self._rows("SELECT coalesce(max(number), 0) FROM history")
        return int(number)

    def write(self, entries: Sequence[Entry], now_ns: int) -> dict[str, int]:
        """Write what happened, and what is to be sent of it. Returns how many notifications were dropped of
        each notifier for want of room."""
        dropped: dict[str, int] = {}
        with self._transaction() as connection:
            for entry in entries:
                self._write(connection, entry, now_ns)
            bound = (
                "DELETE FROM history WHERE number <="
                " (SELECT number FROM history ORDER BY number DESC LIMIT 1 OFFSET ?)"
            )
            connection.execute(bound, (self._history_rows,))
            for name in {name for entry in entries for name in entry.notify}:
                oldest = (
                    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE notifier = ?"
                    " ORDER BY id DESC LIMIT -1 OFFSET ?)"
                )
                gone = connection.execute(oldest, (name, self._waiting_max)).rowcount
                if gone:
                    dropped[name] = gone
        return dropped

    def _write(self, connection: sqlite3.Connection, entry: Entry, now_ns: int) -> None:
        alert = entry.alert
        body = msgspec.json.encode(alert)
        connection.execute(
            "INSERT OR REPLACE INTO history VALUES (?, ?, ?)", (alert.number, alert.rule, body)
        )
        place = (alert.rule, alert.subject, entry.way)
        if entry.opens:
            connection.execute(
                "INSERT OR REPLACE INTO open VALUES (?, ?, ?, ?)", (*place, alert.ts * 1_000_000)
            )
        if entry.closes:
            connection.execute("DELETE FROM open WHERE rule = ? AND subject = ? AND way = ?", place)
        connection.executemany(
            "INSERT INTO outbox (notifier, alert, at_ns, due_ns) VALUES (?, ?, ?, ?)",
            [(name, body, now_ns, now_ns) for name in entry.notify],
        )

    def history(self, rule: str | None, before: int | None, limit: int) -> list[Alert]:
        """What happened, the newest first: of one rule, before a number."""
        of = "rule = ? AND" if rule is not None else ""
        bound = before if before is not None else 2**62
        parameters = (*((rule,) if rule is not None else ()), bound, limit)
        sql = f"SELECT body FROM history WHERE {of} number < ? ORDER BY number DESC LIMIT ?"  # noqa: S608
        return [msgspec.json.decode(body, type=Alert) for (body,) in self._rows(sql, parameters)]

    # What is to be sent

    def next_letter(self, notifier: str) -> Letter | None:
        """The notification that is due first."""
        columns = "id, alert, at_ns, attempts, due_ns"
        sql = f"SELECT {columns} FROM outbox WHERE notifier = ? ORDER BY due_ns, id LIMIT 1"  # noqa: S608
        for number, body, at_ns, attempts, due_ns in self._rows(sql, (notifier,)):
            return Letter(number, msgspec.json.decode(body, type=Alert), at_ns, attempts, due_ns)
        return None

    def waiting(self) -> dict[str, int]:
        """How many wait for each notifier."""
        return dict(self._rows("SELECT notifier, count(*) FROM outbox GROUP BY notifier"))

    def done(self, letter: int) -> None:
        """It was sent, or never will be."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM outbox WHERE id = ?", (letter,))

    def failed(self, letter: int, due_ns: int) -> None:
        """It was not sent, and is tried again then."""
        with self._transaction() as connection:
            sql = "UPDATE outbox SET attempts = attempts + 1, due_ns = ? WHERE id = ?"
            connection.execute(sql, (due_ns, letter))

    def forget_others(self, notifiers: Iterable[str]) -> int:
        """Drop what waits for notifiers that are no more, and return how many these were."""
        names = tuple(notifiers)
        marks = ",".join("?" * len(names))
        with self._transaction() as connection:
            sql = f"DELETE FROM outbox WHERE notifier NOT IN ({marks})"  # noqa: S608 - question marks
            return connection.execute(sql, names).rowcount
