"""The client of a Tickwell hub.

```python
import anyio
from tickwell_client import connect

async def main():
    async with connect("ws://127.0.0.1:8765") as hub:
        async for trade in hub.trades("bybit:linear:BTCUSDT"):
            print(trade.side, trade.size, trade.price)

anyio.run(main)  # or trio.run(main), asyncio.run(main())
```
"""

from tickwell_client.backoff import Backoff
from tickwell_client.book import OrderBook
from tickwell_client.comparisons import Basis, Best, BestPrice, FundingDifference, Leg, Spread
from tickwell_client.errors import (
    ConnectionFailed,
    ConnectionLost,
    HubClosed,
    MissedEvents,
    ProtocolError,
    Refused,
    RequestError,
    RequestTimeout,
    RestError,
    TickwellError,
)
from tickwell_client.events import Batch, Down, Event, Gap, Up
from tickwell_client.hub import Hub, connect
from tickwell_client.records import (
    Alert,
    Bar,
    Derived,
    Funding,
    Level,
    Liquidation,
    Quality,
    Quote,
    SystemEvent,
    Ticker,
    Trade,
)
from tickwell_client.rest import Rest
from tickwell_client.subscription import Subscription
from tickwell_client.version import __version__

__all__ = [
    "Alert",
    "Backoff",
    "Bar",
    "Basis",
    "Batch",
    "Best",
    "BestPrice",
    "ConnectionFailed",
    "ConnectionLost",
    "Derived",
    "Down",
    "Event",
    "Funding",
    "FundingDifference",
    "Gap",
    "Hub",
    "HubClosed",
    "Leg",
    "Level",
    "Liquidation",
    "MissedEvents",
    "OrderBook",
    "ProtocolError",
    "Quality",
    "Quote",
    "Refused",
    "RequestError",
    "RequestTimeout",
    "Rest",
    "RestError",
    "Spread",
    "Subscription",
    "SystemEvent",
    "Ticker",
    "TickwellError",
    "Trade",
    "Up",
    "__version__",
    "connect",
]
