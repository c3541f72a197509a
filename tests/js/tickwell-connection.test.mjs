/** The connection of tickwell.js: where it goes, how it is lost, and how it comes back. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { ConnectionFailed, HubClosed, Refused, RequestError, RequestTimeout, TickwellError, connect } from "../../web/static/js/tickwell.js";
import { HubSocket, KEY, begin, end, hub, notebook, openHub, settle, sleep, take, tick, ticker } from "./tickwell_hub.mjs";

beforeEach(begin);
afterEach(end);

describe("the address", () => {
  for (const [given, meant] of [
    ["http://hub.test", "ws://hub.test/ws"], ["https://hub.test/", "wss://hub.test/ws"], ["ws://hub.test:99/ws", "ws://hub.test:99/ws"],
    ["wss://hub.test/tickwell/", "wss://hub.test/tickwell/ws"], ["127.0.0.1", "ws://127.0.0.1:8765/ws"], ["hub:80", "ws://hub/ws"],
    ["[::1]:9000", "ws://[::1]:9000/ws"], ["http://hub.test?token=a", "ws://hub.test/ws?token=a"],
  ]) {
    it(`${given} means ${meant}`, () => {
      connect(given, { WebSocket: HubSocket });
      assert.equal(HubSocket.last.url, meant);
      assert.deepEqual(HubSocket.last.protocols, ["tickwell.v1.json"]);
    });
  }

  it("that means nothing is refused, and what would be right is said", () => {
    for (const url of ["ftp://hub", "ws://", "a b", undefined]) {
      assert.throws(() => connect(url, { WebSocket: HubSocket }), (error) => error instanceof TypeError && /would be right/.test(error.message));
    }
    assert.throws(() => hub({ pingMs: 3 }), /no such option: pingMs; there are whenHidden/);
    assert.throws(() => hub({ whenHidden: "sleep" }), /slow or pause or keep/);
    assert.equal(HubSocket.all.length, 0);
  });

  it("needs no page: the module loads in a bare worker", () => {
    const file = new URL("../../web/static/js/tickwell.js", import.meta.url);
    const code = `delete globalThis.WebSocket; const m = await import(${JSON.stringify(file.href)}); console.log(typeof m.connect)`;
    assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).trim(), "function");
  });
});

describe("a ticket", () => {
  it("is asked for anew before each connection, and goes into its address", async () => {
    let given = 0;
    const made = hub({ ticket: async () => `t-${given += 1}` });
    assert.equal(HubSocket.all.length, 0, "not before there is one");
    await settle();
    assert.equal(new URL(HubSocket.last.url).searchParams.get("ticket"), "t-1");
    HubSocket.last.fail();
    tick(Math.ceil(made.retryInMs) + 1);
    await settle();
    assert.equal(new URL(HubSocket.last.url).searchParams.get("ticket"), "t-2");
    assert.equal(HubSocket.all.length, 2);
  });

  it("that is not to be had is a connection that failed, and is tried for again", async () => {
    let asked = 0;
    const made = hub({ ticket: async () => { asked += 1; throw new Error("401"); } });
    await settle();
    assert.equal(HubSocket.all.length, 0);
    tick(Math.ceil(made.retryInMs) + 1);
    await settle();
    assert.equal(asked, 2);
  });

  it("that comes after the hub was closed opens nothing", async () => {
    let give;
    const made = hub({ ticket: () => new Promise((resolve) => { give = resolve; }) });
    made.close();
    give("late");
    await settle();
    assert.equal(HubSocket.all.length, 0);
  });
});

describe("a lost connection", () => {
  it("is tried again within jittered, doubling, bounded waits", () => {
    for (const [random, expected] of [[0, Array(8).fill(500)], [0.999999, [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000]]]) {
      HubSocket.all = [];
      const made = hub({ random: () => random });
      const waits = expected.map(() => {
        HubSocket.last.fail();
        const wait = made.retryInMs;
        const dialled = HubSocket.all.length;
        tick(Math.floor(wait) - 1);
        assert.equal(HubSocket.all.length, dialled, "not before its time");
        tick(2);
        assert.equal(HubSocket.all.length, dialled + 1);
        return Math.round(wait);
      });
      assert.deepEqual(waits, expected);
      made.close();
    }
  });

  it("forgets its failures after 30 healthy seconds, not before", () => {
    const made = hub({ random: () => 0.999999 });
    for (let i = 0; i < 6; i += 1) { HubSocket.last.fail(); tick(20_001); }
    const live = (ms) => {
      HubSocket.last.welcome();
      for (let lived = 0; lived < ms; lived += 5000) { tick(5000); HubSocket.last.heartbeat(); }
      HubSocket.last.fail();
      return Math.round(made.retryInMs);
    };
    assert.equal(live(25_000), 20_000);
    tick(20_001);
    assert.equal(live(30_000), 1000);
  });

  it("is told, with the code and the next attempt", () => {
    const made = openHub();
    HubSocket.last.fail(1001, "the hub is going away");
    assert.deepEqual(made.names(), ["connected", "disconnected"]);
    assert.deepEqual(made.heard[1][1], { code: 1001, reason: "the hub is going away", retryInMs: 750 });
    assert.equal(made.isConnected, false);
    tick(750);
    HubSocket.last.fail();
    assert.equal(made.heard[2][0], "error");
    assert.ok(made.heard[2][1] instanceof ConnectionFailed);
    tick(20_000);
    HubSocket.last.welcome();
    assert.equal(made.isConnected, true);
    assert.equal(made.reconnects, 1);
  });

  for (const code of [1000, 1001, 1006, 1011, 4000, 4001, 4499]) {
    it(`with ${code} is made again`, () => {
      openHub();
      HubSocket.last.fail(code);
      tick(1000);
      assert.equal(HubSocket.all.length, 2);
    });
  }

  for (const code of [1008, 1009, 4500, 4503, 4999]) {
    it(`with ${code} is not, and everybody hears why`, async () => {
      const made = openHub();
      const { handlers, of } = notebook();
      made.tickers(KEY, {}, handlers);
      const loop = take(made.trades(KEY), 1);
      const request = made.request("ping");
      HubSocket.last.fail(code, "go away");
      tick(60_000);
      assert.equal(HubSocket.all.length, 1);
      for (const promise of [loop, request, made.ready()]) {
        await assert.rejects(promise, (error) => error instanceof Refused && error.code === code && /go away/.test(error.message));
      }
      assert.equal(of("error").length, 1);
      assert.throws(() => made.tickers(KEY).on("data", () => {}), Refused);
    });
  }

  it("of another protocol is not tried again", async () => {
    const made = hub();
    HubSocket.last.welcome({ protocol: 2 });
    assert.ok(HubSocket.last.closed);
    await assert.rejects(made.ready(), /speaks version 2 of the protocol, this client version 1/);
    tick(60_000);
    assert.equal(HubSocket.all.length, 1);
  });

  it("is what unreadable messages make of it, and what lies behind is tried again", () => {
    for (const said of ["{", "null", { channel: "ticker" }]) {
      const made = hub();
      const sockets = HubSocket.all.length;
      HubSocket.last.say(said);
      assert.ok(HubSocket.last.closed);
      assert.match(made.heard[0][1].message, /cannot be read/);
      tick(1000);
      assert.equal(HubSocket.all.length, sockets + 1);
      made.close();
    }
  });
});

describe("silence", () => {
  it("of two heartbeats ends a connection; what is heard breaks it", () => {
    const made = openHub();
    for (let i = 0; i < 10; i += 1) { tick(9000); HubSocket.last.heartbeat({ lag_ms: 7, conflated: 3 }); }
    assert.deepEqual(made.heartbeat, { lag_ms: 7, conflated: 3 });
    tick(9900);
    assert.equal(made.isConnected, true);
    tick(200);
    assert.equal(made.isConnected, false);
    assert.match(made.heard.at(-1)[1].reason, /nothing heard for 10 s/);
    assert.ok(HubSocket.last.closed);
  });

  it("of 12 s ends a dial that is never welcomed", () => {
    hub();
    tick(12_000);
    assert.ok(HubSocket.last.closed);
    tick(750);
    assert.equal(HubSocket.all.length, 2);
  });

  it("is not judged by a timer that was held up: first what waits may be heard", () => {
    const made = openHub();
    sleep(60_000);
    HubSocket.last.heartbeat();
    tick(5000);
    assert.equal(made.isConnected, true);
    sleep(60_000);
    tick(1100);
    assert.equal(made.isConnected, false);
  });

  it("after a planned stop was told ends it too", () => {
    const made = openHub();
    HubSocket.last.say({ channel: "system", type: "going_away", data: { within_ms: 1000, reason: "a restart" } });
    assert.deepEqual(made.heard.at(-1), ["going_away", { within_ms: 1000, reason: "a restart" }]);
    for (let i = 0; i < 3; i += 1) { tick(700); HubSocket.last.heartbeat(); }
    assert.equal(made.isConnected, false);
  });
});

describe("requests", () => {
  it("are answered, each with its own", async () => {
    const made = hub();
    const [ping, history] = [made.ping(), made.history("trades", KEY, { limit: 2 })];
    HubSocket.last.welcome();
    await settle();
    const [asked] = HubSocket.last.asked("history");
    assert.deepEqual(asked.params, { channel: "trades", key: KEY, limit: 2 });
    HubSocket.last.answer(asked, { data: [{ trade_id: "1" }] });
    tick(40);
    HubSocket.last.answer(HubSocket.last.asked("ping")[0], { ts: 1, params: null });
    assert.deepEqual(await history, [{ key: KEY, trade_id: "1" }]);
    assert.equal(await ping, 40);
  });

  it("that are refused say so, with code, field and message", async () => {
    const made = openHub();
    const asked = made.request("set", { sub: 9, max_rate_hz: 1 });
    await settle();
    HubSocket.last.refuse(HubSocket.last.sent[0], { code: "unknown_subscription", message: "sub=9: …", field: "sub", temporary: false });
    await assert.rejects(asked, (error) => error instanceof RequestError && error instanceof TickwellError
      && error.name === "RequestError" && error.code === "unknown_subscription" && error.field === "sub" && error.message === "sub=9: …" && !error.temporary);
  });

  it("that were not read are the oldest's", async () => {
    const made = openHub();
    const asked = made.request("ping");
    await settle();
    HubSocket.last.say({ method: null, req_id: null, success: false, error: { code: "rate_limited", message: "too fast", field: null, temporary: true } });
    await assert.rejects(asked, /too fast/);
  });

  it("do not wait for ever", async () => {
    const made = hub();
    const asked = made.request("ping");
    tick(10_000);
    await assert.rejects(asked, RequestTimeout);
    HubSocket.last.fail();
    tick(1000);
    HubSocket.last.welcome();
    await settle();
    assert.deepEqual(HubSocket.last.sent, [], "nor are they asked when nobody waits any more");
  });

  it("are refused where a thousand wait already", async () => {
    const made = openHub();
    const asked = Array.from({ length: 1001 }, () => made.request("ping"));
    await assert.rejects(asked.pop(), /1000 requests wait for their answers: ping would be one too many/);
    made.close();
    await Promise.all(asked.map((each) => assert.rejects(each, TickwellError)));
  });

  it("are sent no faster than the hub allows", async () => {
    const made = openHub();
    for (let i = 0; i < 50; i += 1) made.request("ping").catch(() => {});
    await settle();
    assert.equal(HubSocket.last.sent.length, 20);
    tick(1000);
    assert.equal(HubSocket.last.sent.length, 20);
    tick(150);
    assert.equal(HubSocket.last.sent.length, 40);
    tick(1100);
    assert.equal(HubSocket.last.sent.length, 50);
    made.close();
  });
});

describe("close()", () => {
  it("ends everything, quietly", async () => {
    const made = openHub();
    const { handlers, of } = notebook();
    const subscription = made.tickers(KEY, {}, handlers);
    HubSocket.last.accept().snapshot([ticker(KEY, 1)]);
    const loop = take(made.trades(KEY), 1);
    const request = made.request("ping");
    made.close();
    assert.ok(HubSocket.last.closed);
    assert.deepEqual(await loop, []);
    await assert.rejects(request, TickwellError);
    await assert.rejects(made.ready(), HubClosed);
    assert.throws(() => made.tickers(KEY).on("data", () => {}), HubClosed);
    tick(60_000);
    assert.equal(HubSocket.all.length, 1);
    assert.equal(of("error").length, 0);
    assert.equal(subscription.isLive, false);
  });

  it("also ends the waiting for a next attempt", () => {
    const made = hub();
    HubSocket.last.fail();
    made.close();
    assert.equal(made.retryInMs, null);
    tick(60_000);
    assert.equal(HubSocket.all.length, 1);
  });
});

describe("handlers", () => {
  it("that throw harm nobody, and are reported", () => {
    const made = openHub();
    const complaints = mock.method(console, "error", () => {});
    const { handlers, of } = notebook();
    made.tickers(KEY, {}, { data: () => { throw new Error("mine"); } }).on("data", handlers.data);
    const told = HubSocket.last.accept();
    told.snapshot([ticker(KEY, 1)]);
    made.tickers("*", {}, { ...handlers, data: () => { throw new Error("worse"); } });
    HubSocket.last.accept().snapshot([ticker(KEY, 1)]);
    told.update([ticker(KEY, 2)]);
    assert.equal(of("data").length, 2);
    assert.deepEqual(of("error").map((error) => error.message), ["worse"]);
    assert.deepEqual(complaints.mock.calls.map(({ arguments: [, error] }) => error.message), ["mine", "mine"]);
    complaints.mock.restore();
    assert.equal(made.isConnected, true);
  });

  it("of unknown events are refused", () => {
    assert.throws(() => hub().on("dta", () => {}), /no such event: dta; there are connected/);
    assert.throws(() => hub().tickers(KEY, {}, { dta: () => {} }), /no such option: dta; there are data/);
    assert.throws(() => hub().tickers(KEY, {}, { data: 3 }), /a handler is a function, not number/);
  });
});
