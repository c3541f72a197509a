import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import vm from "node:vm";

import { FakeSocket, begin, client, end, record, tick } from "./fake_socket.mjs";

beforeEach(begin);
afterEach(end);

const prices = (made) => Object.fromEntries(made.getAll().map((r) => [`${r.market}:${r.symbol}`, r.price]));

describe("the address", () => {
  it("asks for changes, the symbols and the market", () => {
    client({ market: "spot" }, ["BTCUSDT", "ETHUSDT"]).connect();
    const { url } = FakeSocket.last;
    assert.equal(url.href.split("?")[0], "ws://hub.test/ws/realtime/bybit");
    assert.deepEqual(Object.fromEntries(url.searchParams), { symbols: "BTCUSDT,ETHUSDT", market: "spot", mode: "changes" });
  });

  it("keeps https secret and a proxy's prefix", () => {
    client({ url: "https://hub.test/tickwell/" }).connect();
    assert.equal(FakeSocket.last.url.href, "wss://hub.test/tickwell/ws/realtime/bybit?mode=changes");
  });

  it("dials once, however often connect() is called", () => {
    client().connect().connect();
    assert.equal(FakeSocket.all.length, 1);
  });

  it("comes from a classic script too", () => {
    const file = new URL("../../web/static/js/realtime-client.js", import.meta.url);
    const page = vm.createContext({});
    vm.runInContext(readFileSync(file, "utf8"), page);
    vm.runInContext(readFileSync(file, "utf8"), page);
    assert.equal(typeof page.RealtimeClient, "function");
  });
});

describe("the records", () => {
  it("are replaced by a snapshot, merged by changes, deleted by removed", () => {
    const made = client().connect();
    FakeSocket.last.open().snapshot(record("A", 1), record("B", 2));
    FakeSocket.last.changes([record("B", 3), record("C", 4)], ["bybit:linear:A"]);
    assert.deepEqual(prices(made), { "linear:B": 3, "linear:C": 4 });
    FakeSocket.last.snapshot(record("D", 5));
    assert.deepEqual(prices(made), { "linear:D": 5 });
  });

  it("keep both markets of one symbol apart", () => {
    const made = client().connect();
    FakeSocket.last.open().snapshot(record("BTCUSDT", 1, "spot"), record("BTCUSDT", 2, "linear"));
    assert.equal(made.getAll().length, 2);
    assert.equal(made.getSymbol("BTCUSDT", "spot").price, 1);
    assert.equal(made.getSymbol("BTCUSDT").price, 2);
    FakeSocket.last.changes([], ["bybit:linear:BTCUSDT"]);
    assert.equal(made.getSymbol("BTCUSDT").price, 1);
    assert.equal(made.getSymbol("NONE"), undefined);
  });

  it("forget what a whole picture no longer shows", () => {
    const made = client().connect();
    const socket = FakeSocket.last.open();
    socket.snapshot(record("A", 1), record("B", 1));
    socket.say({ type: "market_data", exchange: "bybit", data: [record("A", 2)], count: 1 });
    assert.deepEqual(made.getAll().map(({ symbol }) => symbol), ["A"]);
  });

  it("know symbols with a colon", () => {
    const made = client().connect();
    FakeSocket.last.open().snapshot(record("xyz:GOLD", 1));
    FakeSocket.last.changes([], ["bybit:linear:xyz:GOLD"]);
    assert.equal(made.getAll().length, 0);
  });

  it("sort with unknown values last, both ways", () => {
    const made = client().connect();
    FakeSocket.last.open().snapshot(record("A", 2), record("B", null), record("C", 1), record("D", 3));
    const order = (...how) => made.getSortedData(...how).map((r) => r.symbol).join("");
    assert.equal(order("price"), "CADB");
    assert.equal(order("price", false), "DACB");
    assert.equal(order("symbol", false), "DCBA");
  });

  it("reach the data handler with their message", () => {
    const made = client().connect();
    FakeSocket.last.open().changes([record("A", 1)], ["bybit:linear:B"]);
    const [, changed, message] = made.heard.find(([event]) => event === "data");
    assert.equal(changed[0].symbol, "A");
    assert.deepEqual(message.removed, ["bybit:linear:B"]);
  });
});

