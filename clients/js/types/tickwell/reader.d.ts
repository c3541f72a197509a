/**
 * @template R
 * @implements {AsyncIterableIterator<R>}
 */
export class Reader<R> implements AsyncIterableIterator<R> {
    /** @param {{left: (reader: Reader<any>) => void, missed: (gap: object) => void}} watcher */
    constructor(kind: any, { eventsMax, onGap }: {
        eventsMax: any;
        onGap: any;
    }, watcher: {
        left: (reader: Reader<any>) => void;
        missed: (gap: object) => void;
    });
    get conflated(): number;
    get dropped(): number;
    /** @returns {Promise<IteratorResult<R, undefined>>} */
    next(): Promise<IteratorResult<R, undefined>>;
    /** The loop was left. @returns {Promise<IteratorResult<R, undefined>>} */
    return(): Promise<IteratorResult<R, undefined>>;
    batch(batch: any): void;
    gap(gap: any): void;
    stale(staleOf: any): void;
    /** Nothing more comes. What waits is still to be had, and then the error, if there is one. */
    end(error?: any): void;
    [Symbol.asyncIterator](): this;
    #private;
}
