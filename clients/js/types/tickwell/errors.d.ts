/**
 * Everything that this client raises on purpose.
 *
 *   TickwellError
 *   ├── ConnectionFailed   the hub cannot be reached now, or was lost; the client tries again by itself
 *   ├── Refused            the hub will not have us: trying again as we are will not help
 *   ├── HubClosed          `close()` was called
 *   ├── RequestError       the hub answered no: `code`, `message`, `field`, `temporary`
 *   ├── RequestTimeout     no answer came in time
 *   └── MissedEvents       events are missing at this place (only with `onGap: "throw"`): `gap`
 */
/** The root of them. `name` is that of the class. */
export class TickwellError extends Error {
    /** @param {string} message @param {ErrorOptions} [options] */
    constructor(message: string, options?: ErrorOptions);
}
/** The connection is gone, or could not be made. `code` is the WebSocket's close code, 1006 if there was none. */
export class ConnectionFailed extends TickwellError {
    /** @param {string} message @param {number} [code] @param {string} [reason] */
    constructor(message: string, code?: number, reason?: string);
    code: number;
    reason: string;
}
/** The hub will not have us, and we do not come back by ourselves. `code` is 1002, 1008, 1009, or 4500 and above. */
export class Refused extends TickwellError {
    /** @param {string} message @param {number} code @param {string} [reason] */
    constructor(message: string, code: number, reason?: string);
    code: number;
    reason: string;
}
/** Nothing more can be asked. */
export class HubClosed extends TickwellError {
}
/**
 * The hub answered no. `code` is for programs (`unknown_symbol`, `bad_params`, …), `message` for people, `field`
 * names the parameter; `temporary` says that the same request may succeed later.
 */
export class RequestError extends TickwellError {
    /** @param {{code?: string, message?: string, field?: ?string, temporary?: boolean}} [error] as the hub sent it */
    constructor({ code, message, field, temporary }?: {
        code?: string;
        message?: string;
        field?: string | null;
        temporary?: boolean;
    });
    code: string;
    field: string;
    temporary: boolean;
}
/** No answer came in time. The request may have been carried out all the same. */
export class RequestTimeout extends TickwellError {
}
/** Events are missing between the last one and the next. Another loop over the subscription goes on after it. */
export class MissedEvents extends TickwellError {
    /** @param {import("./records.js").Gap} gap */
    constructor(gap: import("./records.js").Gap);
    gap: import("./records.js").Gap;
}