describe("a lost connection", () => {
  it("marks every record stale before anybody hears of it", () => {
    const made = client().connect();
    const seen = [];
    made.on("disconnected", () => seen.push(made.getAll().every((r) => r.stale && r.quality === "stale")));
    FakeSocket.last.open().snapshot(record("A", 1), record("B", 2));
    const before = made.getSymbol("A");
    FakeSocket.last.fail(1001, "hub stops");
    assert.deepEqual(seen, [true]);
    assert.equal(before.stale, false, "records that a handler holds do not change under it");
    assert.deepEqual(made.names(), ["connected", "data", "disconnected", "stale"]);
    assert.deepEqual(made.heard[2][1], { code: 1001, reason: "hub stops", retryInMs: 750 });
    assert.equal(made.heard[3][1].length, 2);
  });

  it("is tried again within jittered, doubling, bounded waits", () => {
    for (const [random, expected] of [[0, Array(8).fill(500)], [0.999999, [1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]]]) {
      FakeSocket.all = [];
      const made = client({ random: () => random }).connect();
      const waits = expected.map(() => {
        FakeSocket.last.fail();
        const wait = made.retryInMs;
        const dialled = FakeSocket.all.length;
        tick(Math.floor(wait) - 1);
        assert.equal(FakeSocket.all.length, dialled, "not before its time");
        tick(2);
        assert.equal(FakeSocket.all.length, dialled + 1);
        return Math.round(wait);
      });
      assert.deepEqual(waits, expected);
      made.disconnect();
    }
  });

  it("forgets its failures after 30 healthy seconds, not before", () => {
    const made = client({ random: () => 0.999999 }).connect();
    for (let i = 0; i < 5; i += 1) { FakeSocket.last.fail(); tick(20_001); }
    const live = (ms) => {
      FakeSocket.last.open();
      for (let lived = 0; lived < ms; lived += 1000) { tick(1000); FakeSocket.last.changes([]); }
      FakeSocket.last.fail();
      return Math.round(made.retryInMs);
    };
    assert.equal(live(20_000), 20_000);
    tick(20_001);
    assert.equal(live(31_000), 1000);
  });

  it("says why a first attempt failed", () => {
    const made = client().connect();
    FakeSocket.last.fail();
    assert.deepEqual(made.names(), ["error"]);
    assert.match(made.heard[0][1].message, /no connection to bybit \(code 1006\)/);
  });

  it("comes back live by a snapshot", () => {
    const made = client().connect();
    FakeSocket.last.open().snapshot(record("A", 1), record("GONE", 2));
    FakeSocket.last.fail();
    tick(800);
    FakeSocket.last.open();
    assert.equal(made.getSymbol("A").stale, true, "still old until the snapshot is here");
    FakeSocket.last.snapshot(record("A", 9));
    assert.deepEqual(made.getAll().map((r) => [r.symbol, r.price, r.stale]), [["A", 9, false]]);
  });
});

describe("silence", () => {
  it("of 12 s ends a connection, and a dial that never answers", () => {
    const made = client().connect();
    tick(12_000);
    assert.ok(FakeSocket.last.closed);
    assert.deepEqual(made.names(), ["error"]);
    tick(750);
    FakeSocket.last.open().snapshot(record("A", 1));
    tick(11_999);
    assert.equal(made.connected, true);
    tick(1);
    assert.equal(made.connected, false);
    assert.match(made.heard.at(-2)[1].reason, /nothing heard for 12 s/);
    assert.equal(made.getSymbol("A").stale, true);
  });

  it("is broken by anything received, even an empty message", () => {
    const made = client().connect();
    FakeSocket.last.open();
    for (let i = 0; i < 20; i += 1) { tick(5000); FakeSocket.last.changes([]); }
    assert.equal(made.connected, true);
    assert.equal(FakeSocket.all.length, 1);
  });

  it("is measured from what was heard last", () => {
    const made = client().connect();
    FakeSocket.last.open();
    tick(5000);
    FakeSocket.last.changes([]);
    tick(11_999);
    assert.equal(made.connected, true);
    tick(1);
    assert.equal(made.connected, false);
  });

  it("is why pings are sent, every 15 s", () => {
    const made = client().connect();
    const socket = FakeSocket.last.open();
    for (let i = 0; i < 45; i += 1) { tick(1000); socket.changes([]); }
    assert.deepEqual(socket.sent.map((m) => m.type), ["ping", "ping", "ping", "ping"]);
    assert.deepEqual(socket.sent.map((m) => m.ts), [0, 15_000, 30_000, 45_000]);
    tick(40);
    socket.say({ type: "pong", ts: 45_000, ts_hub: 46_020 });
    assert.equal(made.roundTripMs, 40);
    assert.equal(made.clockOffsetMs, 1000);
  });
});

