"""All cases, all sides, and how they did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.rfc6455.case import Case, Seen, Speech, Verdict, judged
from tests.rfc6455.closing import closes
from tests.rfc6455.deflating import compressions
from tests.rfc6455.framing import fragmented, masks, opcodes, pings, reserved_bits, sizes
from tests.rfc6455.limits import automatic, loads
from tests.rfc6455.the_hub import the_hub
from tests.rfc6455.the_reader import TheReader
from tests.rfc6455.utf8 import texts

Section = Callable[[Speech], Iterator[Case]]
QUICK: dict[str, Section] = {
    "masks": masks,
    "1 sizes": sizes,
    "2 pings and pongs": pings,
    "3 reserved bits": reserved_bits,
    "4 opcodes": opcodes,
    "5 fragments": fragmented,
    "6 UTF-8": texts,
    "7 closing": closes,
    "10 automatic fragments": automatic,
}
LOADS: dict[str, Section] = {"9 limits and loads": loads}
COMPRESSIONS: dict[str, Section] = {"12, 13 compression": compressions}


class Side(Protocol):
    """Who is tested."""

    name: str
    speech: Speech

    async def play(self, case: Case) -> tuple[Case, Seen]:
        """Put a case to it: the case as it can show it, and what was seen."""


@dataclass(frozen=True)
class Result:
    """How a side did in a case."""

    case: Case
    verdict: Verdict
    why: str


@asynccontextmanager
async def side_of(name: str) -> AsyncIterator[Side]:
    """A side, by its name."""
    if name == "hub":
        async with the_hub() as hub:
            yield hub
    else:
        yield TheReader(name)


SIDES = ("hub", "batched", "plain")


async def results(side: Side, section: Section) -> AsyncIterator[Result]:
    """How a side does in the cases of a section."""
    for case in section(side.speech):
        shown, seen = await side.play(case)
        yield Result(case, *judged(shown, seen))
