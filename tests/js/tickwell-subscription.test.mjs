/** Subscriptions of tickwell.js: what is asked, what comes, what waits, and what is shared. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { MissedEvents, RequestError } from "../../web/static/js/tickwell.js";
import { HubSocket, KEY, begin, end, hub, notebook, openHub, settle, take, tick, ticker, trade } from "./tickwell_hub.mjs";

const OTHER = "bybit:linear:ETHUSDT";

beforeEach(begin);
afterEach(end);

const asked = () => HubSocket.last.asked("subscribe").map(({ params }) => params);
const prices = (subscription) => [...subscription.latest.values()].map(({ price }) => price);

describe("what is asked", () => {
  it("is each channel, by the names of the protocol", () => {
    const made = openHub();
    const data = () => {};
    made.tickers("top:20", { max_rate_hz: 5, fields: ["price"] }, { data });
    made.quotes([KEY, OTHER], {}, { data });
    made.trades(KEY, {}, { data });
    made.liquidations(undefined, { snapshot: true }, { data });
    made.book(KEY, { depth: 20, grouping: 0.5 }, { data });
    made.bars(KEY, { interval: "1h" }, { data });
    made.funding("bybit:*:BTC*", { changes_only: true }, { data });
    made.quality([], {}, { data });
    made.derived("*:linear:BTC*", {}, { data });
    made.alerts({}, { data });
    made.spreads({ bases: ["BTC"], legs_min: 3 }, { data });
    made.screener({ filter: "funding_apr>20" }, { data });
    made.system({ data });
    made.subscribe({ channel: "ticker", symbols: ["BTCUSDT"] }, { data });
    assert.deepEqual(asked(), [
      { channel: "ticker", symbols: ["top:20"], max_rate_hz: 5, fields: ["price"] },
      { channel: "quote", symbols: [KEY, OTHER] },
      { channel: "trades", symbols: [KEY], snapshot: false },
      { channel: "liquidations" },
      { channel: "book", symbols: [KEY], depth: 20, grouping: 0.5 },
      { channel: "bars", symbols: [KEY], interval: "1h" },
      { channel: "funding", symbols: ["bybit:*:BTC*"], changes_only: true },
      { channel: "quality" },
      { channel: "derived", symbols: ["*:linear:BTC*"] },
      { channel: "alerts", snapshot: false },
      { channel: "spreads", bases: ["BTC"], legs_min: 3 },
      { channel: "screener", filter: "funding_apr>20" },
      { channel: "system" },
      { channel: "ticker", symbols: ["BTCUSDT"] },
    ]);
  });

  it("waits for the welcome, and for somebody who wants it", () => {
    const made = hub();
    made.tickers(KEY);
    made.quotes(KEY, {}, { data: () => {} });
    assert.deepEqual(HubSocket.last.sent, []);
    HubSocket.last.welcome();
    assert.deepEqual(asked(), [{ channel: "quote", symbols: [KEY] }]);
  });

  it("is a text each", () => {
    assert.throws(() => hub().tickers([KEY, 3]), /symbols: 3: a text such as/);
    assert.throws(() => hub().subscribe({ symbols: [KEY] }), /channel=undefined: a text/);
    assert.throws(() => hub().subscribe({ channel: "trades", symbols: KEY }), /a list of selectors/);
  });

  it("is answered with what was refused in part, and with warnings", async () => {
    const subscription = openHub().tickers([KEY, "NONE"]);
    const ready = subscription.ready();
    const rejected = [{ symbol: "NONE", code: "unknown_symbol", message: "nowhere", nearest: ["ONE"] }];
    HubSocket.last.accept({ keys: [KEY], rejected, warnings: ["w"] }).snapshot([ticker(OTHER, 1)]);
    assert.deepEqual((await ready).rejected, rejected);
    assert.deepEqual(subscription.rejected, rejected);
    assert.deepEqual(subscription.warnings, ["w"]);
    assert.deepEqual(subscription.keys, [KEY, OTHER], "what joins later is among them");
    assert.deepEqual(subscription.position, { epoch: "e1", offset: 101 });
    assert.equal(subscription.isLive, true);
  });

  it("is told if it cannot be had: to a handler, a loop, ready(), or at least the console", async () => {
    const made = openHub();
    const { handlers, of } = notebook();
    const error = { code: "no_symbols", message: "Every symbol was rejected", field: "symbols", temporary: false };
    const refuse = () => HubSocket.last.refuse(HubSocket.last.asked("subscribe").at(-1), error);
    made.tickers("A", {}, handlers);
    refuse();
    assert.equal(of("error")[0].code, "no_symbols");
    const loop = take(made.tickers("B"), 1);
    refuse();
    await assert.rejects(loop, RequestError);
    const ready = made.tickers("C").ready();
    refuse();
    await assert.rejects(ready, /Every symbol was rejected/);
    const complaints = mock.method(console, "error", () => {});
    made.tickers("D", {}, { data: () => {} });
    refuse();
    assert.equal(complaints.mock.callCount(), 1);
    complaints.mock.restore();
  });

  it("is asked again a second later if it came too fast", () => {
    openHub().tickers(KEY, {}, { data: () => {} });
    HubSocket.last.refuse(HubSocket.last.sent[0], { code: "rate_limited", message: "", field: null, temporary: true });
    assert.equal(asked().length, 1);
    tick(1000);
    assert.equal(asked().length, 2);
  });
});

describe("tickers and the like", () => {
  it("are kept by key, and deleted by removed", () => {
    const { handlers, of } = notebook();
    const subscription = openHub().tickers("*", {}, handlers);
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1), ticker(OTHER, 2)]);
    told.update([ticker(KEY, 3)], { removed: [OTHER] });
    assert.deepEqual(prices(subscription), [3]);
    assert.deepEqual(subscription.keys, [KEY]);
    assert.deepEqual(of("data").map((records) => records.length), [2, 1]);
    told.snapshot([ticker(OTHER, 4)]);
    assert.deepEqual(prices(subscription), [4]);
  });

  it("wait merged for a loop: of each key the newest", async () => {
    const subscription = openHub().tickers("*");
    const loop = subscription[Symbol.asyncIterator]();
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1), ticker(OTHER, 2)]);
    for (let price = 3; price < 100; price += 1) told.update([ticker(KEY, price)]);
    assert.deepEqual((await loop.next()).value.price, 99);
    assert.deepEqual((await loop.next()).value.price, 2);
    assert.equal(subscription.conflated, 97);
    const next = loop.next();
    told.update([ticker(OTHER, 5)]);
    assert.equal((await next).value.price, 5);
  });

  it("are whole where only changes came", () => {
    const subscription = openHub().tickers("*", { changes_only: true }, { data: () => {} });
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1, { bid: 9 })]);
    told.update([{ key: KEY, price: 2 }]);
    assert.deepEqual(subscription.latest.get(KEY), ticker(KEY, 2, { bid: 9 }));
    told.snapshot([{ key: KEY, price: 3 }]);
    assert.deepEqual(subscription.latest.get(KEY), { key: KEY, price: 3 });
  });

  it("of bars wait by key and start, and the newest of each key is the latest", async () => {
    const subscription = openHub().bars(KEY);
    const loop = take(subscription, 2);
    const told = HubSocket.last.accept();
    told.snapshot([{ key: KEY, start: 1, close: 1 }]);
    told.update([{ key: KEY, start: 1, close: 2, closed: true }, { key: KEY, start: 2, close: 3 }]);
    assert.equal(subscription.latest.get(KEY).start, 2);
    assert.deepEqual((await loop).map(({ close }) => close), [2, 3]);
  });

  it("of a screener come as the whole result, in order", async () => {
    const { handlers, of } = notebook();
    const subscription = openHub().screener({ filter: "x>1" }, handlers);
    const loop = take(subscription, 1);
    const told = HubSocket.last.accept();
    told.snapshot([ticker("a", 1), ticker("b", 2)]);
    told.update([ticker("b", 3)]);
    assert.deepEqual((await loop)[0].map(({ key }) => key), ["b"]);
    assert.deepEqual(of("data").map((records) => records.length), [2, 1]);
    assert.deepEqual(prices(subscription), [3]);
  });

  it("can be had once", async () => {
    const latest = openHub().latest(KEY);
    HubSocket.last.accept().snapshot([ticker(KEY, 7)]);
    assert.equal((await latest).get(KEY).price, 7);
    assert.equal(HubSocket.last.asked("unsubscribe").length, 1);
  });
});

describe("trades and the like", () => {
  it("come every one, in order", async () => {
    const loop = take(openHub().trades(KEY), 4);
    const told = HubSocket.last.accept();
    told.update([trade(1), trade(2)]);
    told.update([trade(3)]);
    await settle();
    told.update([trade(4)]);
    assert.deepEqual((await loop).map(({ trade_id: id }) => id), ["1", "2", "3", "4"]);
  });

  it("that wait are bounded: the oldest go, are counted, and told as a gap at their place", async () => {
    const { handlers, of } = notebook();
    const subscription = openHub().trades(KEY, {}, { ...handlers, eventsMax: 3 });
    const loop = subscription[Symbol.asyncIterator]();
    const told = HubSocket.last.accept();
    for (let id = 1; id <= 1000; id += 1) told.update([trade(id)]);
    const ids = [];
    for (let i = 0; i < 3; i += 1) ids.push((await loop.next()).value.trade_id);
    assert.deepEqual(ids, ["998", "999", "1000"]);
    assert.equal(subscription.dropped, 997);
    assert.deepEqual(of("gap"), [{ channel: "trades", reason: "slow_reader", missed: 997 }]);
  });

  it("that are missing are thrown where that is wanted, and the next loop goes on", async () => {
    const subscription = openHub().trades(KEY, {}, { onGap: "throw" });
    await Promise.all([subscription.ready(), HubSocket.last.accept()]);
    const told = { sub: 1, seq: 0, say: (id) => HubSocket.last.say({ sub: 1, seq: (told.seq += 1), channel: "trades", type: "update", data: [trade(id)] }) };
    const ids = [];
    const loop = subscription[Symbol.asyncIterator]();
    told.say(1);
    HubSocket.last.say({ channel: "system", type: "gap", data: { sub: 1, channel: "trades", reason: "slow_consumer", missed: 32, from_offset: 1, to_offset: 2 } });
    told.say(34);
    const missed = async () => { for await (const { trade_id: id } of loop) ids.push(id); };
    await assert.rejects(missed(), (error) => error instanceof MissedEvents && error.gap.missed === 32);
    ids.push((await loop.next()).value.trade_id);
    assert.deepEqual(ids, ["1", "34"]);
    assert.equal(subscription.missed, 32);
  });

  it("that are missing are never missing in silence", () => {
    const warnings = mock.method(console, "warn", () => {});
    openHub().trades(KEY, {}, { data: () => {} });
    HubSocket.last.accept({ keys: [KEY] });
    const gap = { key: KEY, channel: "trades", reason: "sequence", cause: "", missed: null, recovered: 0, from: 1, to: null, healed: false };
    for (let i = 0; i < 5; i += 1) HubSocket.last.say({ channel: "system", type: "gap", data: gap });
    assert.deepEqual(warnings.mock.calls.map(({ arguments: [words] }) => words), ["tickwell: missed some of trades: sequence"]);
    warnings.mock.restore();
  });

  it("that the hub missed are told to whom it concerns", () => {
    const [trades, bars, others] = [notebook(), notebook(), notebook()];
    const made = openHub();
    made.trades(KEY, {}, trades.handlers);
    HubSocket.last.accept({ keys: [KEY] });
    made.bars(KEY, {}, bars.handlers);
    HubSocket.last.accept({ keys: [KEY] });
    made.trades(OTHER, {}, others.handlers);
    HubSocket.last.accept({ keys: [OTHER] });
    HubSocket.last.say({ channel: "system", type: "gap", data: { key: KEY, channel: "trades", reason: "sequence", missed: 2 } });
    assert.deepEqual([trades, bars, others].map(({ of }) => of("gap").length), [1, 1, 0]);
  });

  it("of the system come with their type", async () => {
    const loop = take(openHub().system(), 2);
    const told = HubSocket.last.accept();
    told.frame("feed", { exchange: "bybit", market: "linear", state: "live", reason: null, ts: 1 });
    told.frame("gap", { key: KEY, channel: "trades" });
    assert.deepEqual((await loop).map(({ type, data }) => [type, data.exchange ?? data.key]), [["feed", "bybit"], ["gap", KEY]]);
  });

  it("of a channel that is not known yet come as they are", async () => {
    const loop = take(openHub().subscribe({ channel: "whales" }), 2);
    HubSocket.last.accept().update([{ a: 1 }, { a: 1 }]);
    assert.deepEqual(await loop, [{ a: 1 }, { a: 1 }]);
  });
});

describe("the end of a subscription", () => {
  it("is the end of its last loop, if nothing else wanted it", async () => {
    const subscription = openHub().trades(KEY);
    const loops = [take(subscription, 1), take(subscription, 2)];
    const told = HubSocket.last.accept();
    told.update([trade(1)]);
    await loops[0];
    assert.equal(HubSocket.last.asked("unsubscribe").length, 0);
    told.update([trade(2)]);
    assert.equal((await loops[1]).length, 2);
    await settle();
    assert.deepEqual(HubSocket.last.asked("unsubscribe").map(({ params }) => params), [{ sub: 1 }]);
    const again = take(subscription, 1);
    HubSocket.last.accept().update([trade(9)]);
    assert.equal((await again)[0].trade_id, "9");
  });

  it("is close(), where there are handlers; loops get what waits", async () => {
    const subscription = openHub().trades(KEY, {}, { data: () => {} });
    const loop = subscription[Symbol.asyncIterator]();
    HubSocket.last.accept().update([trade(1)]);
    subscription.close();
    assert.equal((await loop.next()).value.trade_id, "1");
    assert.deepEqual(await loop.next(), { value: undefined, done: true });
    assert.equal(HubSocket.last.asked("unsubscribe").length, 1);
    await assert.rejects(async () => { const ready = subscription.ready(); subscription.close(); await ready; }, /was closed/);
  });

  it("is an AbortSignal", async () => {
    const abort = new AbortController();
    const subscription = openHub().trades(KEY, {}, { signal: abort.signal });
    const loop = take(subscription, 1);
    HubSocket.last.accept();
    abort.abort();
    assert.deepEqual(await loop, []);
    assert.equal(HubSocket.last.asked("unsubscribe").length, 1);
    assert.deepEqual(await take(subscription, 1), []);
  });

  it("before the answer came is made good when it comes", async () => {
    const made = openHub();
    made.trades(KEY, {}, { data: () => {} }).close();
    assert.equal(HubSocket.last.asked("unsubscribe").length, 0);
    HubSocket.last.accept();
    assert.deepEqual(HubSocket.last.asked("unsubscribe").map(({ params }) => params), [{ sub: 1 }]);
    made.trades(KEY, {}, { data: () => {} });
    assert.equal(HubSocket.last.asked("subscribe").length, 2);
  });

  it("and a new beginning before the answer are one subscription", () => {
    const made = openHub();
    const { handlers, of } = notebook();
    made.trades(KEY, {}, { data: () => {} }).close();
    made.trades(KEY, {}, handlers);
    HubSocket.last.accept().update([trade(1)]);
    assert.equal(HubSocket.last.asked("subscribe").length, 1);
    assert.equal(HubSocket.last.asked("unsubscribe").length, 0);
    assert.equal(of("data").length, 1);
  });
});

describe("equal subscriptions", () => {
  it("share one, at the fastest rate; who comes late gets what is known", async () => {
    const made = openHub();
    const late = notebook();
    const first = made.tickers([KEY, OTHER], { max_rate_hz: 1 }, { data: () => {} });
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1)]);
    const second = made.tickers([OTHER, KEY], { max_rate_hz: 5 }, late.handlers);
    assert.equal(HubSocket.last.asked("subscribe").length, 1);
    await settle();
    assert.deepEqual(late.names(), ["accepted", "data"]);
    assert.deepEqual(prices(second), [1]);
    const rates = () => HubSocket.last.asked("set").map(({ params }) => [params.sub, params.max_rate_hz]);
    assert.deepEqual(rates(), [[1, 5]]);
    second.setRate(0);
    second.close();
    assert.deepEqual(rates(), [[1, 5], [1, 0], [1, 1]]);
    first.close();
    assert.equal(HubSocket.last.asked("unsubscribe").length, 1);
  });

  it("that the hub takes for one though they look different share its frames", () => {
    const made = openHub();
    const [one, two] = [notebook(), notebook()];
    made.tickers(KEY, {}, one.handlers);
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1)]);
    const second = made.tickers(KEY.toUpperCase(), {}, two.handlers);
    HubSocket.last.accept({ sub: 1 });
    told.update([ticker(KEY, 2)]);
    assert.deepEqual([one, two].map(({ of }) => of("data").map(([{ price }]) => price)), [[1, 2], [1, 2]]);
    second.close();
    assert.equal(HubSocket.last.asked("unsubscribe").length, 0);
  });
});
