/** A scripted WebSocket, and timers that move only when a test says so. */
import { mock } from "node:test";

import { RealtimeClient } from "../../web/static/js/realtime-client.module.js";

const STEP_MS = 50;

export class FakeSocket {
  static all = [];
  static get last() { return FakeSocket.all.at(-1); }

  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
    this.sent = [];
    this.closed = false;
    FakeSocket.all.push(this);
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.closed = true; }
  open() { this.onopen?.({}); return this; }
  say(message) { this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) }); }
  fail(code = 1006, reason = "") { this.onclose?.({ code, reason }); }

  snapshot(...data) { this.say({ type: "initial_data", exchange: "bybit", data, count: data.length, ts_out: 1 }); }
  changes(data, removed = []) { this.say({ type: "market_data", mode: "changes", exchange: "bybit", data, removed, ts_out: 2 }); }
}

export const record = (symbol, price, market = "linear", more = {}) =>
  ({ symbol, price, market, exchange: "bybit", key: `bybit:${market}:${symbol}`, stale: false, ...more });

/** Starts a test: no sockets yet, timers under `tick`'s control. */
export function begin() {
  FakeSocket.all = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
}

export const end = () => mock.timers.reset();

/** In steps, so that no timer finds itself late. */
export function tick(ms) {
  for (let left = ms; left > 0; left -= STEP_MS) mock.timers.tick(Math.min(left, STEP_MS));
}

/** A client on fake sockets, with everything that it emits written down. */
export function client(options = {}, symbols = [], Client = RealtimeClient) {
  const made = new Client("bybit", symbols, {
    url: "http://hub.test", WebSocket: FakeSocket, now: () => Date.now(), random: () => 0.5, ...options,
  });
  made.heard = [];
  for (const event of ["connected", "data", "disconnected", "error", "stale"]) {
    made.on(event, (...details) => made.heard.push([event, ...details]));
  }
  made.names = () => made.heard.map(([event]) => event);
  return made;
}
