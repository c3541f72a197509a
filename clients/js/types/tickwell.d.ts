/**
 * An open `Hub`, until its `close()`. It connects in the background, for ever: `await hub.ready()` waits for it.
 *
 * `url` is such as `ws://127.0.0.1:8765` (or `http`, `wss`, `https`, or a host alone); a page needs none for the hub that
 * serves it. Throws `TypeError` for one that means nothing, and for options that there are not.
 * @param {string | URL} [url]
 * @param {import("./tickwell/options.js").HubOptions} [options]
 * @returns {Hub}
 */
export function connect(url?: string | URL, options?: import("./tickwell/options.js").HubOptions): Hub;
export { OrderBook } from "./tickwell/book.js";
export { Hub } from "./tickwell/hub.js";
export { Subscription } from "./tickwell/subscription.js";
import { Hub } from "./tickwell/hub.js";
export { ConnectionFailed, HubClosed, MissedEvents, Refused, RequestError, RequestTimeout, TickwellError } from "./tickwell/errors.js";
