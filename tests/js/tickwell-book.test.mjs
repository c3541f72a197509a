/** The local order book of tickwell.js. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { OrderBook } from "../../web/static/js/tickwell.js";
import { HubSocket, KEY, begin, end, notebook, openHub, tick } from "./tickwell_hub.mjs";

beforeEach(begin);
afterEach(end);

const whole = (more = {}) => ({
  key: KEY, depth: 50, version: 9, previous: null, bids: [[100, 2], [99, 1]], asks: [[101, 3], [103, 4]], quality: "live", ts_event: 1, ts_recv: 2, ...more,
});
const pairs = (levels) => levels.map(({ price, size }) => [price, size]);

function made(record = whole()) {
  const book = new OrderBook(KEY);
  book.apply(record);
  return book;
}

describe("a book", () => {
  it("is changed by absolute sizes, and 0 deletes", () => {
    const book = made();
    assert.equal(book.apply({ key: KEY, version: 12, previous: 9, bids: [[100, 0], [98, 5], [99, 7]], asks: [[102, 1], [500, 0]] }), true);
    assert.deepEqual(pairs(book.bids), [[99, 7], [98, 5]]);
    assert.deepEqual(pairs(book.asks), [[101, 3], [102, 1], [103, 4]]);
    assert.deepEqual([book.version, book.depth, book.quality], [12, 50, "live"]);
  });

  it("knows its best levels, its middle and its spread", () => {
    const book = made();
    assert.deepEqual([book.bestBid, book.bestAsk], [{ price: 100, size: 2 }, { price: 101, size: 3 }]);
    assert.deepEqual([book.mid, book.spread], [100.5, 1]);
    assert.equal(book.spreadBps.toFixed(4), "99.5025");
    const empty = made(whole({ bids: [] }));
    assert.deepEqual([empty.bestBid, empty.mid, empty.spread, empty.spreadBps], [null, null, null, null]);
  });

  it("knows what a taker would pay, and how it leans", () => {
    const book = made();
    assert.equal(book.fillPrice("buy", 3), 101);
    assert.equal(book.fillPrice("buy", 5), (3 * 101 + 2 * 103) / 5);
    assert.equal(book.fillPrice("sell", 3), (2 * 100 + 99) / 3);
    assert.equal(book.fillPrice("sell", 3.01), null);
    assert.throws(() => book.fillPrice("bid", 1), /side=bid: buy or sell/);
    assert.throws(() => book.fillPrice("buy", 0), /size=0: more than 0/);
    assert.equal(book.imbalance(), (3 - 7) / 10);
    assert.equal(book.imbalance(1), (2 - 3) / 5);
    assert.equal(new OrderBook(KEY).imbalance(), null);
  });

  it("is not changed by what does not follow, and is not live then", () => {
    const book = made();
    assert.equal(book.isLive, true);
    assert.equal(book.apply({ key: KEY, version: 14, previous: 12, bids: [[100, 0]], asks: [] }), false);
    assert.deepEqual(pairs(book.bids), [[100, 2], [99, 1]]);
    assert.deepEqual([book.isLive, book.stale], [false, true]);
    assert.equal(book.apply({ key: KEY, version: 12, previous: 9, bids: [], asks: [] }), false, "a hole stays one");
    assert.equal(book.apply(whole({ version: 20, bids: [[7, 1]] })), true);
    assert.deepEqual(pairs(book.bids), [[7, 1]]);
    assert.equal(book.isLive, true);
  });

  it("is copied as it is now", () => {
    const book = made();
    const copied = book.copy();
    book.apply({ key: KEY, version: 10, previous: 9, bids: [[100, 0]], asks: [] });
    assert.deepEqual(copied.bestBid, { price: 100, size: 2 });
    assert.deepEqual([copied.version, copied.isLive, book.bestBid.price], [9, true, 99]);
  });

  it("agrees with a plain model after thousands of changes", () => {
    let seed = 7;
    const random = (below) => { seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; return seed % below; };
    const book = made(whole({ bids: [], asks: [] }));
    const model = new Map();
    for (let version = 10; version < 5000; version += 1) {
      const [price, size] = [random(200) / 2, random(3)];
      if (size) model.set(price, size);
      else model.delete(price);
      book.apply({ key: KEY, version, previous: version - 1, bids: [[price, size]], asks: [] });
    }
    assert.deepEqual(pairs(book.bids), [...model].sort(([a], [b]) => b - a));
  });
});

describe("a subscription to books", () => {
  it("gives the same book each time, and begins anew where something is missing", () => {
    const { handlers, of } = notebook();
    const subscription = openHub().book(KEY, { depth: 50 }, handlers);
    const told = HubSocket.last.accept({ keys: [KEY] });
    told.snapshot([whole()]);
    told.update([{ key: KEY, version: 12, previous: 9, bids: [[100, 9]], asks: [], quality: "live" }]);
    const [[book], [same]] = of("data");
    assert.ok(book === same && book === subscription.latest.get(KEY));
    assert.equal(book.bestBid.size, 9);
    told.update([{ key: KEY, version: 20, previous: 19, bids: [], asks: [] }]);
    assert.equal(book.isLive, false);
    assert.equal(HubSocket.last.asked("unsubscribe").length, 1);
    assert.equal(HubSocket.last.asked("subscribe")[1].params.resume, undefined);
    HubSocket.last.accept({ keys: [KEY] }).snapshot([whole({ version: 21 })]);
    assert.equal(book.isLive, true);
    assert.equal(subscription.resyncs, 1);
  });

  it("is live only while it is connected, and asks for a snapshot then", () => {
    const { handlers, of } = notebook();
    openHub().book(KEY, {}, handlers);
    HubSocket.last.accept({ keys: [KEY] }).snapshot([whole()]);
    const [[book]] = of("data");
    HubSocket.last.fail();
    assert.equal(book.isLive, false);
    assert.deepEqual(of("stale"), [[book]]);
    tick(1000);
    HubSocket.last.welcome();
    assert.deepEqual(HubSocket.last.asked("subscribe")[0].params, { channel: "book", symbols: [KEY] });
    HubSocket.last.accept({ keys: [KEY] }).snapshot([whole({ bids: [[50, 1]] })]);
    assert.equal(book.isLive, true);
    assert.equal(book.bestBid.price, 50);
  });

  it("that two share under different names are two books", () => {
    const made = openHub();
    const first = made.book(KEY, {}, { data: () => {} });
    const told = HubSocket.last.accept({ keys: [KEY] });
    told.snapshot([whole()]);
    const second = made.book(KEY.toUpperCase(), {}, { data: () => {} });
    HubSocket.last.accept({ sub: 1, keys: [KEY] });
    told.update([{ key: KEY, version: 12, previous: 9, bids: [[100, 9]], asks: [] }]);
    const books = [first, second].map((each) => each.latest.get(KEY));
    assert.notEqual(books[0], books[1]);
    assert.deepEqual(books.map((book) => [book.bestBid.size, book.version]), [[9, 12], [9, 12]]);
  });
});
