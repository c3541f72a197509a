"""History as in a notebook: no `async`, tables of pandas. Each block is a cell.

pip install pandas
python examples/notebook_history.py bybit:linear:BTCUSDT --from=-15m
"""

from __future__ import annotations

import argparse

from tickwell_client.pandas import to_frame
from tickwell_client.sync import connect, rest

# %% What to look at
parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
parser.add_argument("key", nargs="?", default="bybit:linear:BTCUSDT")
parser.add_argument("--url", default="http://127.0.0.1:8765")
parser.add_argument("--from", dest="begin", default="-15m", help="such as -15m, -2h, 2025-12-23T21:00:00Z")
parser.add_argument("--live", type=int, default=5, help="then so many live trades")
given = parser.parse_args()

# %% Past trades, all pages of them, as a table
with rest(given.url) as hub_then:
    trades = to_frame(hub_then.trade_history(given.key, from_=given.begin))
print(f"{len(trades)} trades of {given.key} since {given.begin}")

# %% Ten-second bars, and who was in a hurry
if len(trades):
    by_time = trades.resample("10s")
    bars = by_time["price"].ohlc().join(by_time["size"].sum().rename("volume"))
    bought = trades["size"].where(trades["side"] == "buy", 0.0).resample("10s").sum()
    bars["bought_share"] = bought / bars["volume"]
    print(bars.dropna().tail().to_string())

# %% The price now, and the next trades as they happen
with connect(given.url) as hub_now:
    for key, ticker in hub_now.latest(given.key).items():
        print(f"{key} is at {ticker.price} ({ticker.quality})")
    for count, trade in enumerate(hub_now.trades(given.key), 1):
        print(f"{trade.side} {trade.size} at {trade.price}")
        if count >= given.live:
            break
