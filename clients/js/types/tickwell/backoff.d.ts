/** How long to wait before connecting again. */
/**
 * Pauses drawn at random between a floor and a ceiling that doubles from attempt to attempt, so that the clients of a hub
 * that restarts do not return all at once. A connection that was healthy for `healthyMs` begins anew.
 */
export class Backoff {
    /** @param {{backoffMinMs: number, backoffMaxMs: number, healthyMs: number, random: () => number}} options */
    constructor(options: {
        backoffMinMs: number;
        backoffMaxMs: number;
        healthyMs: number;
        random: () => number;
    });
    /** The pause before the next attempt, in milliseconds. */
    pauseMs(): number;
    /** A connection lived for so long. @param {number} ms */
    lived(ms: number): void;
    #private;
}
