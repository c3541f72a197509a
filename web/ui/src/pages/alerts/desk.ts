/** The rules and what they did, kept up with the hub: asked for now and then, and at once when something happens. */

import { batch, createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

import { connectionState, hub } from "~/live/hub";
import { polled, type Polled } from "~/live/polled";
import { ask, type Answer, type Parameters } from "~/live/rest";
import { KEPT_MAX, merged, OLDER_MAX } from "~/pages/alerts/happened";
import type { Alert, Meta, NotifierTold, RuleTold } from "~/pages/alerts/told";

export const PATH = "/api/v1/alerts";
const RULES_EVERY_MS = 3000;
const NOTIFIERS_EVERY_MS = 5000;
const AGAIN_AFTER_MS = 400; // of a storm, one question in so long
const PAGE = 100;

/** The address of one rule. */
export const ruleAddress = (name: string): string => `${PATH}/${encodeURIComponent(name)}`;

/** Calls `work` a little later, once for all calls until then. */
function gathered(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  return () => { timer ??= setTimeout(() => { timer = undefined; work(); }, AGAIN_AFTER_MS); };
}

export interface Desk {
  readonly rules: Polled<Answer<RuleTold[], Meta>>;
  readonly notifiers: Polled<Answer<NotifierTold[], Meta>>;
  /** Something has changed: ask for everything anew. */
  readonly again: () => void;
  /** Counts what came over the stream, for whoever asks anew then. */
  readonly came: Accessor<number>;
  readonly live: Accessor<readonly Alert[]>;
}

/** Follows everything, for as long as the component that calls. */
export function followDesk(): Desk {
  const rules = polled<Answer<RuleTold[], Meta>>(() => ({ path: PATH }), RULES_EVERY_MS);
  const notifiers = polled<Answer<NotifierTold[], Meta>>(() => ({ path: `${PATH}/notifiers` }), NOTIFIERS_EVERY_MS);
  const [came, setCame] = createSignal(0);
  const [live, setLive] = createSignal<readonly Alert[]>([]);
  const again = (): void => { rules.again(); notifiers.again(); };
  const soon = gathered(again);
  const subscription = hub().subscribe({ channel: "alerts" }, {
    data: (alerts: Alert[]) => {
      batch(() => {
        setLive((known) => merged(known, alerts));
        setCame((count) => count + 1);
      });
      soon();
    },
  });
  subscription.on("gap", soon); // after a restart of the hub, say: history has what was missed
  onCleanup(() => subscription.close());
  createEffect(on(connectionState, (state) => { if (state === "open") soon(); }, { defer: true }));
  return { rules, notifiers, again, came, live };
}

export interface Past {
  readonly alerts: Accessor<readonly Alert[]>;
  readonly problem: Accessor<string | null>;
  /** Fetches what is older; null where nothing is. */
  readonly older: Accessor<(() => void) | null>;
}

/** The history of a rule, or of all for an empty name, with what happens now. */
export function followPast(rule: Accessor<string>, live: Accessor<readonly Alert[]>): Past {
  const [alerts, setAlerts] = createSignal<readonly Alert[]>([]);
  const [isMore, setMore] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  let asking: AbortController | undefined;

  const fetchPage = async (parameters: Parameters): Promise<void> => {
    asking?.abort();
    const mine = asking = new AbortController();
    try {
      const { data, meta } = await ask<Answer<Alert[], Meta>>(`${PATH}/history`, { rule: rule() || null, limit: PAGE, ...parameters }, mine.signal);
      if (mine.signal.aborted) return;
      batch(() => {
        setAlerts((known) => merged(known, data, OLDER_MAX));
        if (data.length && data.at(-1)!.number <= (alerts().at(-1)?.number ?? 0)) setMore(meta.next_before !== undefined);
        setProblem(null);
      });
    } catch (error) {
      if (!mine.signal.aborted) setProblem(error instanceof Error && error.name !== "TypeError" ? error.message : "The hub does not answer.");
    }
  };
  createEffect(on([rule, connectionState], ([name, state], known) => {
    if (known === undefined || known[0] !== name) { setAlerts([]); setMore(false); }
    else if (state !== "open") return;
    void fetchPage({});
  }));
  createEffect(on(live, (came) => {
    const mine = came.filter((each) => rule() === "" || each.rule === rule()), known = alerts();
    const most = Math.max(KEPT_MAX, known.length), now = merged(known, mine, most);
    // What fell out at the end can be asked for again.
    if (known.length && now.at(-1)!.number > known.at(-1)!.number) setMore(true);
    setAlerts(now);
  }));
  onCleanup(() => asking?.abort());
  const older = (): (() => void) | null => {
    const last = alerts().at(-1);
    return isMore() && last && alerts().length < OLDER_MAX ? () => void fetchPage({ before: last.number }) : null;
  };
  return { alerts, problem, older };
}
