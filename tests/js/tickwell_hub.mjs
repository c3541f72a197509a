/** A hub of the stream as a scripted socket, and timers that move only when a test says so. */
import { mock } from "node:test";

import { connect } from "../../web/static/js/tickwell.js";

export const KEY = "bybit:linear:BTCUSDT";
export const EPOCH = "e1";
const STEP_MS = 50;

export class HubSocket {
  static all = [];
  static get last() { return HubSocket.all.at(-1); }

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    this.sent = [];
    this.closed = false;
    this.subs = 0;
    HubSocket.all.push(this);
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.closed = true; }
  fail(code = 1006, reason = "") { this.onclose?.({ code, reason }); }
  say(message) { this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) }); }

  welcome(more = {}) {
    const limits = { subscriptions: 256, messages_per_s: 20, message_bytes: 65_536, symbols: 1000, rate_hz: 100 };
    const data = { connection_id: "c-1", protocol: 1, server: "tickwell/0", epoch: EPOCH, ts: 1, heartbeat_ms: 5000, limits, formats: ["json"], ...more };
    this.say({ channel: "system", type: "welcome", data });
    return this;
  }

  heartbeat(more = {}) { this.say({ channel: "heartbeat", ts: 1, subs: 0, lag_ms: 0, conflated: 0, ...more }); }

  /** All requests of one method. */
  asked(method) { return this.sent.filter((message) => message.method === method); }

  answer(request, result) { this.say({ method: request.method, req_id: request.req_id, success: true, result, time_in: 1, time_out: 2 }); }

  refuse(request, error) { this.say({ method: request.method, req_id: request.req_id, success: false, error, time_in: 1, time_out: 2 }); }

  /** Agrees to the newest subscribe; gives back a subscription that can be told things. */
  accept(more = {}) {
    const request = this.asked("subscribe").at(-1);
    this.subs += 1;
    const { channel, max_rate_hz = 0 } = request.params;
    this.answer(request, {
      sub: this.subs, channel, keys: [], rejected: [], warnings: [], max_rate_hz, epoch: EPOCH, offset: 100, recovered: false, ...more,
    });
    return new Told(this, more.sub ?? this.subs, channel);
  }
}

/** One subscription, as the hub has it. */
class Told {
  seq = 0; offset = 100;

  constructor(socket, sub, channel) { Object.assign(this, { socket, sub, channel }); }

  frame(type, data, more = {}) {
    this.seq += 1;
    this.offset += 1;
    this.socket.say({ sub: this.sub, seq: this.seq, channel: this.channel, type, offset: this.offset, epoch: EPOCH, data, ts_out: 5, ...more });
  }

  snapshot(data, more) { this.frame("snapshot", data, more); }
  update(data, more) { this.frame("update", data, more); }
}

/** Starts a test: no sockets yet, timers under `tick`'s control. */
export function begin() {
  HubSocket.all = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
}

export const end = () => mock.timers.reset();

/** In steps, so that no timer finds itself late. */
export function tick(ms) {
  for (let left = ms; left > 0; left -= STEP_MS) mock.timers.tick(Math.min(left, STEP_MS));
}

/** A step in which the program slept: all timers find themselves late. */
export const sleep = (ms) => mock.timers.tick(ms);

/** Lets promises go on. */
export async function settle() { for (let i = 0; i < 20; i += 1) await null; }

export function hub(options = {}) {
  const made = connect("http://hub.test", { WebSocket: HubSocket, now: () => Date.now(), random: () => 0.5, page: null, ...options });
  made.heard = [];
  for (const event of ["connected", "disconnected", "going_away", "slow_consumer", "error"]) made.on(event, (detail) => made.heard.push([event, detail]));
  made.names = () => made.heard.map(([event]) => event);
  return made;
}

/** A hub that said welcome. */
export function openHub(options) {
  const made = hub(options);
  HubSocket.last.welcome();
  return made;
}

/** Handlers that write down what they hear. */
export function notebook() {
  const heard = [];
  const handlers = Object.fromEntries(["data", "gap", "stale", "accepted", "connected", "disconnected", "error"]
    .map((event) => [event, (...details) => heard.push([event, ...details])]));
  return { heard, handlers, of: (event) => heard.filter(([name]) => name === event).map(([, detail]) => detail), names: () => heard.map(([name]) => name) };
}

export const ticker = (key, price, more = {}) => ({ key, price, quality: "live", ts_event: 1, ts_recv: 2, ...more });

export const trade = (trade_id, more = {}) => ({ key: KEY, trade_id: String(trade_id), price: 1, size: 1, side: "buy", quality: "live", ...more });

/** Takes `count` records from a loop. */
export async function take(iterable, count) {
  const taken = [];
  for await (const record of iterable) {
    taken.push(record);
    if (taken.length === count) break;
  }
  return taken;
}
