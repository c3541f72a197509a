/** Who wants to hear of what. A handler that throws harms nobody else. */
export class Handlers {
    /** @param {readonly string[]} names those that there are @param {string} owner for complaints */
    constructor(names: readonly string[], owner: string);
    /** @param {string} name @param {Function} handler */
    add(name: string, handler: Function): void;
    /** @param {string} name @param {Function} handler */
    remove(name: string, handler: Function): void;
    /** Whether anybody hears of it. @param {string} name */
    has(name: string): boolean;
    /** @param {string} name @param {...unknown} details */
    emit(name: string, ...details: unknown[]): void;
    #private;
}
