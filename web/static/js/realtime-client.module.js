/** `realtime-client.js` as a module: import { RealtimeClient } from "/static/js/realtime-client.module.js". */
import "./realtime-client.js";

export const { RealtimeClient } = globalThis;
