/** The one connection that all pages share, and what is known of it. */

import { createSignal, type Accessor } from "solid-js";
import { connect, Refused, type Hub } from "tickwell";

import { hubClockShows } from "~/live/clock";

/** `refused`: the hub will not have this page, and asking again would not help. */
export type Connection = "connecting" | "open" | "lost" | "refused";

const [connection, setConnection] = createSignal<Connection>("connecting");
const [lostSince, setLostSince] = createSignal<number | null>(null);
const [refusal, setRefusal] = createSignal<string | null>(null);
let shared: Hub | undefined;

/** The page's own hub. It is dialled when the first page asks for it. */
export function hub(): Hub {
  shared ??= connect()
    .on("connected", ({ ts }) => {
      hubClockShows(ts);
      setLostSince(null);
      setConnection("open");
    })
    .on("disconnected", () => {
      setLostSince(Date.now());
      setConnection("lost");
    })
    .on("error", (error) => {
      if (error instanceof Refused) {
        setRefusal(error.message);
        setConnection("refused");
      } else if (connection() === "connecting") {
        setLostSince((since) => since ?? Date.now());
      }
    });
  return shared;
}

/** How the connection is doing, for whoever shows it. */
export const connectionState: Accessor<Connection> = connection;

/** Since when there is none (Unix ms, this machine's clock); null while there is one, or while the first attempt runs. */
export const connectionLostSince: Accessor<number | null> = lostSince;

/** Why the hub will not have this page; null as long as it does. */
export const connectionRefusal: Accessor<string | null> = refusal;
