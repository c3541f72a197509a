/** The feed of the page: what came, what was missed, and standing still while somebody reads. */

import { createSignal, onCleanup, type Accessor } from "solid-js";

import { oncePerFrame } from "~/live/frames";
import { hub } from "~/live/hub";
import { Feed, type Entry } from "~/pages/liquidations/feed";

export interface Followed {
  /** The newest first; told anew once per painted frame. */
  readonly entries: Accessor<readonly Entry[]>;
  /** How many are missing, as far as that could be counted. */
  readonly missed: Accessor<number>;
  /** Why the hub does not tell any; null if it does. */
  readonly problem: Accessor<string | null>;
}

const RATE_HZ = 5;

/** Follows the liquidations of all exchanges for as long as the component that calls. */
export function followLiquidations(): Followed {
  const feed = new Feed();
  const [entries, setEntries] = createSignal<readonly Entry[]>([]);
  const [missed, setMissed] = createSignal(0);
  const [problem, setProblem] = createSignal<string | null>(null);
  const paint = oncePerFrame(() => setEntries(feed.entries));
  const subscription = hub().liquidations("*", { snapshot: true, max_rate_hz: RATE_HZ });
  subscription.on("data", (came, { kind }) => {
    setProblem(null);
    if (feed.take(came, kind === "snapshot") > 0 || kind === "snapshot") paint();
  });
  subscription.on("gap", () => setMissed(subscription.missed));
  subscription.on("error", (error) => setProblem(error.message));
  onCleanup(() => subscription.close());
  return { entries, missed, problem };
}

export interface Standing {
  readonly shown: Accessor<readonly Entry[]>;
  readonly isStill: Accessor<boolean>;
  /** Stands still for a reason of that name, or no longer does. */
  readonly stand: (why: string, isOn: boolean) => void;
}

/** `live`, or what it was when it began to stand still: a list that a reader looks at closely must not run away. */
export function standing(live: Accessor<readonly Entry[]>): Standing {
  const [reasons, setReasons] = createSignal<ReadonlySet<string>>(new Set());
  const [held, setHeld] = createSignal<readonly Entry[]>([]);
  const isStill = (): boolean => reasons().size > 0;
  return {
    isStill,
    shown: () => (isStill() ? held() : live()),
    stand: (why, isOn) => {
      if (isOn && !isStill()) setHeld(live());
      const next = new Set(reasons());
      if (isOn) next.add(why);
      else next.delete(why);
      setReasons(next);
    },
  };
}
