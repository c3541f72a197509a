/** What tells the records of a channel apart, and so how they may wait. */

import { OrderBook } from "./book.js";

/**
 * A channel. Records with the same `keyOf` replace each other; of a channel without it every record counts, and
 * `identityOf` knows one that comes again; `undefined` means that it cannot be known. `placeOf` is whose newest a record
 * is, or among whose it is known, where that is not its key. `isWhole`: each frame holds the whole result.
 * @typedef {object} Kind
 * @property {string} channel
 * @property {(record: any) => string} [keyOf]
 * @property {(record: any) => string | undefined} [identityOf]
 * @property {(record: any) => string} [placeOf]
 * @property {boolean} [isWhole]
 */

const key = (record) => record.key;

const trade = ({ trade_id, price, size, side, ts_event }) => String(trade_id || `${price} ${size} ${side} ${ts_event}`);
const liquidation = ({ side, price, size, ts_event }) => `${side} ${price} ${size} ${ts_event}`;

/** @type {Record<string, Kind>} */
const KINDS = Object.fromEntries([
  { channel: "ticker", keyOf: key },
  { channel: "quote", keyOf: key },
  { channel: "trades", identityOf: trade },
  { channel: "liquidations", identityOf: liquidation },
  { channel: "book", keyOf: key },
  { channel: "bars", keyOf: (bar) => `${bar.key} ${bar.start}`, placeOf: key },
  { channel: "funding", keyOf: key },
  { channel: "spreads", keyOf: key },
  { channel: "screener", keyOf: key, isWhole: true },
  { channel: "quality", keyOf: (quality) => `${quality.key} ${quality.channel}` },
  { channel: "derived", keyOf: (derived) => `${derived.key} ${derived.plugin} ${derived.name}` },
  { channel: "alerts", identityOf: (alert) => alert.id, placeOf: () => "" }, // a snapshot has the newest of all
  { channel: "system" },
].map((kind) => [kind.channel, kind]));

/** A channel by its name; of one that this version does not know every record counts. @returns {Kind} */
export const kindOf = (channel) => (Object.hasOwn(KINDS, channel) ? KINDS[channel] : { channel });

/** What the hub missed of a feed of an exchange is missing in these channels. */
const CONCERNED = {
  ticker: ["ticker", "funding", "quote"],
  quote: ["quote", "ticker"],
  trades: ["trades", "bars"],
  candles: ["bars"],
};

/** Whether a gap in what an exchange told concerns the records of a channel. */
export const isConcerned = (channel, told) => (CONCERNED[told] ?? [told]).includes(channel);

/** Takes the records of instruments that are gone out of a map. */
export function removeKeys(map, keys) {
  if (!keys.length) return;
  const gone = new Set(keys);
  for (const [place, record] of map) if (gone.has(record.key)) map.delete(place);
}

/** The same record, no longer current; a book is marked where it stands. */
export function staleOf(record) {
  if (record instanceof OrderBook) return record.lose();
  const legs = record.legs?.map((leg) => ({ ...leg, quality: "stale" }));
  return { ...record, ...(legs && { legs }), stale: true, quality: "stale" };
}
