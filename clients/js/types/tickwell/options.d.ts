/** The options with their defaults. Throws `TypeError` for what there is not. @param {HubOptions} given */
export function completed(given: HubOptions): {
    /**
     * in a page that nobody sees: at most `hiddenRateHz` frames per second
     * of each subscription (default); nothing, and what was missed when it is shown again; or all as ever
     */
    whenHidden: string;
    /**
     * default: 1
     */
    hiddenRateHz: number;
    /**
     * so long a page must be hidden to count as hidden; default: 5000
     */
    hiddenAfterMs: number;
    /**
     * so many records wait for a loop of a channel whose every record counts; default: 10 000
     */
    eventsMax: number;
    /**
     * how long to wait for an answer; default: 10 000
     */
    requestWithinMs: number;
    /**
     * how long to wait for the welcome; default: 12 000
     */
    silenceMs: number;
    /**
     * shortest wait before a new attempt; default: 500
     */
    backoffMinMs: number;
    /**
     * longest wait before a new attempt; default: 20 000
     */
    backoffMaxMs: number;
    /**
     * a connection that lived this long resets the backoff; default: 30 000
     */
    healthyMs: number;
    /**
     * asked for a new ticket before each connection, where the hub wants a token
     */
    ticket: any;
    /**
     * another socket class, for tests and for older Node
     */
    WebSocket: any;
    /**
     * whose visibility counts; default: the document, if there is one
     */
    page: Document | (EventTarget & {
        visibilityState: string;
    });
    /**
     * a monotonic clock in milliseconds, for tests, like `random`
     */
    now: () => number;
    /**
     * a number in [0, 1)
     */
    random: () => number;
};
export type HubOptions = {
    /**
     * in a page that nobody sees: at most `hiddenRateHz` frames per second
     * of each subscription (default); nothing, and what was missed when it is shown again; or all as ever
     */
    whenHidden?: "slow" | "pause" | "keep";
    /**
     * default: 1
     */
    hiddenRateHz?: number;
    /**
     * so long a page must be hidden to count as hidden; default: 5000
     */
    hiddenAfterMs?: number;
    /**
     * so many records wait for a loop of a channel whose every record counts; default: 10 000
     */
    eventsMax?: number;
    /**
     * how long to wait for an answer; default: 10 000
     */
    requestWithinMs?: number;
    /**
     * how long to wait for the welcome; default: 12 000
     */
    silenceMs?: number;
    /**
     * shortest wait before a new attempt; default: 500
     */
    backoffMinMs?: number;
    /**
     * longest wait before a new attempt; default: 20 000
     */
    backoffMaxMs?: number;
    /**
     * a connection that lived this long resets the backoff; default: 30 000
     */
    healthyMs?: number;
    /**
     * asked for a new ticket before each connection, where the hub wants a token
     */
    ticket?: (() => Promise<string>) | null;
    /**
     * another socket class, for tests and for older Node
     */
    WebSocket?: any;
    /**
     * whose visibility counts; default: the document, if there is one
     */
    page?: (EventTarget & {
        visibilityState: string;
    }) | null;
    /**
     * a monotonic clock in milliseconds, for tests, like `random`
     */
    now?: () => number;
    /**
     * a number in [0, 1)
     */
    random?: () => number;
};
