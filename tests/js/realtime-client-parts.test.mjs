/** How `RealtimeClient` and what connects it find each other, and what the successor of a connection does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";
import vm from "node:vm";

import { FakeSocket, begin, client, end, record, tick } from "./fake_socket.mjs";

const SCRIPT = new URL("../../web/static/js/realtime-client.js", import.meta.url);

beforeEach(begin);
afterEach(end);

/** The class as a page has it that loads the script alone. */
function alone() {
  const before = globalThis.RealtimeClient;
  globalThis.document = { currentScript: { src: SCRIPT.href } };
  try {
    vm.runInThisContext(readFileSync(SCRIPT, "utf8"), { importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
    return globalThis.RealtimeClient;
  } finally {
    globalThis.RealtimeClient = before;
    delete globalThis.document;
  }
}

/** Lets an import() come to its end. */
async function until(condition) {
  for (let turn = 0; turn < 10_000 && !condition(); turn += 1) await new Promise(setImmediate);
  assert.ok(condition());
}

describe("the script alone", () => {
  it("fetches what connects it", async () => {
    const Client = alone();
    const made = client({}, [], Client).connect().connect();
    assert.deepEqual([made.connected, made.retryInMs, FakeSocket.all.length], [false, null, 0]);
    made.resync();
    await until(() => FakeSocket.all.length);
    FakeSocket.last.open().snapshot(record("A", 1));
    assert.equal(made.getSymbol("A").price, 1);
    assert.equal(FakeSocket.all.length, 1);
  });

  it("does not connect who left meanwhile, and connects once who came back", async () => {
    const Client = alone();
    const left = client({}, [], Client).connect().disconnect();
    const back = client({}, ["A"], Client).connect().disconnect().connect();
    await until(() => FakeSocket.all.length);
    await new Promise(setImmediate);
    assert.deepEqual(FakeSocket.all.map(({ url }) => url.searchParams.get("symbols")), ["A"]);
    assert.deepEqual([left.names(), back.names()], [[], []]);
  });

  it("says what the socket says of a bad address, and can be asked again", async () => {
    const Client = alone();
    class Refusing { constructor() { throw new SyntaxError("not on a secure page"); } }
    const made = client({ WebSocket: Refusing }, [], Client).connect();
    await until(() => made.heard.length);
    assert.equal(made.heard[0][1].message, "not on a secure page");
    assert.throws(() => made.connect(), /not on a secure page/);
  });

  it("tries to fetch it again, for as long as it is wanted", async () => {
    const page = vm.createContext({ URL, setTimeout, performance });
    vm.runInContext(readFileSync(SCRIPT, "utf8"), page); // without a way to import anything
    const made = client({}, [], page.RealtimeClient).connect();
    await until(() => made.heard.length === 1);
    assert.match(made.heard[0][1].message, /^no connection to bybit \(/);
    tick(5000);
    await until(() => made.heard.length === 2);
    made.disconnect();
    tick(60_000);
    await new Promise(setImmediate);
    assert.deepEqual(made.names(), ["error", "error"]);
  });
});

describe("a connection", () => {
  it("offers no subprotocol: this socket has none", () => {
    client().connect();
    assert.deepEqual(FakeSocket.last.protocols, []);
  });

  it("begins with a new ticket, where one is wanted", async () => {
    let tickets = 0;
    const made = client({ ticket: async () => `t${(tickets += 1)}` }).connect();
    await until(() => FakeSocket.all.length === 1);
    FakeSocket.last.fail();
    tick(1000);
    await until(() => FakeSocket.all.length === 2);
    assert.deepEqual(FakeSocket.all.map(({ url }) => url.searchParams.get("ticket")), ["t1", "t2"]);
    assert.equal(made.names().join(), "error");
  });
});

describe("a successor", () => {
  const underWay = () => {
    const made = client().connect();
    const first = FakeSocket.last.open();
    first.snapshot(record("A", 1));
    made.resync();
    return { made, first, second: FakeSocket.last };
  };

  it("that is being dialled is the next attempt of a connection that is lost", () => {
    const { made, first, second } = underWay();
    first.fail();
    assert.deepEqual([made.connected, made.retryInMs, FakeSocket.all.length], [false, null, 2]);
    second.open().snapshot(record("A", 2));
    assert.deepEqual(made.names(), ["connected", "data", "disconnected", "stale", "connected", "data"]);
    tick(10_000);
    assert.deepEqual([made.connected, FakeSocket.all.length], [true, 2], "nobody dials for the one that is gone");
  });

  it("that is open already takes over at once", () => {
    const { made, first, second } = underWay();
    second.open();
    first.fail(1001, "hub stops");
    assert.deepEqual(made.names(), ["connected", "data", "disconnected", "stale", "connected"]);
    assert.equal(made.getSymbol("A").stale, true);
    second.snapshot(record("A", 2));
    assert.equal(made.getSymbol("A").stale, false);
  });

  it("that is no longer wanted is closed as well", () => {
    const { made, first, second } = underWay();
    made.disconnect();
    assert.ok(first.closed && second.closed);
    tick(60_000);
    assert.equal(FakeSocket.all.length, 2);
  });
});