describe("resync", () => {
  it("lets a healthy connection deliver until its successor has the snapshot", () => {
    const made = client().connect();
    const first = FakeSocket.last.open();
    first.snapshot(record("A", 1));
    made.resync();
    made.resync();
    assert.equal(FakeSocket.all.length, 2, "one successor, however often it is asked for");
    const second = FakeSocket.last.open();
    first.changes([record("A", 2)]);
    assert.equal(made.getSymbol("A").price, 2);
    second.snapshot(record("B", 3));
    assert.ok(first.closed);
    assert.deepEqual(prices(made), { "linear:B": 3 });
    assert.deepEqual(made.names(), ["connected", "data", "data", "data"]);
  });

  it("keeps the old connection if the new one fails", () => {
    const made = client().connect();
    const first = FakeSocket.last.open();
    first.snapshot(record("A", 1));
    made.resync();
    FakeSocket.last.fail();
    assert.equal(made.connected, true);
    assert.equal(made.getSymbol("A").stale, false);
    assert.equal(made.retryInMs, null);
  });

  it("does not wait for the backoff, and happens when the page becomes visible", () => {
    const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    globalThis.document = page;
    try {
      const made = client().connect();
      FakeSocket.last.fail();
      page.dispatchEvent(new Event("visibilitychange"));
      assert.equal(FakeSocket.all.length, 1);
      page.visibilityState = "visible";
      page.dispatchEvent(new Event("visibilitychange"));
      assert.equal(FakeSocket.all.length, 2);
      tick(60_000);
      made.disconnect();
      const dialled = FakeSocket.all.length;
      page.dispatchEvent(new Event("visibilitychange"));
      assert.equal(FakeSocket.all.length, dialled);
    } finally {
      delete globalThis.document;
    }
  });
});

describe("handlers", () => {
  it("that throw harm nobody, and are reported", () => {
    const made = client();
    made.on("data", () => { throw new Error("mine"); });
    const after = mock.fn();
    made.on("data", after).on("error", () => { throw new Error("worse"); });
    const complaints = mock.method(console, "error", () => {});
    made.connect();
    FakeSocket.last.open().snapshot(record("A", 1));
    assert.equal(after.mock.callCount(), 1);
    assert.ok(made.heard.some(([event, error]) => event === "error" && error.message === "mine"));
    assert.equal(complaints.mock.callCount(), 1);
    complaints.mock.restore();
    assert.equal(made.connected, true);
  });

  it("can be taken off, even while they run", () => {
    const made = client().connect();
    const once = mock.fn(() => made.off("data", once));
    made.on("data", once);
    FakeSocket.last.open().changes([]);
    FakeSocket.last.changes([]);
    assert.equal(once.mock.callCount(), 1);
  });

  it("of unknown events are refused", () => {
    assert.throws(() => client().on("dta", () => {}), /no such event: dta/);
  });

  it("hear the hub's errors and unreadable messages", () => {
    const made = client().connect();
    FakeSocket.last.open().say({ type: "error", message: "unknown symbol" });
    FakeSocket.last.say("{");
    FakeSocket.last.say("null");
    FakeSocket.last.say({ type: "something_new" });
    assert.deepEqual(made.heard.filter(([e]) => e === "error").map(([, e]) => e.message),
      ["unknown symbol", "the hub sent no valid message", "the hub sent no valid message"]);
  });
});

describe("disconnect()", () => {
  it("also ends the waiting for a next attempt", () => {
    const made = client().connect();
    FakeSocket.last.fail();
    made.disconnect();
    assert.equal(made.retryInMs, null);
    tick(120_000);
    assert.equal(FakeSocket.all.length, 1);
  });

  it("ends everything, and connect() begins again", () => {
    const made = client().connect();
    const first = FakeSocket.last.open();
    first.snapshot(record("A", 1));
    made.disconnect();
    assert.ok(first.closed);
    assert.equal(made.getSymbol("A").stale, true);
    tick(120_000);
    assert.equal(FakeSocket.all.length, 1);
    made.connect();
    FakeSocket.last.open();
    assert.equal(made.connected, true);
  });
});
