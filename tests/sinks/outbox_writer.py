"""A process that fills and empties an outbox until it is killed, and says what it was promised."""

from __future__ import annotations

import sys
from pathlib import Path

from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from tests.sinks.fakes import trades


def main(path: Path, start: int) -> None:
    """Print `kept N` when batch N is safe, `gone N` when it is to be acknowledged."""
    outbox = Outbox(path, Bounds(), lambda: 1)
    outbox.open()
    number = start
    while True:
        outbox.append(trades(number * 10, number * 10 + 10), number)
        print("kept", number, flush=True)
        number += 1
        if number % 7 == 0:
            parcel = outbox.peek(20)
            assert parcel is not None
            print("gone", parcel.rows[0].trade_id, parcel.rows[-1].trade_id, flush=True)  # type: ignore[union-attr]
            outbox.acknowledge(parcel)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
