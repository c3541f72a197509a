/** Alerts and derived values in tickwell.js: every alert once, and the newest of each derived name. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { HubSocket, KEY, begin, end, notebook, openHub, take, tick } from "./tickwell_hub.mjs";

const OTHER = "bybit:linear:ETHUSDT";

beforeEach(begin);
afterEach(end);

const alert = (number, key = KEY, more = {}) => ({ key, id: `al_${number}`, number, kind: "fired", text: "…", ...more });
const derived = (name, value, key = KEY, more = {}) => ({ key, plugin: "volatility", name, value, quality: "live", ...more });
const numbers = (records) => records.map(({ number }) => number);
const values = (records) => records.map(({ key, name, value }) => [key, name, value]);
const resumed = () => HubSocket.last.asked("subscribe").at(-1).params.resume;

function reconnect(more) {
  HubSocket.last.fail();
  tick(2000);
  return HubSocket.last.welcome(more);
}

describe("alerts", () => {
  it("come every one, also those of one key, and are about anything", async () => {
    const subscription = openHub().alerts();
    const loop = take(subscription, 3);
    HubSocket.last.accept().update([alert(1), alert(2), alert(3, "", { kind: "stale", subject: null })]);
    assert.deepEqual(numbers(await loop), [1, 2, 3]);
    assert.deepEqual([subscription.keys, subscription.latest.size, subscription.conflated], [[], 0, 0]);
  });

  it("go on where they were", () => {
    const { handlers, of } = notebook();
    openHub().alerts({}, handlers);
    HubSocket.last.accept().update([alert(1)]);
    reconnect();
    assert.deepEqual(resumed(), { epoch: "e1", offset: 101 });
    HubSocket.last.accept({ recovered: true }).update([alert(2)]);
    assert.deepEqual(numbers(of("data").flat()), [1, 2]);
    assert.deepEqual(of("gap"), []);
  });

  it("that cannot be had again are told as missing, and none comes twice", () => {
    const { handlers, of } = notebook();
    openHub().alerts({}, handlers);
    HubSocket.last.accept().update([alert(1), alert(2, OTHER)]);
    reconnect();
    HubSocket.last.accept({ offset: 5000, recovered: false }).snapshot([alert(2, OTHER), alert(9)]);
    assert.deepEqual(of("gap"), [{ channel: "alerts", reason: "not_recovered", missed: null, from_offset: 101, to_offset: 5000 }]);
    assert.deepEqual(numbers(of("data").flat()), [1, 2, 9]);
  });

  it("without their id are rather told twice than not", () => {
    const { handlers, of } = notebook();
    openHub().alerts({ fields: ["text"] }, handlers);
    HubSocket.last.accept().update([{ key: KEY, text: "one" }]);
    reconnect();
    HubSocket.last.accept({ recovered: false }).snapshot([{ key: KEY, text: "one" }, { key: KEY, text: "two" }]);
    assert.deepEqual(of("data").flat().map(({ text }) => text), ["one", "one", "two"]);
  });

  it("that wait are bounded, and what is let go is told", async () => {
    const { handlers, of } = notebook();
    const loop = openHub().alerts({}, { ...handlers, eventsMax: 2 })[Symbol.asyncIterator]();
    HubSocket.last.accept().update([1, 2, 3, 4, 5].map((number) => alert(number)));
    assert.equal((await loop.next()).value.number, 4);
    assert.deepEqual(of("gap"), [{ channel: "alerts", reason: "slow_reader", missed: 3 }]);
  });
});

describe("derived values", () => {
  it("wait merged: of each key, plugin and name the newest", async () => {
    const subscription = openHub().derived("*:linear:BTC*");
    const loop = take(subscription, 3);
    const told = HubSocket.last.accept({ keys: [KEY] });
    told.snapshot([derived("har", 1), derived("ewma", 2), derived("har", 3, OTHER)]);
    told.update([derived("har", 4)]);
    assert.deepEqual(values(await loop), [[KEY, "har", 4], [KEY, "ewma", 2], [OTHER, "har", 3]]);
    assert.equal(subscription.conflated, 1);
    assert.equal(subscription.latest.get(`${KEY} volatility ewma`).value, 2);
    assert.deepEqual(subscription.keys, [KEY, OTHER]);
  });

  it("go with their instrument, all of them", () => {
    const subscription = openHub().derived([], {}, { data: () => {} });
    const told = HubSocket.last.accept();
    told.snapshot([derived("har", 1), derived("ewma", 2), derived("har", 3, OTHER)]);
    told.update([], { removed: [KEY] });
    assert.deepEqual(values([...subscription.latest.values()]), [[OTHER, "har", 3]]);
    assert.deepEqual(subscription.keys, [OTHER]);
  });

  it("are whole where only changes came, each by its name", () => {
    const subscription = openHub().derived(KEY, { changes_only: true }, { data: () => {} });
    const told = HubSocket.last.accept();
    told.snapshot([derived("har", 1), derived("ewma", 2)]);
    told.update([{ key: KEY, plugin: "volatility", name: "ewma", quality: "stale" }]);
    const known = [...subscription.latest.values()].map(({ name, value, quality }) => [name, value, quality]);
    assert.deepEqual(known, [["har", 1, "live"], ["ewma", 2, "stale"]]);
  });

  it("are stale without a connection, and the whole picture again after it", () => {
    const { handlers, of } = notebook();
    openHub().derived(KEY, {}, handlers);
    HubSocket.last.accept().snapshot([derived("har", 1), derived("ewma", 2)]);
    reconnect();
    assert.deepEqual(of("stale")[0].map(({ name, stale, quality }) => [name, stale, quality]), [["har", true, "stale"], ["ewma", true, "stale"]]);
    assert.deepEqual(resumed(), { epoch: "e1", offset: 101 });
    HubSocket.last.accept({ recovered: true }).update([derived("har", 3)]);
    assert.deepEqual(values(of("data").at(-1)), [[KEY, "har", 3], [KEY, "ewma", 2]]);
    assert.deepEqual(of("gap"), []);
  });
});
