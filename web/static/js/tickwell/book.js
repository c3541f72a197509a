/** A local order book, kept true by the frames of the channel `book`. */

/** @typedef {{price: number, size: number}} Level one price, and the size that waits there */

/**
 * The levels of one instrument, as of the last frame. The client changes it in place, between two of your handlers or
 * awaits and never during one: `copy()` keeps a state. Only while `isLive` it may be taken for the market: `quality` is
 * the hub's word, and without a connection, or before a new snapshot after a gap, nothing is live. Times are Unix ms.
 */
export class OrderBook {
  /** @type {?number} */ depth = null;
  /** @type {number | string | null} */ version = null;
  /** @type {number | string | null} */ update_id = null;
  /** @type {?number} */ ts_event = null;
  /** @type {?number} */ ts_recv = null;
  /** @type {?string} */ quality = null;
  /** Whether nothing is missing since its snapshot. */ isWhole = false;
  #bids = new Side(); #asks = new Side();

  /** @param {string} key such as "bybit:linear:BTCUSDT" */
  constructor(key) { this.key = key; }

  /** Whether it is the market's state now, as far as the hub knows it. */
  get isLive() { return this.isWhole && this.quality === "live"; }

  /** The opposite, as the records of other channels have it. */
  get stale() { return !this.isLive; }

  /** The bids, the highest first. @returns {Level[]} */
  get bids() { return this.#bids.levels().reverse(); }

  /** The asks, the lowest first. @returns {Level[]} */
  get asks() { return this.#asks.levels(); }

  /** The highest bid; `null` if there is none. @returns {?Level} */
  get bestBid() { return this.#bids.at(-1); }

  /** The lowest ask; `null` if there is none. @returns {?Level} */
  get bestAsk() { return this.#asks.at(0); }

  /** The middle of the best bid and the best ask; `null` while one is missing. @returns {?number} */
  get mid() {
    const { bestBid: bid, bestAsk: ask } = this;
    return bid && ask && (bid.price + ask.price) / 2;
  }

  /** The best ask less the best bid, in quote units; `null` while one is missing. @returns {?number} */
  get spread() {
    const { bestBid: bid, bestAsk: ask } = this;
    return bid && ask && ask.price - bid.price;
  }

  /** The spread in 1/10000 of the mid. @returns {?number} */
  get spreadBps() { return this.mid ? (this.spread / this.mid) * 10_000 : null; }

  /**
   * The sizes of the bids less those of the asks, by their sum: from -1 (only asks) to 1 (only bids). Of the best `levels`
   * of each side, of all if absent; `null` for an empty book.
   * @param {number} [levels]
   * @returns {?number}
   */
  imbalance(levels) {
    const [bids, asks] = [this.bids, this.asks].map((side) => side.slice(0, levels).reduce((sum, { size }) => sum + size, 0));
    return bids + asks ? (bids - asks) / (bids + asks) : null;
  }

  /**
   * The average price at which a taker would buy or sell `size`, without fees; `null` if the book is not deep enough.
   * Throws `RangeError` for another side, or a size of 0 or less.
   * @param {"buy" | "sell"} side @param {number} size
   * @returns {?number}
   */
  fillPrice(side, size) {
    if (!["buy", "sell"].includes(side)) throw new RangeError(`side=${side}: buy or sell would be right`);
    if (!(size > 0)) throw new RangeError(`size=${size}: more than 0 would be right`);
    let left = size;
    let paid = 0;
    for (const level of side === "buy" ? this.asks : this.bids) {
      const taken = Math.min(left, level.size);
      paid += taken * level.price;
      left -= taken;
      if (left <= 0) return paid / size;
    }
    return null;
  }

  /** The state of now, which nothing changes any more. @returns {OrderBook} */
  copy() {
    const copied = Object.assign(new OrderBook(this.key), this);
    copied.#bids = this.#bids.copy();
    copied.#asks = this.#asks.copy();
    return copied;
  }

  /** Something is missing: it is not the market's state until its next snapshot. @returns {this} */
  lose() {
    this.isWhole = false;
    return this;
  }

  /**
   * Changes it as a record of the wire says. `false`, and no change, if something between is missing.
   * @param {Record<string, any>} record
   * @returns {boolean}
   */
  apply(record) {
    const isSnapshot = record.previous === null || record.previous === undefined;
    if (!isSnapshot && (!this.isWhole || record.previous !== this.version)) {
      this.lose();
      return false;
    }
    if (isSnapshot) this.#begin();
    this.#bids.change(record.bids ?? []);
    this.#asks.change(record.asks ?? []);
    for (const name of ["version", "depth", "update_id", "ts_event", "ts_recv", "quality"]) this[name] = record[name] ?? this[name];
    return true;
  }

  #begin() {
    this.#bids = new Side();
    this.#asks = new Side();
    this.isWhole = true;
  }
}

/** One side: its prices, rising, and the size of each. */
class Side {
  #prices = []; #sizes = new Map();

  /** Sizes are absolute, and 0 deletes. */
  change(levels) {
    for (const [price, size] of levels) {
      if (size && !this.#sizes.has(price)) this.#prices.splice(this.#place(price), 0, price);
      else if (!size && this.#sizes.has(price)) this.#prices.splice(this.#place(price), 1);
      if (size) this.#sizes.set(price, size);
      else this.#sizes.delete(price);
    }
  }

  /** The level there, counted from the lowest price; from the highest if negative. */
  at(position) {
    const price = this.#prices.at(position);
    return price === undefined ? null : this.#level(price);
  }

  levels() { return this.#prices.map((price) => this.#level(price)); }

  copy() {
    const copied = new Side();
    copied.#prices = [...this.#prices];
    copied.#sizes = new Map(this.#sizes);
    return copied;
  }

  #level(price) { return { price, size: this.#sizes.get(price) }; }

  /** The position of the first price that is not below `price`. */
  #place(price) {
    let [low, high] = [0, this.#prices.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#prices[middle] < price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
