/** `realtime-client.js` as a module: import { RealtimeClient } from "/static/js/realtime-client.module.js". */
import { RealtimeConnection } from "./realtime-connection.js";
import "./realtime-client.js";

export const { RealtimeClient } = globalThis;

RealtimeClient.Connection = RealtimeConnection;
