/** Whether anybody looks. Where there is no page, as in a worker, somebody always does. */
export class Page {
    /**
     * @param {?EventTarget & {visibilityState: string}} page such as `document`
     * @param {number} afterMs so long it must be hidden to count
     * @param {{hidden: () => void, shown: () => void, woke: () => void}} watcher
     */
    constructor(page: (EventTarget & {
        visibilityState: string;
    }) | null, afterMs: number, watcher: {
        hidden: () => void;
        shown: () => void;
        woke: () => void;
    });
    get isHidden(): boolean;
    start(): void;
    stop(): void;
    #private;
}
