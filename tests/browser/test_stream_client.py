"""The JavaScript client of the stream in a real browser, with a real hub: it holds what the hub tells."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.patience import PATIENCE_MS

from .conftest import Hub, Screen

pytestmark = pytest.mark.browser

CUTS = 8
# A connection that is cut again and again, beside one that is not: both must have heard the same trades.
TRADES = """async ([cuts, patienceMs]) => {
  const { connect } = await import("/static/js/tickwell.js");
  const sockets = [];
  class Cut extends WebSocket { constructor(...given) { super(...given); sockets.push(this); } }
  const steady = connect();
  const cut = connect(undefined, { WebSocket: Cut, backoffMinMs: 100, backoffMaxMs: 400 });
  const [whole, mended, gaps, recovered] = [[], [], [], []];
  const name = ({ key, trade_id: id }) => `${key} ${id}`;
  const until = async (isSo) => {
    const end = performance.now() + patienceMs;
    while (!isSo() && performance.now() < end) await new Promise((resolve) => { setTimeout(resolve, 20); });
    if (!isSo()) throw new Error(`never: ${isSo}`);
  };
  const one = steady.trades(["*:linear:BTC*", "*:linear:ETH*"], {}, {
    data: (records) => whole.push(...records.map(name)),
  });
  await until(() => one.isLive); // the one that is not cut hears the first trade, too
  const two = cut.trades(["*:linear:BTC*", "*:linear:ETH*"], {}, {
    data: (records) => mended.push(...records.map(name)),
    gap: (gap) => gaps.push(gap),
    connected: (how) => recovered.push(how.recovered),
  });
  for (let i = 0; i < cuts; i += 1) {
    const before = mended.length;
    await until(() => two.isLive && mended.length > before + 7 * (i % 3));
    sockets.at(-1).close(4000);
    await until(() => !two.isLive);
  }
  const before = mended.length;
  await until(() => mended.length > before + 20 && whole.includes(mended.at(-1)));
  const [from, to] = [0, mended.length - 1].map((i) => whole.indexOf(mended[i]));
  const between = whole.slice(from, to + 1);
  const told = { between, heard: [...mended], gaps, recovered, sockets: sockets.length };
  steady.close();
  cut.close();
  return told;
}"""
BOOKS = """async ([key, patienceMs]) => {
  const { connect } = await import("/static/js/tickwell.js");
  const [kept, fresh] = [connect(), connect()];
  const [states, compared] = [new Map(), []];
  const told = (book) => JSON.stringify([book.bids, book.asks]);
  const books = kept.book(key, { depth: 20 }, {
    data: (changed) => { for (const book of changed) states.set(book.version, told(book)); },
  });
  while (compared.length < 10) {
    for await (const book of fresh.book(key, { depth: 20 })) {
      const { version, isLive, bids } = book.copy();
      const now = told(book);
      const end = performance.now() + patienceMs;
      const isLate = () => performance.now() > end;
      while (!states.has(version) && !isLate()) await new Promise((resolve) => { setTimeout(resolve, 20); });
      compared.push([now === states.get(version), isLive, bids.length]);
      break;
    }
  }
  const { resyncs } = books;
  kept.close();
  fresh.close();
  return { compared, resyncs };
}"""
START_WORKER = """() => { window.worker = new Worker("/static/js/tickwell.js", { type: "module" }); }"""
IN_WORKER = """async () => {
  const { connect } = await import("/static/js/tickwell.js");
  const hub = connect();
  for await (const { key, quality } of hub.tickers("top:1")) {
    hub.close();
    return [typeof document, key.split(":").length, quality];
  }
}"""


def on(screen: Screen, hub: Hub) -> Page:
    """A page of the hub on which nothing else happens."""
    screen.page.goto(f"{hub.url}/docs")
    return screen.page


def test_no_trade_is_missing_or_doubled_whatever_is_cut(screen: Screen, hub: Hub) -> None:
    hub.until_whole()
    told = on(screen, hub).evaluate(TRADES, [CUTS, PATIENCE_MS])
    assert told["sockets"] == CUTS + 1
    assert told["recovered"] == [True] * CUTS
    assert told["gaps"] == []
    assert len(told["between"]) > 50
    assert len(set(told["heard"])) == len(told["heard"])
    assert sorted(told["heard"]) == sorted(told["between"])
    assert screen.said == []


def test_a_book_that_was_kept_is_the_book_that_is_told_anew(screen: Screen, hub: Hub) -> None:
    told = on(screen, hub).evaluate(BOOKS, ["bybit:linear:BTCUSDT", PATIENCE_MS])
    assert told["compared"] == [[True, True, 20]] * 10
    assert told["resyncs"] == 0
    assert screen.said == []


def test_it_works_in_a_worker(screen: Screen, hub: Hub) -> None:
    page = on(screen, hub)
    with page.expect_worker() as started:
        page.evaluate(START_WORKER)
    assert started.value.evaluate(IN_WORKER) == ["undefined", 3, "live"]
    assert screen.said == []
