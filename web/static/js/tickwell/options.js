/** How a hub is talked to. */

/**
 * @typedef {object} HubOptions
 * @property {"slow" | "pause" | "keep"} [whenHidden] in a page that nobody sees: at most `hiddenRateHz` frames per second
 *   of each subscription (default); nothing, and what was missed when it is shown again; or all as ever
 * @property {number} [hiddenRateHz] default: 1
 * @property {number} [hiddenAfterMs] so long a page must be hidden to count as hidden; default: 5000
 * @property {number} [eventsMax] so many records wait for a loop of a channel whose every record counts; default: 10 000
 * @property {number} [requestWithinMs] how long to wait for an answer; default: 10 000
 * @property {number} [silenceMs] how long to wait for the welcome; default: 12 000
 * @property {number} [backoffMinMs] shortest wait before a new attempt; default: 500
 * @property {number} [backoffMaxMs] longest wait before a new attempt; default: 20 000
 * @property {number} [healthyMs] a connection that lived this long resets the backoff; default: 30 000
 * @property {?(() => Promise<string>)} [ticket] asked for a new ticket before each connection, where the hub wants a token
 * @property {any} [WebSocket] another socket class, for tests and for older Node
 * @property {?(EventTarget & {visibilityState: string})} [page] whose visibility counts; default: the document, if there is one
 * @property {() => number} [now] a monotonic clock in milliseconds, for tests, like `random`
 * @property {() => number} [random] a number in [0, 1)
 */
const DEFAULTS = {
  whenHidden: "slow", hiddenRateHz: 1, hiddenAfterMs: 5000, eventsMax: 10_000, requestWithinMs: 10_000,
  silenceMs: 12_000, ticket: null, backoffMinMs: 500, backoffMaxMs: 20_000, healthyMs: 30_000,
  now: () => performance.now(), random: Math.random,
};
const WHEN_HIDDEN = ["slow", "pause", "keep"];

/** The options with their defaults. Throws `TypeError` for what there is not. @param {HubOptions} given */
export function completed(given) {
  const options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, page: globalThis.document ?? null, ...given };
  const known = [...Object.keys(DEFAULTS), "WebSocket", "page"];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown) throw new TypeError(`no such option: ${unknown}; there are ${known.join(", ")}`);
  if (!WHEN_HIDDEN.includes(options.whenHidden)) throw new TypeError(`whenHidden="${options.whenHidden}": ${WHEN_HIDDEN.join(" or ")} would be right`);
  if (!(options.hiddenRateHz > 0)) throw new TypeError(`hiddenRateHz=${options.hiddenRateHz}: more than 0 would be right`);
  if (!options.WebSocket) throw new TypeError("WebSocket is missing here: give a class of that kind, such as that of the package ws");
  return options;
}
