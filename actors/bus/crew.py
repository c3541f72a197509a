"""PURE: who is alive, what each of them wants, and what was ordered of all.

A node leaves a note on the bus that expires. Everything that nodes tell each other beside the data stands in
these notes, so that it ends with whoever said it: which books somebody reads (a lease that needs no end), and
which exchanges were stopped (the newest order counts, and everybody repeats it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

INGEST, SERVE, PERSIST = "ingest", "serve", "persist"
ROLES = (INGEST, SERVE, PERSIST)


class Order(Struct, frozen=True):
    """Somebody wants an exchange to run, or not to, since then."""

    is_running: bool
    ordered_ns: int


class Note(Struct, frozen=True, kw_only=True):
    """What a node says of itself. `process` is another after each start, `run` after each start of its feeds;
    `beats` counts. `books` maps keys to depths."""

    process: str
    run: str
    roles: tuple[str, ...]
    beats: int
    now_ns: int
    url: str = ""
    books: dict[str, int] = {}
    orders: dict[str, Order] = {}


class Change(Struct, frozen=True):
    """Who came, and who is gone, each with its last note."""

    joined: dict[str, Note]
    gone: dict[str, Note]

    def __bool__(self) -> bool:
        return bool(self.joined or self.gone)


_decoder = msgspec.msgpack.Decoder(Note)


def written(note: Note) -> bytes:
    """A note as it stands on the bus."""
    return msgspec.msgpack.encode(note)


def read_notes(bodies: Mapping[str, bytes]) -> dict[str, Note]:
    """The notes that can be read; another version's may not."""
    notes: dict[str, Note] = {}
    for name, body in bodies.items():
        try:
            notes[name] = _decoder.decode(body)
        except msgspec.DecodeError:
            continue
    return notes


class Crew:
    """The nodes, as one of them sees them. `me` is its name.

    Who is absent is gone only after `confirm_ns` of looking: a bus that stood still for a moment has let
    everybody's note expire. While nobody could look, nobody goes.
    """

    def __init__(self, me: str, confirm_ns: int) -> None:
        self.me = me
        self.nodes: dict[str, Note] = {}
        self.orders: dict[str, Order] = {}
        self._confirm_ns = confirm_ns
        self._absent_ns: dict[str, int] = {}
        self._looked_ns: int | None = None

    def blind(self, patience_ns: int, now_ns: int) -> None:
        """The bus could not be asked until now: whoever is absent gets so much more time to come back."""
        self._looked_ns = None
        self._absent_ns = dict.fromkeys(self.nodes, now_ns + patience_ns)

    def look(self, notes: Mapping[str, Note], now_ns: int) -> Change:
        """Take the notes that stand there now."""
        if self._looked_ns is not None and now_ns - self._looked_ns > self._confirm_ns:
            self.blind(self._confirm_ns, now_ns)
        self._looked_ns = now_ns
        joined = {name: note for name, note in notes.items() if self._is_new(name, note)}
        gone = {
            name: note
            for name, note in self.nodes.items()
            if name in joined or self._is_gone(name, notes, now_ns)
        }
        self.nodes = {name: note for name, note in self.nodes.items() if name not in gone} | dict(notes)
        for note in notes.values():
            self.obey(note.orders)
        return Change(joined, gone)

    def obey(self, orders: Mapping[str, Order]) -> None:
        """Of two orders for one exchange, the later one counts."""
        for exchange, order in orders.items():
            known = self.orders.get(exchange)
            if known is None or known.ordered_ns < order.ordered_ns:
                self.orders[exchange] = order

    def with_role(self, role: str) -> list[str]:
        """The names of the nodes that do this, in order."""
        return sorted(name for name, note in self.nodes.items() if role in note.roles)

    def books(self) -> dict[str, int]:
        """The books that anybody wants, each as deep as the deepest wish."""
        return deepest(note.books for note in self.nodes.values())

    def _is_new(self, name: str, note: Note) -> bool:
        known = self.nodes.get(name)
        return known is None or (known.process, known.run) != (note.process, note.run)

    def _is_gone(self, name: str, notes: Mapping[str, Note], now_ns: int) -> bool:
        if name in notes or name == self.me:
            self._absent_ns.pop(name, None)
            return False
        if now_ns < self._absent_ns.setdefault(name, now_ns + self._confirm_ns):
            return False
        del self._absent_ns[name]
        return True


def deepest(wishes: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Wishes for books, put together."""
    books: dict[str, int] = {}
    for wish in wishes:
        for key, depth in wish.items():
            books[key] = max(depth, books.get(key, 0))
    return books
