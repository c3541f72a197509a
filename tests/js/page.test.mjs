import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ALL_COLUMNS, comparer } from "../../web/static/js/columns.js";
import { Meter, summary } from "../../web/static/js/meters.js";
import { explainQuality, qualityWord, reasonOf } from "../../web/static/js/quality.js";
import { accepts, readSort, readView, writeSort, writeView } from "../../web/static/js/view.js";
import { describeFeed, exchangesOf, feedProblems, linkProblems, overall } from "../../web/static/js/words.js";

const feed = (state, more = {}) => ({ exchange: "bybit", market: "linear", state, last_data_age_s: 14, ...more });
const link = (connected, more = {}) => ({ exchange: "bybit", connected, lostAt: connected ? null : 1, retryInMs: 2500, ...more });
const column = (id) => ALL_COLUMNS.find((each) => each.id === id);

describe("the view", () => {
  it("lives in the address bar, and only what was chosen", () => {
    const view = { exchange: "bybit", market: "spot", search: "a&b", sort: "-change" };
    assert.equal(writeView(view), "#exchange=bybit&market=spot&search=a%26b&sort=-change");
    assert.deepEqual(readView(writeView(view)), view);
    assert.equal(writeView(readView("")), "");
    assert.equal(writeSort(readSort("-price")), "-price");
    assert.deepEqual(readSort("price"), { id: "price", isDescending: false });
  });

  it("accepts by exchange, market and any searched word", () => {
    const record = { exchange: "bybit", market: "spot", symbol: "ETHUSDT" };
    const shown = (view) => accepts({ exchange: "all", market: "all", search: "", ...view })(record);
    assert.ok(shown({}) && shown({ exchange: "bybit", market: "spot" }) && shown({ search: "btc eth" }));
    assert.ok(!shown({ exchange: "binance" }) && !shown({ market: "linear" }) && !shown({ search: "sol" }));
  });
});

describe("the order", () => {
  it("puts unknown values last both ways, and equal ones by key", () => {
    const records = [["c", null], ["b", 1], ["a", 1], ["d", 2]].map(([key, price]) => ({ key, price }));
    const order = (isDescending) => records.toSorted(comparer(column("price"), isDescending)).map((r) => r.key).join("");
    assert.equal(order(true), "dabc");
    assert.equal(order(false), "abdc");
  });

  it("compares funding by the hour", () => {
    const { value, write, tip } = column("funding");
    const hourly = { funding_rate: 0.0001, funding_interval_h: 1, next_funding_ts: null };
    assert.ok(value(hourly) > value({ funding_rate: 0.0004, funding_interval_h: 8 }));
    assert.equal(write(value(hourly), hourly), "+0.0100%/1h");
    assert.equal(tip(hourly), "+0.0800% per 8 h");
    assert.equal(write(null, { funding_rate: null, funding_interval_h: 8 }), "–");
  });
});

describe("the words", () => {
  it("find the exchanges by either spelling", () => {
    assert.deepEqual(exchangesOf({ binance_symbols: [], markets: [feed("live")] }), ["bybit", "binance"]);
    assert.deepEqual(exchangesOf({ bybit_symbols: [], workers_running: true }), ["bybit"]);
  });

  it("name the feed, the reason and the next attempt", () => {
    assert.equal(describeFeed(feed("disconnected", { last_error: "reset by peer", next_attempt_in_s: 5 }), 2000),
      "Bybit linear is disconnected: its newest data is 16 s old. Reason: reset by peer. Next attempt in 3 s.");
    assert.equal(describeFeed(feed("disconnected", { last_data_age_s: null, last_error: null, next_attempt_in_s: 0 })),
      "Bybit linear is disconnected: it has sent nothing yet. Trying again now.");
    assert.equal(describeFeed(feed("connecting")), "Connecting to Bybit linear …");
    assert.equal(describeFeed(feed("stale")), "Bybit linear is connected but silent for 14 s.");
  });

  it("tell refusals and stale symbols of a live feed, and nothing of a healthy one", () => {
    assert.deepEqual(feedProblems([feed("live"), feed("connecting")]), []);
    const texts = feedProblems([feed("live", { refused: { X: "no such symbol" }, symbols_stale: ["A", "B"] })]).map((p) => p.text);
    assert.deepEqual(texts, ["Bybit linear refuses X: no such symbol.", "Bybit linear sends nothing new for A, B."]);
  });

  it("tell of a lost hub once, not once per exchange", () => {
    const [problem, ...more] = linkProblems([link(false), link(false, { exchange: "binance" })]);
    assert.equal(more.length, 0);
    assert.match(problem.text, /^No contact with the hub since \d\d:\d\d:\d\d\. Below is what was last known\. Next attempt in 3 s\.$/);
    assert.match(linkProblems([link(false), link(true)])[0].text, /the hub's Bybit since/);
    assert.deepEqual(linkProblems([link(true), link(false, { lostAt: null })]), []);
  });

  it("say LIVE only if everything is", () => {
    const cases = [
      ["LIVE", [feed("live"), feed("stopped")], [link(true)]],
      ["PARTLY LIVE", [feed("live"), feed("stale")], [link(true)]],
      ["PARTLY LIVE", [feed("live")], [link(true), link(false)]],
      ["NOT LIVE", [feed("disconnected")], [link(true)]],
      ["CONNECTING", [feed("syncing")], [link(true)]],
      ["CONNECTING", [], []],
      ["STOPPED", [feed("stopped")], [link(true)]],
      ["NO CONTACT", [feed("live")], [link(false)]],
    ];
    for (const [word, feeds, links] of cases) assert.equal(overall(feeds, links), word);
  });
});

describe("the meters", () => {
  it("forget what is older than ten seconds", () => {
    const meter = new Meter();
    meter.add(0, 100, [1, 2]);
    meter.add(5000, 100, [3]);
    assert.equal(meter.rate(5000), 40);
    assert.deepEqual(meter.values(9999), [1, 2, 3]);
    assert.deepEqual(meter.values(10_000), [3]);
    assert.equal(meter.rate(20_000), 0);
  });

  it("sum up by nearest rank", () => {
    assert.deepEqual(summary(Array.from({ length: 100 }, (_, i) => 100 - i)), { p50: 50, p99: 99, min: 1 });
    assert.deepEqual(summary([7]), { p50: 7, p99: 7, min: 7 });
    assert.equal(summary([]), null);
  });
});

describe("the word for a record that is not live", () => {
  it("is its quality, or plainly stale where only the hub is lost", () => {
    assert.equal(qualityWord({ quality: "gapped" }), "gapped");
    assert.equal(qualityWord({ quality: "live" }), "stale");
    assert.equal(qualityWord({}), "stale");
    for (const word of ["connecting", "syncing", "stale", "gapped", "halted", "refused"]) {
      assert.match(explainQuality(word), /^[A-Z].*\.$/);
    }
  });

  it("comes with the reasons of the channels that are wrong", () => {
    const channels = [
      { channel: "ticker", quality: "stale", reason: "no data for 12 s" },
      { channel: "trades", quality: "live", reason: "all well" },
      { channel: "book", quality: "gapped", reason: "" },
    ];
    assert.equal(reasonOf(channels), "ticker: no data for 12 s");
    assert.equal(reasonOf([]), "");
  });
});
