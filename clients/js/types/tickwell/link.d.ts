export class Link {
    /** @param {string} url @param {object} options see `connect` @param {object} watcher `opened`, `ended`, `told`, `abandoned` */
    constructor(url: string, options: object, watcher: object);
    /** @type {?import("./records.js").Welcome} */ welcome: import("./records.js").Welcome | null;
    heartbeat: {
        lag_ms: number;
        conflated: number;
    };
    /** Whether nothing is to be subscribed for now. */ isPaused: boolean;
    get isOpen(): boolean;
    get isQuiet(): boolean;
    get livedMs(): number;
    get waiting(): number;
    /** Ends it, as if it had been lost. */
    end(code: any, reason: any): void;
    /** Asks; `answered(error, result)` is called exactly once. */
    request(method: any, params: any, answered?: () => void): void;
    /** Has the hub send what a feed is about, from where it is. */
    subscribe(feed: any): void;
    /** Ends it, unless another feed lives on the same frames. */
    unsubscribe(feed: any): void;
    /** Tells the hub the rate of a feed, if it is another one than before. */
    pace(feed: any): void;
    #private;
}
