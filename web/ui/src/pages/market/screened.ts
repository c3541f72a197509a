/** What the hub's screener finds for the filter that a reader wrote. */

import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

import { hub } from "~/live/hub";

const LIMIT = 5000;

export interface Screened {
  /** Those that fulfil it; null without a filter, and until the first answer. */
  readonly keys: Accessor<ReadonlySet<string> | null>;
  /** Why the hub does not understand it, in its own words. */
  readonly problem: Accessor<string | null>;
}

/** Follows the filter's result, twice a second. What a filter found stays until another that is understood has its own. */
export function followScreener(filter: Accessor<string>): Screened {
  const [keys, setKeys] = createSignal<ReadonlySet<string> | null>(null);
  const [problem, setProblem] = createSignal<string | null>(null);
  createEffect(on(filter, (text) => {
    setProblem(null);
    if (text === "") return void setKeys(null);
    const subscription = hub().screener({ filter: text, limit: LIMIT, fields: ["key"] }, {
      data: (records) => setKeys(new Set(records.map(({ key }) => key))),
      error: (error) => setProblem(error.message),
    });
    onCleanup(() => subscription.close());
  }));
  return { keys, problem };
}
