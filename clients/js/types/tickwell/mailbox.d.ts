/** @typedef {{record: any, gap?: undefined} | {record?: undefined, gap: import("./records.js").Gap}} Item */
/** Every record once, in order, and where some are missing a gap. */
export class Every {
    /** @param {string} channel @param {number} recordsMax */
    constructor(channel: string, recordsMax: number);
    /** How many were let go, because too many waited. */ dropped: number;
    conflated: number;
    /** @param {import("./records.js").Batch<any>} batch */
    put(batch: import("./records.js").Batch<any>): void;
    gap(gap: any): void;
    /** Of what waits nothing is made old: it happened. */
    stale(): void;
    /** @returns {Item | undefined} */
    take(): Item | undefined;
    #private;
}
/** The newest record of each key, in the order in which the keys changed first. */
export class Newest {
    /** @param {(record: any) => string} keyOf */
    constructor(keyOf: (record: any) => string);
    dropped: number;
    /** How many were replaced by newer ones before they were taken. */ conflated: number;
    put(batch: any): void;
    gap(gap: any): void;
    /** What waits is no longer current. @param {(record: any) => any} staleOf */
    stale(staleOf: (record: any) => any): void;
    take(): {
        gap: any;
        record?: undefined;
    } | {
        record: any;
        gap?: undefined;
    };
    #private;
}
/** The newest result as a whole. */
export class Whole extends Newest {
    constructor();
    stale(staleOf: any): void;
}
export type Item = {
    record: any;
    gap?: undefined;
} | {
    record?: undefined;
    gap: import("./records.js").Gap;
};
