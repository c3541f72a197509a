/** A local order book, kept true by the frames of the channel `book`. */
/** @typedef {{price: number, size: number}} Level one price, and the size that waits there */
/**
 * The levels of one instrument, as of the last frame. The client changes it in place, between two of your handlers or
 * awaits and never during one: `copy()` keeps a state. Only while `isLive` it may be taken for the market: `quality` is
 * the hub's word, and without a connection, or before a new snapshot after a gap, nothing is live. Times are Unix ms.
 */
export class OrderBook {
    /** @param {string} key such as "bybit:linear:BTCUSDT" */
    constructor(key: string);
    /** @type {?number} */ depth: number | null;
    /** @type {number | string | null} */ version: number | string | null;
    /** @type {number | string | null} */ update_id: number | string | null;
    /** @type {?number} */ ts_event: number | null;
    /** @type {?number} */ ts_recv: number | null;
    /** @type {?string} */ quality: string | null;
    /** Whether nothing is missing since its snapshot. */ isWhole: boolean;
    key: string;
    /** Whether it is the market's state now, as far as the hub knows it. */
    get isLive(): boolean;
    /** The opposite, as the records of other channels have it. */
    get stale(): boolean;
    /** The bids, the highest first. @returns {Level[]} */
    get bids(): Level[];
    /** The asks, the lowest first. @returns {Level[]} */
    get asks(): Level[];
    /** The highest bid; `null` if there is none. @returns {?Level} */
    get bestBid(): Level | null;
    /** The lowest ask; `null` if there is none. @returns {?Level} */
    get bestAsk(): Level | null;
    /** The middle of the best bid and the best ask; `null` while one is missing. @returns {?number} */
    get mid(): number | null;
    /** The best ask less the best bid, in quote units; `null` while one is missing. @returns {?number} */
    get spread(): number | null;
    /** The spread in 1/10000 of the mid. @returns {?number} */
    get spreadBps(): number | null;
    /**
     * The sizes of the bids less those of the asks, by their sum: from -1 (only asks) to 1 (only bids). Of the best `levels`
     * of each side, of all if absent; `null` for an empty book.
     * @param {number} [levels]
     * @returns {?number}
     */
    imbalance(levels?: number): number | null;
    /**
     * The average price at which a taker would buy or sell `size`, without fees; `null` if the book is not deep enough.
     * Throws `RangeError` for another side, or a size of 0 or less.
     * @param {"buy" | "sell"} side @param {number} size
     * @returns {?number}
     */
    fillPrice(side: "buy" | "sell", size: number): number | null;
    /** The state of now, which nothing changes any more. @returns {OrderBook} */
    copy(): OrderBook;
    /** Something is missing: it is not the market's state until its next snapshot. @returns {this} */
    lose(): this;
    /**
     * Changes it as a record of the wire says. `false`, and no change, if something between is missing.
     * @param {Record<string, any>} record
     * @returns {boolean}
     */
    apply(record: Record<string, any>): boolean;
    #private;
}
/**
 * one price, and the size that waits there
 */
export type Level = {
    price: number;
    size: number;
};
