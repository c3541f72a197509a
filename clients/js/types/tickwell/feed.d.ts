/** What makes two requests the same subscription to the hub, whatever their rates. @param {Record<string, any>} params */
export function identityOf({ snapshot, max_rate_hz, resume, ...options }: Record<string, any>): string;
/** A reader wants to be told: `batch`, `gap`, `accepted`, `connected`, `disconnected`, `failed` are its methods. */
export class Feed {
    /** @param {Record<string, any>} params those of `subscribe` */
    constructor({ snapshot, max_rate_hz, resume, ...options }: Record<string, any>);
    /** Those who read it: `Subscription`s. */ readers: Set<any>;
    /** The newest record of each key, marked while it is not current. */ latest: Map<any, any>;
    /** What the selectors mean now. */ keys: Set<any>;
    /** What the hub answered. @type {?import("./records.js").Accepted} */ accepted: import("./records.js").Accepted | null;
    /** At most so many frames per second while the page is hidden; 0 for no such bound. */ capHz: number;
    position: any;
    isAsking: boolean;
    isUp: boolean;
    missed: number;
    resyncs: number;
    options: {
        [x: string]: any;
    };
    kind: import("./kinds.js").Kind;
    get keepsEvery(): boolean;
    /** The rate that serves everybody: 0 is the fastest. */
    get rateHz(): number;
    /** The rate to tell the hub; `null` if it knows. */
    newRateHz(): number;
    /** The parameters with which to subscribe now: with `resume` if there is something to resume. */
    request(): {
        resume: any;
        max_rate_hz: number;
    } | {
        resume: any;
        max_rate_hz?: undefined;
    } | {
        snapshot?: boolean;
        max_rate_hz: number;
    } | {
        snapshot?: boolean;
        max_rate_hz?: undefined;
    };
    /** The hub agreed to it. */
    accept(accepted: any): void;
    /** Goes on where another feed of the same subscription is: the hub takes both for one. */
    adopt(other: any): void;
    /** Tells a reader that comes late what is known. */
    greet(reader: any, isWanted?: any): void;
    /** A data frame. `false` if one before it is missing: subscribe again. */
    receive(frame: any): boolean;
    /** The hub says that something is missing. */
    gap(gap: any): void;
    /** Whether what the hub missed of an exchange is missing here. */
    concerns(gap: any): boolean;
    /** Nothing comes any more for now, and nothing that is here is current. */
    down(error: any): void;
    /** It is over. */
    fail(error: any): void;
    #private;
}
