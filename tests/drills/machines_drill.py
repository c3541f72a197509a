"""Six nodes of one hub, and what can happen to them, one after the other, under clients that wander."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.bus.machines import KEYS, Machines, Wanderer, machines, until

ROLES = {"a": "ingest", "b": "ingest", "c": "ingest", "w": "serve", "x": "serve", "d": "persist"}
READERS = ("w", "x", "d")
CLIENTS = 1000
EAGER = 40  # of them follow everything at once; the others one instrument each, once a second
HUBS = (("redis", 1), ("nats", 1), ("redis", 2))  # the bus, and how many nodes follow each instrument
BUS_AWAY_S = 30.0
HEAD = "| what happens | all is current again after s | clients that resumed | wrong pictures |"
RULE = "|---|--:|--:|--:|"


def machines_report(folder: Path) -> Iterator[str]:
    """Of each hub a table, and below it what became of the history and of the clients."""
    for bus, copies in HUBS:
        lines: list[str] = []
        (place := folder / f"{bus}{copies}").mkdir()
        with machines(place, rate=100, bus=bus, copies=copies) as made:
            trio.run(_drill, made, lines)
        yield from (f"On {bus}, {copies} ingest node(s) for each instrument:", "", HEAD, RULE, *lines, "")


async def _drill(made: Machines, lines: list[str]) -> None:
    drill = Drill(made, lines)
    for name, role in ROLES.items():
        made.start(name, role)
    for node in made.nodes.values():
        await node.until_listening()
    await drill.settled()
    since_ms = (await made.truth(KEYS[0]))["time_ms"]
    async with trio.open_nursery() as nursery:
        drill.clients += [client(made, number) for number in range(CLIENTS)]
        for each in drill.clients:
            nursery.start_soon(each.run)
        await until(drill.all_are_told)
        for words, happen in drill.happenings():
            await drill.note(words, happen)
        await made.pause()
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    complaints = await made.history_complaints("d", since_ms)
    lines += [
        "",
        f"Instruments whose history lacks a trade that no gap admits: {len(complaints)} of {len(KEYS)}.",
    ]
    lines += [f"- {words}" for words in complaints]
    lines += await drill.of_clients()


def client(made: Machines, number: int) -> Wanderer:
    """One of many, who begins at one of the two serving nodes."""
    names = ("w", "x") if number % 2 else ("x", "w")
    if number < EAGER:
        return Wanderer(made, *names)
    return Wanderer(made, *names, keys=[KEYS[number % len(KEYS)]], rate_hz=1)


class Drill:
    """What happens, and what of it is noted."""

    def __init__(self, made: Machines, lines: list[str]) -> None:
        self._made, self._lines = made, lines
        self.clients: list[Wanderer] = []
        self._since_s = 0.0

    def happenings(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Each leaves all nodes running."""
        return [
            ("kill -9 of an ingest node", lambda: self._killed("a")),
            ("it is started again", lambda: self._started("a")),
            ("an ingest node stands still for 15 s (SIGSTOP)", lambda: self._frozen("b", 15)),
            ("kill -9 of a serving node, and a start", lambda: self._again("w")),
            ("a serving node stands still for 8 s", lambda: self._frozen("x", 8)),
            ("kill -9 of the recording node, and a start after 10 s", lambda: self._again("d", 10)),
            ("the recording node stands still for 10 s", lambda: self._frozen("d", 10)),
            (f"the bus stands still for {BUS_AWAY_S:.0f} s", self._bus_frozen),
            ("kill -9 of the bus, and a start after 5 s", self._bus_killed),
            ("all nodes are restarted, one after the other", self._rolled),
        ]

    async def all_are_told(self) -> bool:
        """Whether every client has had something."""
        return all(each.ids for each in self.clients)

    async def note(self, words: str, happen: Callable[[], Awaitable[None]]) -> None:
        """Let it happen, and write a row."""
        before = [len(client.recovered) for client in self.clients]
        self._since_s = trio.current_time()
        await happen()
        took_s = await self.settled()
        async with self._still():
            wrong = await self._made.complaints(READERS)
        resumed = [
            each
            for client, start in zip(self.clients, before, strict=True)
            for each in client.recovered[start:]
        ]
        moved = f"{sum(resumed)} of {len(resumed)}" if resumed else "none had to"
        self._lines.append(f"| {words} | {took_s:.1f} | {moved} | {len(wrong)} |")
        self._lines += [f"| … {each} | | | |" for each in wrong[:3]]

    async def settled(self) -> float:
        """Wait until all that read show everything as current, and the shares are what they should be.
        Returns how long ago the trouble began when everything was current, in seconds."""
        await self._made.until_live(*READERS)
        took_s = trio.current_time() - self._since_s
        await self._made.until_shared(*(name for name in "abc" if name in self._made.nodes))
        await self._made.until_live(*READERS)
        return took_s

    async def of_clients(self) -> list[str]:
        """What the clients had of what happened since they came."""
        found: Counter[str] = Counter()
        for key in KEYS:
            true = [each["id"] for each in (await self._made.truth(key))["trades"]]
            for client in self.clients:
                told = client.ids.get(key, [])
                found["told"] += len(told)
                found["twice"] += len(told) - len(set(told))
                since = true.index(told[0]) if told and told[0] in true else len(true)
                found["missing"] += len(set(true[since:]) - set(told))
        hops = sum(len(client.recovered) for client in self.clients)
        went_on = sum(sum(client.recovered) for client in self.clients)
        return [
            "",
            f"{len(self.clients)} clients were told {found['told']} trades; {found['twice']} came twice, and"
            f" {found['missing']} of those since a client came never came. They changed their node {hops}"
            f" times, and went on where they were {went_on} times.",
        ]

    @asynccontextmanager
    async def _still(self) -> AsyncIterator[None]:
        await self._made.pause()
        await trio.sleep(0.5)
        yield
        await self._made.resume()
        await trio.sleep(1)

    async def _killed(self, name: str) -> None:
        await self._lost(name, self._made.kill)

    async def _started(self, name: str) -> None:
        await self._made.until_ready(self._made.start(name, ROLES[name]))

    async def _again(self, name: str, after_s: float = 1) -> None:
        self._made.kill(name)
        await trio.sleep(after_s)
        self._since_s = trio.current_time()
        await self._started(name)

    async def _frozen(self, name: str, for_s: float) -> None:
        if ROLES[name] == "ingest":
            await self._lost(name, self._made.freeze)
            await self._made.until_live(*READERS)
        else:
            self._made.freeze(name)
        await trio.sleep(for_s)
        self._made.thaw(name)
        self._since_s = trio.current_time()
        await trio.sleep(2)

    async def _lost(self, name: str, lose: Callable[[str], None]) -> None:
        """Lose an ingest node, and wait until its share is another's."""
        others = [each for each, role in ROLES.items() if role == "ingest" and each != name]
        before = await self._took_over(others)
        self._since_s = trio.current_time()
        lose(name)

        async def taken_over() -> bool:
            return await self._took_over(others) > before

        await until(taken_over)
        self._lines.append(f"| … taken over after {trio.current_time() - self._since_s:.1f} s | | | |")

    async def _took_over(self, names: list[str]) -> float:
        return sum([await self._made.metric(name, "bus_took_over_total") for name in names])

    async def _bus_frozen(self) -> None:
        self._made.bus.freeze()
        await trio.sleep(BUS_AWAY_S)
        assert await self._made.live("w") == set(), "what cannot be known was shown as current"
        self._made.bus.thaw()
        self._since_s = trio.current_time()

    async def _bus_killed(self) -> None:
        self._made.bus.kill()
        await trio.sleep(5)
        self._made.bus.start()
        self._since_s = trio.current_time()

    async def _rolled(self) -> None:
        for name, role in ROLES.items():
            await self._made.stop(name)
            await self._made.until_ready(self._made.start(name, role))
            await self.settled()
