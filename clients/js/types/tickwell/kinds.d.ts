/** Takes the records of instruments that are gone out of a map. */
export function removeKeys(map: any, keys: any): void;
/** The same record, no longer current; a book is marked where it stands. */
export function staleOf(record: any): any;
export function kindOf(channel: any): Kind;
export function isConcerned(channel: any, told: any): any;
/**
 * A channel. Records with the same `keyOf` replace each other; of a channel without it every record counts, and
 * `identityOf` knows one that comes again; `undefined` means that it cannot be known. `placeOf` is whose newest a record
 * is, or among whose it is known, where that is not its key. `isWhole`: each frame holds the whole result.
 */
export type Kind = {
    channel: string;
    keyOf?: (record: any) => string;
    identityOf?: (record: any) => string | undefined;
    placeOf?: (record: any) => string;
    isWhole?: boolean;
};
