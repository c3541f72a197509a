/** tickwell.js after an interruption: what is stale, what is resumed, what is told as missing; and in a page that nobody sees. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { HubSocket, KEY, begin, end, notebook, openHub, settle, sleep, take, tick, ticker, trade } from "./tickwell_hub.mjs";

const OTHER = "bybit:linear:ETHUSDT";

beforeEach(begin);
afterEach(end);

const rows = (subscription) => [...subscription.latest.values()].map(({ price, stale = false, quality }) => [price, stale, quality]);

function reconnect(more) {
  HubSocket.last.fail();
  tick(2000);
  return HubSocket.last.welcome(more);
}

describe("tickers after an interruption", () => {
  it("are stale until the first frame, and then current again, all of them", () => {
    const { handlers, heard, of } = notebook();
    const subscription = openHub().tickers("*", {}, handlers);
    HubSocket.last.accept().snapshot([ticker(KEY, 1), ticker(OTHER, 2)]);
    const [held] = of("data")[0];
    HubSocket.last.fail(1001);
    assert.deepEqual(rows(subscription), [[1, true, "stale"], [2, true, "stale"]]);
    assert.equal(held.quality, "live", "records that a handler holds do not change under it");
    assert.equal(subscription.isLive, false);
    tick(1000);
    HubSocket.last.welcome();
    assert.deepEqual(HubSocket.last.asked("subscribe")[0].params.resume, { epoch: "e1", offset: 101 });
    const told = HubSocket.last.accept({ recovered: true });
    assert.deepEqual(rows(subscription)[0], [1, true, "stale"]);
    told.update([ticker(KEY, 3)]);
    assert.deepEqual(rows(subscription), [[3, false, "live"], [2, false, "live"]]);
    assert.deepEqual(heard.map(([event]) => event), ["accepted", "data", "disconnected", "stale", "accepted", "connected", "data"]);
    assert.deepEqual(of("connected"), [{ recovered: true }]);
    const [, records, batch] = heard.at(-1);
    assert.deepEqual([batch.kind, records.map(({ price }) => price)], ["snapshot", [3, 2]]);
    assert.equal(of("gap").length, 0);
  });

  it("that could not be resumed come from a snapshot", () => {
    const { handlers, of } = notebook();
    const subscription = openHub().tickers("*", {}, handlers);
    HubSocket.last.accept().snapshot([ticker(KEY, 1), ticker(OTHER, 2)]);
    reconnect();
    HubSocket.last.accept({ recovered: false }).snapshot([ticker(KEY, 9)]);
    assert.deepEqual(rows(subscription), [[9, false, "live"]]);
    assert.deepEqual(of("connected"), [{ recovered: false }]);
  });

  it("survive a second interruption before the first frame", () => {
    const subscription = openHub().tickers("*", {}, { data: () => {} });
    HubSocket.last.accept().snapshot([ticker(KEY, 1), ticker(OTHER, 2)]);
    reconnect();
    HubSocket.last.accept({ recovered: true });
    reconnect();
    HubSocket.last.accept({ recovered: true }).update([]);
    assert.deepEqual(rows(subscription), [[1, false, "live"], [2, false, "live"]]);
  });

  it("waiting for a loop are stale too, and so are the legs of spreads", async () => {
    const made = openHub();
    const tickers = made.tickers("*")[Symbol.asyncIterator]();
    HubSocket.last.accept().snapshot([ticker(KEY, 1)]);
    const spreads = made.spreads()[Symbol.asyncIterator]();
    HubSocket.last.accept().snapshot([{ key: "BTC-USD", legs: [{ key: KEY, quality: "live" }] }]);
    HubSocket.last.fail();
    assert.equal((await tickers.next()).value.stale, true);
    assert.deepEqual((await spreads.next()).value.legs, [{ key: KEY, quality: "stale" }]);
  });

  it("keep every bar that closed meanwhile", () => {
    const { handlers, of } = notebook();
    openHub().bars(KEY, {}, handlers);
    HubSocket.last.accept().snapshot([{ key: KEY, start: 1, quality: "live" }, { key: OTHER, start: 1, quality: "live" }]);
    reconnect();
    HubSocket.last.accept({ recovered: true }).update([{ key: KEY, start: 1, closed: true }, { key: KEY, start: 2 }]);
    const told = of("data").at(-1).map(({ key, start, closed }) => [key, start, closed ?? false]);
    assert.deepEqual(told, [[KEY, 1, true], [OTHER, 1, false], [KEY, 2, false]]);
  });
});

describe("trades after an interruption", () => {
  it("go on where they were, from before the first of them on", async () => {
    const loop = take(openHub().trades(KEY), 3);
    HubSocket.last.accept();
    reconnect();
    const { params } = HubSocket.last.asked("subscribe")[0];
    assert.deepEqual(params, { channel: "trades", symbols: [KEY], resume: { epoch: "e1", offset: 100 } });
    HubSocket.last.accept({ recovered: true }).update([trade(1), trade(2), trade(3)]);
    assert.deepEqual((await loop).map(({ trade_id: id }) => id), ["1", "2", "3"]);
  });

  it("that could not be recovered are told as missing, and none comes twice", () => {
    const { handlers, heard, of } = notebook();
    const subscription = openHub().trades(KEY, {}, handlers);
    HubSocket.last.accept().update([trade(1), trade(2)]);
    reconnect({ epoch: "e2" });
    HubSocket.last.accept({ epoch: "e2", offset: 7, recovered: false }).snapshot([trade(2), trade(5)]);
    assert.deepEqual(of("gap"), [{ channel: "trades", reason: "not_recovered", missed: null, from_offset: null, to_offset: 7 }]);
    assert.deepEqual(of("data").flat().map(({ trade_id: id }) => id), ["1", "2", "5"]);
    assert.equal(heard.at(-1)[2].kind, "update", "it does not replace what was there");
    assert.deepEqual(subscription.latest.size, 0);
  });

  it("can be resumed by another program", () => {
    const { handlers, of } = notebook();
    openHub().trades(KEY, { resume: { epoch: "e0", offset: 5 } }, handlers);
    assert.deepEqual(HubSocket.last.asked("subscribe")[0].params.resume, { epoch: "e0", offset: 5 });
    HubSocket.last.accept({ recovered: false });
    assert.equal(of("gap").length, 1);
  });
});

describe("a frame that is missing", () => {
  it("is fetched by subscribing again, from the last that came", async () => {
    const { handlers, of } = notebook();
    const subscription = openHub().trades(KEY, {}, handlers);
    const told = HubSocket.last.accept();
    told.update([trade(1)]);
    told.seq += 1;
    told.update([trade(3)]);
    assert.deepEqual(HubSocket.last.asked("unsubscribe").map(({ params }) => params), [{ sub: 1 }]);
    assert.deepEqual(HubSocket.last.asked("subscribe")[1].params.resume, { epoch: "e1", offset: 101 });
    told.update([trade(4)]);
    HubSocket.last.accept({ recovered: true }).update([trade(2), trade(3), trade(4)]);
    assert.deepEqual(of("data").flat().map(({ trade_id: id }) => id), ["1", "2", "3", "4"]);
    assert.equal(subscription.resyncs, 1);
    assert.equal(of("gap").length, 0);
    await settle();
  });
});

describe("a page", () => {
  const page = () => Object.assign(new EventTarget(), { visibilityState: "visible" });
  function show(target, state) {
    target.visibilityState = state;
    target.dispatchEvent(new Event("visibilitychange"));
  }
  const rates = () => HubSocket.last.asked("set").map(({ params }) => params.max_rate_hz);

  it("that nobody sees lowers its rate, and takes it up again", () => {
    const target = page();
    const made = openHub({ page: target });
    made.tickers(KEY, {}, { data: () => {} });
    const told = HubSocket.last.accept();
    made.quotes(KEY, { max_rate_hz: 0.5 }, { data: () => {} });
    HubSocket.last.accept();
    show(target, "hidden");
    tick(4000);
    show(target, "visible");
    show(target, "hidden");
    assert.deepEqual(rates(), [], "a glance elsewhere is nothing");
    tick(5000);
    assert.deepEqual(rates(), [1], "what is slower already stays so");
    made.funding(KEY, {}, { data: () => {} });
    assert.equal(HubSocket.last.asked("subscribe").at(-1).params.max_rate_hz, 1);
    HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1)]);
    show(target, "visible");
    assert.deepEqual(rates(), [1, 0, 0]);
    assert.equal(HubSocket.all.length, 1);
  });

  it("may be paused instead, and is resumed without a gap when it is shown", () => {
    const target = page();
    const made = openHub({ page: target, whenHidden: "pause" });
    const { handlers, names, of } = notebook();
    made.trades(KEY, {}, handlers);
    HubSocket.last.accept().update([trade(1)]);
    show(target, "hidden");
    tick(5000);
    assert.deepEqual(HubSocket.last.asked("unsubscribe").map(({ params }) => params), [{ sub: 1 }]);
    const late = notebook();
    made.tickers(KEY, {}, late.handlers);
    HubSocket.last.heartbeat();
    reconnect();
    assert.equal(HubSocket.last.asked("subscribe").length, 0, "hidden is hidden");
    show(target, "visible");
    const [trades, tickers] = HubSocket.last.asked("subscribe");
    assert.deepEqual(trades.params.resume, { epoch: "e1", offset: 101 });
    assert.equal(tickers.params.resume, undefined);
    HubSocket.last.answer(trades, { sub: 1, keys: [], max_rate_hz: 0, epoch: "e1", offset: 120, recovered: true });
    HubSocket.last.say({ sub: 1, seq: 1, channel: "trades", type: "update", data: [trade(2), trade(3)], offset: 120, epoch: "e1" });
    assert.deepEqual(of("data").flat().map(({ trade_id: id }) => id), ["1", "2", "3"]);
    assert.deepEqual(names().filter((name) => name !== "data"), ["accepted", "disconnected", "stale", "accepted", "connected"]);
  });

  it("that asked to be left alone is", () => {
    const target = page();
    const made = openHub({ page: target, whenHidden: "keep" });
    made.tickers(KEY, {}, { data: () => {} });
    HubSocket.last.accept();
    show(target, "hidden");
    tick(9000);
    assert.deepEqual(HubSocket.last.sent.length, 1);
  });

  it("that is shown does not wait for the backoff, nor for a connection that is dead", () => {
    const target = page();
    const made = openHub({ page: target, random: () => 0.9 });
    HubSocket.last.fail();
    show(target, "visible");
    assert.equal(HubSocket.all.length, 2);
    HubSocket.last.welcome();
    show(target, "hidden");
    sleep(60_000);
    assert.equal(made.isConnected, true, "its timers slept with it");
    show(target, "visible");
    assert.equal(HubSocket.all.length, 3);
    assert.ok(HubSocket.all[1].closed);
    made.close();
    const dialled = HubSocket.all.length;
    show(target, "visible");
    tick(60_000);
    assert.equal(HubSocket.all.length, dialled);
  });
});
