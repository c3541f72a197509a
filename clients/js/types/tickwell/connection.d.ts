/**
 * The watcher is told `dialled(link)`, `opened(link)`, `lost(error, wasOpen)`, `refused(error)`, `told(event, data)` and
 * `abandoned(feed)`. `Kind` is what links are made of: another protocol brings its own.
 */
export class Connection {
    constructor(url: any, options: any, watcher: any, Kind?: typeof Link);
    /** The link of now, perhaps not yet open. @type {?Link} */ link: Link | null;
    get isOpen(): boolean;
    /** Milliseconds until the next attempt; `null` while none is planned. */
    get retryInMs(): number;
    /** Throws what the WebSocket throws for an address that a page may not use. */
    dial(): void;
    /** Somebody looks again, or the network is back: why wait any longer? */
    wake(): void;
    /** Ends it for good. */
    close(): void;
    #private;
}
import { Link } from "./link.js";
