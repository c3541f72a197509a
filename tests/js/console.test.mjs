import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";

import { addressOf, channelsOf, complaint, subscribeMessage, valueOf } from "../../web/static/js/console/asking.js";
import { asJavaScript, asPython, asWscat, shellText } from "../../web/static/js/console/copies.js";
import { Ledger, sizeOf, spread } from "../../web/static/js/console/ledger.js";

const STREAM = "ws://127.0.0.1:8765/ws";
const REALTIME = "ws://127.0.0.1:8765/ws/realtime/bybit?symbols=BTCUSDT,ETHUSDT";
const HOSTILE = `{"q": "it's \\"$(reboot)\\" \\\\ \u2028"}`;

const DOCUMENT = { components: { schemas: {
  BookParams: { properties: {
    channel: { const: "book" }, resume: { anyOf: [] }, depth: { type: "integer", minimum: 1, maximum: 200, default: 50 },
    snapshot: { type: "boolean", default: true }, grouping: { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }], default: null },
    symbols: { type: "array", default: ["*"], description: "Keys." },
  } },
  Ticker: { properties: { channel: { const: "no channel of its own" } } },
} } };

describe("the builder", () => {
  const { book } = channelsOf(DOCUMENT);

  it("offers what the hub describes, symbols first, and nothing for programs only", () => {
    assert.deepEqual(Object.keys(channelsOf(DOCUMENT)), ["book"]);
    assert.deepEqual(book.map(({ name }) => name), ["symbols", "depth", "snapshot", "grouping"]);
    assert.deepEqual(book[2].choices, [true, false]);
    assert.equal(book[3].type, "number");
  });

  it("says only what differs from the usual, in the types that the hub wants", () => {
    const texts = { symbols: " bybit:linear:BTCUSDT , ETHUSDT,", depth: "50", snapshot: "false", grouping: "0.5" };
    assert.deepEqual(subscribeMessage("book", book, texts, 7), { method: "subscribe", req_id: 7,
      params: { channel: "book", symbols: ["bybit:linear:BTCUSDT", "ETHUSDT"], snapshot: false, grouping: 0.5 } });
    assert.deepEqual(subscribeMessage("book", book, {}, 1).params, { channel: "book" });
    assert.throws(() => valueOf(book[1], "many"), /depth is a number, not many/);
  });

  it("names the socket of the hub that serves the page", () => {
    assert.equal(addressOf("http://127.0.0.1:8765", { exchange: "" }), STREAM);
    assert.equal(addressOf("https://hub.example", { exchange: "" }), "wss://hub.example/ws");
    assert.equal(addressOf("http://127.0.0.1:8765", { exchange: "bybit", symbols: "BTCUSDT, ETHUSDT" }), REALTIME);
    assert.match(addressOf("http://h", { exchange: "a/../b?", market: "spot" }), /\/ws\/realtime\/a%2F..%2Fb%3F\?market=spot$/);
  });

  it("says what is no JSON", () => {
    assert.equal(complaint('{"method":"ping"}'), null);
    assert.match(complaint("{nonsense"), /no JSON/);
  });
});

describe("the same as a program", () => {
  it("is JavaScript that says exactly this", () => {
    const said = [], sockets = [];
    class WebSocket { constructor(...given) { sockets.push(given); this.send = (text) => said.push(text); queueMicrotask(() => this.onopen()); } }
    new Function("WebSocket", asJavaScript(STREAM, [HOSTILE, "{}"]))(WebSocket);
    return Promise.resolve().then(() => {
      assert.deepEqual(sockets, [[STREAM, "tickwell.v1.json"]]);
      assert.deepEqual(said, [HOSTILE, "{}"]);
      assert.doesNotMatch(asJavaScript(REALTIME, []), /tickwell\.v1/);
    });
  });

  it("is Python whose texts are the same", () => {
    const program = asPython(STREAM, [HOSTILE]);
    assert.ok(program.includes('connect("ws://127.0.0.1:8765/ws", subprotocols=["tickwell.v1.json"], max_size=None)'));
    assert.ok(asPython(STREAM, ['{"a":1}']).includes(`socket.send('{"a":1}')\n`), "what is readable stays so");
    const [, body] = program.split("socket.send(");
    assert.equal(JSON.parse(body.slice(0, body.indexOf(")\n"))), HOSTILE);
  });

  it("is a command that a shell takes as it is", () => {
    assert.equal(execFileSync("/bin/sh", ["-c", `printf %s ${shellText(HOSTILE)}`], { encoding: "utf8" }), HOSTILE);
    assert.equal(asWscat(STREAM, ["{}"]), `wscat -c '${STREAM}' -s tickwell.v1.json -x '{}' -w -1\n`);
    assert.equal(asWscat(REALTIME, []), `wscat -c '${REALTIME}'\n`);
  });
});

describe("the ledger", () => {
  it("keeps the newest frames, and counts all", () => {
    const ledger = new Ledger(3);
    for (let i = 1; i <= 5; i += 1) ledger.add("in", `frame ${i}`, i * 1000);
    assert.deepEqual(ledger.frames.map(({ text }) => text), ["frame 3", "frame 4", "frame 5"]);
    assert.deepEqual([ledger.count, ledger.bytes], [5, 35]);
    assert.equal(ledger.ratePerS(6000), 0.8);
    assert.equal(ledger.ratePerS(60_000), 0);
  });

  it("finds frames by a part of them, the newest first", () => {
    const ledger = new Ledger();
    ["Alpha", "beta", "alphabet"].forEach((text, i) => ledger.add(i % 2 ? "out" : "in", text, i));
    assert.deepEqual(ledger.matching("ALPHA", 10).map(({ number }) => number), [3, 1]);
    assert.deepEqual(ledger.matching("", 2).map(({ number }) => number), [3, 2]);
    ledger.clear();
    assert.deepEqual([ledger.matching("", 9), ledger.count], [[], 0]);
  });

  it("measures bytes, and spreads JSON over lines up to a length", () => {
    assert.equal(sizeOf("€"), 3);
    assert.equal(spread('{"a":1}'), '{\n  "a": 1\n}');
    assert.equal(spread("no json"), "no json");
    assert.match(spread("x".repeat(30), 10), /^x{10}\n… and 20 characters more$/);
  });
});
