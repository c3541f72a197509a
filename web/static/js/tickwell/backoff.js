/** How long to wait before connecting again. */

/**
 * Pauses drawn at random between a floor and a ceiling that doubles from attempt to attempt, so that the clients of a hub
 * that restarts do not return all at once. A connection that was healthy for `healthyMs` begins anew.
 */
export class Backoff {
  #options; #attempts = 0;

  /** @param {{backoffMinMs: number, backoffMaxMs: number, healthyMs: number, random: () => number}} options */
  constructor(options) { this.#options = options; }

  /** The pause before the next attempt, in milliseconds. */
  pauseMs() {
    const { backoffMinMs: floor, backoffMaxMs, random } = this.#options;
    this.#attempts = Math.min(this.#attempts + 1, 30);
    return floor + random() * (Math.min(backoffMaxMs, floor * 2 ** this.#attempts) - floor);
  }

  /** A connection lived for so long. @param {number} ms */
  lived(ms) { if (ms >= this.#options.healthyMs) this.#attempts = 0; }
}
