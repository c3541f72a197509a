/** The one connection that all pages share, and what is known of it. */

import { createSignal, type Accessor } from "solid-js";
import { connect, type Hub } from "tickwell";

export type Connection = "connecting" | "open" | "lost";

const [connection, setConnection] = createSignal<Connection>("connecting");
let shared: Hub | undefined;

/** The page's own hub. It is dialled when the first page asks for it. */
export function hub(): Hub {
  shared ??= connect()
    .on("connected", () => setConnection("open"))
    .on("disconnected", () => setConnection("lost"));
  return shared;
}

/** How the connection is doing, for whoever shows it. */
export const connectionState: Accessor<Connection> = connection;
