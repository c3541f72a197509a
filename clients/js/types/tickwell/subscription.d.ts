/**
 * What a subscription tells, by handlers that may stand in the options or be given to `on`.
 *
 * - `data(records, batch)`: records came; `batch.kind` is `snapshot` (everything, in place of what you had) or `update`,
 *   and `batch.removed` lists the keys that are gone.
 * - `gap(gap)`: events are missing here.
 * - `stale(records)`: the connection is lost, and so the newest records are no longer current.
 * - `accepted(result)`: the hub agreed, with what it `rejected` and its `warnings`; after each reconnection again.
 * - `disconnected(error)`, `connected({recovered})`: it is gone, and back; `recovered` says that nothing is missing.
 * - `error(error)`: the hub said no, or will not have us, or another handler threw.
 *
 * @template R
 * @typedef {object} SubscriptionEvents
 * @property {(records: R[], batch: import("./records.js").Batch<R>) => void} data
 * @property {(gap: import("./records.js").Gap) => void} gap
 * @property {(records: R[]) => void} stale
 * @property {(accepted: import("./records.js").Accepted) => void} accepted
 * @property {(how: {recovered: boolean}) => void} connected
 * @property {(error: Error) => void} disconnected
 * @property {(error: Error) => void} error
 */
/**
 * Handlers, and: `onGap`, whether a loop throws `MissedEvents` where some are missing (default: "tell"); `eventsMax`, so
 * many records wait for a loop of a channel whose every record counts (default: 10 000); `signal` ends it.
 * @template R
 * @typedef {Partial<SubscriptionEvents<R>> & {onGap?: "tell" | "throw", eventsMax?: number, signal?: AbortSignal}} SubscriptionOptions
 */
/**
 * Records of one channel, as they come, over all reconnections.
 *
 *   for await (const trade of hub.trades("bybit:linear:BTCUSDT")) …
 *   hub.tickers("top:20", {}, { data: (records) => … });
 *
 * The hub is asked when the first handler, loop or `ready()` wants it. What only loops wanted ends with the last of them;
 * else `close()` ends it. A loop throws `RequestError` if the hub says no, and `Refused` if it will not have us any more;
 * a lost connection throws nothing. Several loops may go over one subscription: each gets everything.
 * @template R
 */
export class Subscription<R> {
    /** The methods of `Hub` make them. @param {any} desk @param {Record<string, any>} params @param {SubscriptionOptions<R>} options */
    constructor(desk: any, params: Record<string, any>, options: SubscriptionOptions<R>);
    /** @returns {string} */
    get channel(): string;
    /** What the selectors mean now; empty until the hub has answered. @returns {string[]} */
    get keys(): string[];
    /** The selectors that the hub refused, each with a reason and what was perhaps meant. @returns {import("./records.js").Rejection[]} */
    get rejected(): import("./records.js").Rejection[];
    /** What else the hub had to say about the request. @returns {string[]} */
    get warnings(): string[];
    /** The newest record of each key, marked `stale` while it is not current; of quality by key and channel, of derived values
     * by key, plugin and name ("bybit:linear:BTCUSDT volatility har"). Empty for channels whose every record counts.
     * @returns {ReadonlyMap<string, R>} */
    get latest(): ReadonlyMap<string, R>;
    /** Epoch and offset of the last frame, to be given as `resume` some other time. @returns {?{epoch: string, offset: number}} */
    get position(): {
        epoch: string;
        offset: number;
    } | null;
    /** Whether the hub tells it now. @returns {boolean} */
    get isLive(): boolean;
    /** How many events are missing, as far as the hub could count them. @returns {number} */
    get missed(): number;
    /** How many records were let go here, because a loop was too slow. @returns {number} */
    get dropped(): number;
    /** How many records were replaced by newer ones while they waited for a loop. @returns {number} */
    get conflated(): number;
    /** How often it began anew because a frame was missing. @returns {number} */
    get resyncs(): number;
    /** @template {keyof SubscriptionEvents<R>} E @param {E} event @param {SubscriptionEvents<R>[E]} handler @returns {this} */
    on<E extends keyof SubscriptionEvents<R>>(event: E, handler: SubscriptionEvents<R>[E]): this;
    /** @template {keyof SubscriptionEvents<R>} E @param {E} event @param {SubscriptionEvents<R>[E]} handler @returns {this} */
    off<E extends keyof SubscriptionEvents<R>>(event: E, handler: SubscriptionEvents<R>[E]): this;
    /** Waits until the hub has agreed; it lasts until `close()` then. Rejects as a loop would throw.
     * @returns {Promise<import("./records.js").Accepted>} */
    ready(): Promise<import("./records.js").Accepted>;
    /** At most so many frames per second from now on; 0: as soon as the hub knows. @param {number} rateHz */
    setRate(rateHz: number): void;
    /** Ends it. What was not taken by a loop is still to be had there. */
    close(): void;
    /** @returns {AsyncIterableIterator<R>} */
    [Symbol.asyncIterator](): AsyncIterableIterator<R>;
    #private;
}
/**
 * What a subscription tells, by handlers that may stand in the options or be given to `on`.
 *
 * - `data(records, batch)`: records came; `batch.kind` is `snapshot` (everything, in place of what you had) or `update`,
 *   and `batch.removed` lists the keys that are gone.
 * - `gap(gap)`: events are missing here.
 * - `stale(records)`: the connection is lost, and so the newest records are no longer current.
 * - `accepted(result)`: the hub agreed, with what it `rejected` and its `warnings`; after each reconnection again.
 * - `disconnected(error)`, `connected({recovered})`: it is gone, and back; `recovered` says that nothing is missing.
 * - `error(error)`: the hub said no, or will not have us, or another handler threw.
 */
export type SubscriptionEvents<R> = {
    data: (records: R[], batch: import("./records.js").Batch<R>) => void;
    gap: (gap: import("./records.js").Gap) => void;
    stale: (records: R[]) => void;
    accepted: (accepted: import("./records.js").Accepted) => void;
    connected: (how: {
        recovered: boolean;
    }) => void;
    disconnected: (error: Error) => void;
    error: (error: Error) => void;
};
/**
 * Handlers, and: `onGap`, whether a loop throws `MissedEvents` where some are missing (default: "tell"); `eventsMax`, so
 * many records wait for a loop of a channel whose every record counts (default: 10 000); `signal` ends it.
 */
export type SubscriptionOptions<R> = Partial<SubscriptionEvents<R>> & {
    onGap?: "tell" | "throw";
    eventsMax?: number;
    signal?: AbortSignal;
};
