/** One connection per exchange to the hub, and what is measured on it. */

import { title } from "./format.js";
import { Meter } from "./meters.js";
import { RealtimeClient } from "./realtime-client.module.js";

/** The times from exchange to page of the records that are news. */
function eventLags(changed, before, now) {
  return changed.filter((r) => r.ts_event !== null && r.ts_event !== before.get(r.key)).map((r) => now - r.ts_event);
}

export class Link {
  lostAt = null;
  fromExchange = new Meter();
  fromHub = new Meter();
  /** The hub's clock minus ours, as of the newest message. @type {?number} */
  clockLead = null;
  #client; #eventTimes = new Map();

  /** @param {{onData, onLost, onLog}} listener */
  constructor(exchange, listener) {
    this.exchange = exchange;
    this.#client = new RealtimeClient(exchange)
      .on("data", (changed, message) => this.#receive(changed, message, listener))
      .on("stale", (records) => listener.onLost(this, records))
      .on("connected", () => this.#connected(listener))
      .on("disconnected", ({ code, reason }) => this.#lost(listener, reason || `code ${code}`))
      .on("error", (error) => this.#failed(listener, error));
    this.#client.connect();
  }

  get connected() { return this.#client.connected; }
  get retryInMs() { return this.#client.retryInMs; }
  get roundTripMs() { return this.#client.roundTripMs; }

  #receive(changed, message, listener) {
    const now = Date.now();
    const isLive = message.type === "market_data";
    this.clockLead = message.ts_out - now;
    if (isLive) this.#measure(changed, message, now);
    else this.#eventTimes.clear();
    for (const record of changed) this.#eventTimes.set(record.key, record.ts_event);
    listener.onData(this, changed, message, isLive);
  }

  #measure(changed, message, now) {
    this.fromExchange.add(now, changed.length, eventLags(changed, this.#eventTimes, now));
    this.fromHub.add(now, 1, [now - message.ts_out]);
  }

  #connected(listener) {
    this.lostAt = null;
    listener.onLog("note", `Connected to the hub for ${title(this.exchange)}.`);
  }

  #lost(listener, reason) {
    this.lostAt = Date.now();
    listener.onLog("warning", `Lost the hub for ${title(this.exchange)}: ${reason}.`);
  }

  #failed(listener, error) {
    this.lostAt ??= Date.now();
    listener.onLog("warning", `${error.message}.`);
  }
}
