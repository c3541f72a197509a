/** An open hub: subscribe to its channels, ask it things. `connect` makes one. */
export class Hub extends Channels {
    /** @param {string | URL} url @param {HubOptions} [options] */
    constructor(url: string | URL, options?: HubOptions);
    /** How often the connection was lost. */ reconnects: number;
    /** The stream's address. */
    get url(): string;
    /** Whether there is a connection now. */
    get isConnected(): boolean;
    /** Milliseconds until the next attempt; `null` while none is planned. @returns {?number} */
    get retryInMs(): number | null;
    /** What the hub said of itself, on the newest connection; `null` before the first. @returns {?import("./records.js").Welcome} */
    get welcome(): import("./records.js").Welcome | null;
    /** How late we are, as the hub sees it. @returns {{lag_ms: number, conflated: number}} */
    get heartbeat(): {
        lag_ms: number;
        conflated: number;
    };
    /** @template {keyof HubEvents} E @param {E} event @param {HubEvents[E]} handler @returns {this} */
    on<E extends keyof HubEvents>(event: E, handler: HubEvents[E]): this;
    /** @template {keyof HubEvents} E @param {E} event @param {HubEvents[E]} handler @returns {this} */
    off<E extends keyof HubEvents>(event: E, handler: HubEvents[E]): this;
    /** Waits until there is a connection. Rejects with `Refused`, `HubClosed`. @returns {Promise<import("./records.js").Welcome>} */
    ready(): Promise<import("./records.js").Welcome>;
    /** Ends the connection and every loop. */
    close(): void;
    /**
     * Asks the hub anything that docs/protocol.md knows. Waits for a connection if there is none. Rejects with `RequestError`,
     * `RequestTimeout`, `Refused`, and `ConnectionFailed` if the connection is lost meanwhile.
     * @param {string} method @param {object} [params] @returns {Promise<any>}
     */
    request(method: string, params?: object): Promise<any>;
    /** The milliseconds that a message takes to the hub and back. @returns {Promise<number>} */
    ping(): Promise<number>;
    /** The newest `trades`, `bars` or `liquidations` that the hub has in memory, oldest first; `interval` is for bars.
     * @param {"trades" | "bars" | "liquidations"} channel @param {string} key @param {{limit?: number, interval?: string}} [params]
     * @returns {Promise<any[]>} */
    history(channel: "trades" | "bars" | "liquidations", key: string, params?: {
        limit?: number;
        interval?: string;
    }): Promise<any[]>;
    /** The newest ticker of each instrument that is meant, by key. @param {import("./channels.js").Selectors} [selectors]
     * @returns {Promise<Map<string, import("./records.js").Ticker>>} */
    latest(selectors?: import("./channels.js").Selectors): Promise<Map<string, import("./records.js").Ticker>>;
    /** What the hub sends us over this connection, as it sees it. @returns {Promise<object[]>} */
    subscriptions(): Promise<object[]>;
    #private;
}
export type HubOptions = import("./options.js").HubOptions;
export type HubEvents = {
    connected: (welcome: import("./records.js").Welcome) => void;
    disconnected: (how: {
        code: number;
        reason: string;
        retryInMs: number | null;
    }) => void;
    /**
     * before a planned stop of the hub
     */
    going_away: (data: {
        within_ms: number;
        reason: string;
    }) => void;
    /**
     * we are late, as the hub sees it
     */
    slow_consumer: (data: {
        lag_ms: number;
        conflated: number;
    }) => void;
    /**
     * an attempt failed, the hub will not have us, or another handler threw
     */
    error: (error: Error) => void;
};
import { Channels } from "./channels.js";
