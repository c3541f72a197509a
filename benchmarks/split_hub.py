"""The hub with little room per connection: `python -m benchmarks.split_hub batched`.

Bybit takes two hundred instruments on one connection; here only `TOPICS` topics, so that sixty linear
instruments need three connections and forty spot instruments two. Each has room for four: what moves its
ticker, its trades, its quotes or liquidations, and its order book.
The other argument says how frames are read: `batched` as the hub does it, or `plain` through trio-websocket.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

import msgspec

import supervisor
from actors.exchanges import bybit
from actors.feed.transport import UPGRADES, Transport, connect
from actors.runtime.settings import MarketSettings

TOPICS = 80


def main() -> int:
    """Entry point."""
    begin = bybit.Codec.__init__

    def begin_with_little_room(codec: bybit.Codec, market: str) -> None:
        begin(codec, market)
        codec.limits = msgspec.structs.replace(codec.limits, topics_per_connection=TOPICS)

    patched: Any = bybit.Codec
    patched.__init__ = begin_with_little_room
    kind = sys.argv[1]
    if "websocket" in MarketSettings.__struct_fields__:
        os.environ["TICKWELL_MARKET_WEBSOCKET"] = kind
    else:
        transport = Transport(connect=partial(connect, upgraded=UPGRADES[kind]))
        program: Any = supervisor
        program.Hub = partial(supervisor.Hub, transport=transport)
    return supervisor.main([])


if __name__ == "__main__":
    sys.exit(main())
