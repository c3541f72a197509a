/** The table's columns: what each shows of a record, how it is written, and what its tooltip adds. */

import { compact, exact, fixed, isKnown, percent, span, spreadBps, title } from "./format.js";

const HOURS_8 = 8;

/**
 * @typedef {object} Column
 * @property {string} id also the name of its style and of its place in the address bar
 * @property {string} title
 * @property {string} hint what the column means
 * @property {(record: object) => (string|number|null)} value what it is sorted by
 * @property {(value: *, record: object, decimals: number) => string} write
 * @property {boolean} [isText] sorts from A first; everything else sorts from the largest first
 * @property {boolean} [isVolatile] its order changes all the time
 * @property {(record: object) => string} [tip]
 */

const price = (id, name, hint, field) => ({
  id, title: name, hint, isVolatile: true,
  value: (record) => record[field],
  write: (value, _, decimals) => fixed(value, decimals),
  tip: (record) => exact(record[field]),
});

const amount = (id, name, hint, field) => ({
  id, title: name, hint, isVolatile: true,
  value: (record) => record[field],
  write: compact,
  tip: (record) => exact(record[field]),
});

const text = (id, name, hint, write) => ({ id, title: name, hint, isText: true, value: (r) => r[id], write });

const sized = (value, size) => (isKnown(size) ? `${exact(value)} × ${exact(size)}` : exact(value));

function writeFunding(rate, { funding_interval_h: hours }) {
  const written = percent(isKnown(rate) ? rate * 100 : null, 4);
  return isKnown(rate) && isKnown(hours) ? `${written}/${hours}h` : written;
}

function explainFunding({ funding_rate: rate, funding_interval_h: hours, next_funding_ts: next }) {
  if (!isKnown(rate)) return "";
  const interval = isKnown(hours) ? `${percent((rate * 100 * HOURS_8) / hours, 4)} per 8 h` : "interval unknown";
  return isKnown(next) ? `${interval} · next in ${span(next - Date.now())}` : interval;
}

/** @type {Column[]} */
export const COLUMNS = [
  text("symbol", "Symbol", "As the exchange spells it", (value) => value),
  text("market", "Market", "linear: USDT perpetuals", (value) => value),
  text("exchange", "Exchange", "Where it trades", title),
  price("price", "Last", "Price of the last trade; the arrow is its last move", "price"),
  { ...price("bid", "Bid", "Best bid", "bid"), tip: (r) => sized(r.bid, r.bid_size) },
  { ...price("ask", "Ask", "Best ask", "ask"), tip: (r) => sized(r.ask, r.ask_size) },
  {
    id: "spread", title: "Spread", hint: "Ask minus bid, in basis points of their middle", isVolatile: true,
    value: (r) => spreadBps(r.bid, r.ask),
    write: (value) => (value >= 1000 ? compact(value) : fixed(value, Math.abs(value) < 0.1 ? 4 : 2)),
  },
  {
    id: "change", title: "24h", hint: "Change over 24 hours", isVolatile: true,
    value: (r) => r.change_24h,
    write: (value) => percent(value),
  },
  price("high", "High", "Highest price of 24 hours", "high_24h"),
  price("low", "Low", "Lowest price of 24 hours", "low_24h"),
  amount("volume", "Volume", "Traded in 24 hours, in base coin", "volume_24h"),
  amount("turnover", "Turnover", "Traded in 24 hours, in quote currency", "turnover_24h"),
  price("mark", "Mark", "Mark price", "mark_price"),
  price("index", "Index", "Index price", "index_price"),
  {
    id: "funding", title: "Funding", hint: "Rate per interval; sorted by the rate per hour", isVolatile: true,
    value: (r) => (isKnown(r.funding_rate) ? r.funding_rate / (r.funding_interval_h || HOURS_8) : null),
    write: (_, record) => writeFunding(record.funding_rate, record),
    tip: explainFunding,
  },
  amount("interest", "Open int.", "Open interest, in base coin", "open_interest"),
];

/** Not a property of the record but of the moment: written by the row itself. */
export const AGE = { id: "age", title: "Age", hint: "Since the hub received it", isVolatile: true, value: (r) => -r.ts_recv };

export const ALL_COLUMNS = [...COLUMNS, AGE];

/** Orders two records by a column; unknown values come last in both directions, ties by key. */
export function comparer(column, isDescending) {
  const sign = isDescending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const unknown = Number(x === null || x === undefined) - Number(y === null || y === undefined);
    if (unknown) return unknown;
    if (x < y) return -sign;
    return x > y ? sign : Number(a.key > b.key) - Number(a.key < b.key);
  };
}
