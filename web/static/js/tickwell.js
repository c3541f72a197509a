/**
 * The client of a Tickwell hub's stream, for pages, workers and programs. docs/protocol.md describes what it speaks.
 *
 *   import { connect } from "/static/js/tickwell.js";
 *
 *   const hub = connect();                                        // the page's own hub; or connect("wss://hub.example")
 *   for await (const trade of hub.trades("bybit:linear:BTCUSDT")) console.log(trade.side, trade.size, trade.price);
 *
 *   hub.tickers("top:20", { max_rate_hz: 5 }, { data: (records) => draw(records), stale: (records) => draw(records) });
 *
 * It connects again by itself, goes on where it was, and says so where something is missing. What is not current is marked
 * `stale`. It speaks JSON, which browsers read fastest, and needs nothing but a WebSocket: no page, no other library.
 */

import { Hub } from "./tickwell/hub.js";

export { OrderBook } from "./tickwell/book.js";
export {
  ConnectionFailed, HubClosed, MissedEvents, Refused, RequestError, RequestTimeout, TickwellError,
} from "./tickwell/errors.js";
export { Hub } from "./tickwell/hub.js";
export { Subscription } from "./tickwell/subscription.js";

/**
 * An open `Hub`, until its `close()`. It connects in the background, for ever: `await hub.ready()` waits for it.
 *
 * `url` is such as `ws://127.0.0.1:8765` (or `http`, `wss`, `https`, or a host alone); a page needs none for the hub that
 * serves it. Throws `TypeError` for one that means nothing, and for options that there are not.
 * @param {string | URL} [url]
 * @param {import("./tickwell/options.js").HubOptions} [options]
 * @returns {Hub}
 */
export function connect(url = globalThis.location?.origin, options = {}) {
  if (url === undefined) throw new TypeError("url is missing, and there is no page to take it from: ws://127.0.0.1:8765 would be right");
  return new Hub(url, options);
}
