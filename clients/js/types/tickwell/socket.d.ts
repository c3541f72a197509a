export class Socket {
    /**
     * @param {string} url
     * @param {string[]} protocols the subprotocols to offer, if any
     * @param {object} options `WebSocket`, `ticket`, `now` and `silenceMs` are used
     * @param {{opened?: () => void, heard: (text: string) => void, ended: (code: number, reason: string) => void}} watcher
     */
    constructor(url: string, protocols: string[], options: object, watcher: {
        opened?: () => void;
        heard: (text: string) => void;
        ended: (code: number, reason: string) => void;
    });
    /** How long nothing may be heard. */ silenceMs: any;
    /** So many messages may be sent within a second. */ perSecond: number;
    get quietMs(): number;
    get livedMs(): number;
    get isQuiet(): boolean;
    /** Sends a message, now or as soon as the hub allows. @param {object} message */
    send(message: object): void;
    /** Ends this life and tells the watcher why; later calls change nothing. */
    end(code?: number, reason?: string): void;
    /** Ends this life in silence. */
    drop(): boolean;
    #private;
}
