/** Answers of REST that are asked for again and again, while somebody looks. */

import { createEffect, createSignal, on, onCleanup, untrack, type Accessor } from "solid-js";

import { ask, Problem, type Parameters } from "~/live/rest";

export interface Question { readonly path: string; readonly parameters?: Parameters }

export interface Polled<A> {
  /** The newest answer to the question of now; undefined before the first. */
  readonly latest: Accessor<A | undefined>;
  /** Why the last attempt failed, in words; null if it did not. */
  readonly problem: Accessor<string | null>;
  /** Whether we are not allowed to know, and do not ask any more. */
  readonly isForbidden: Accessor<boolean>;
  /** Asks now. */
  readonly again: () => void;
}

/**
 * Asks `question` now, whenever it changes, and `everyMs` after each answer, until the component is gone. A hidden tab
 * asks nothing, and asks at once when it is seen again. Null asks nothing.
 */
export function polled<A>(question: Accessor<Question | null>, everyMs: number): Polled<A> {
  const [latest, setLatest] = createSignal<A>();
  const [problem, setProblem] = createSignal<string | null>(null);
  const [isForbidden, setForbidden] = createSignal(false);
  let asking: AbortController | undefined, timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false; // whoever waited for something may say `again` when nobody looks any more

  const stop = (): void => {
    clearTimeout(timer);
    asking?.abort();
  };

  const again = (): void => {
    stop();
    const wanted = untrack(question);
    if (isOver || wanted === null || document.hidden || untrack(isForbidden)) return;
    const mine = asking = new AbortController();
    void attempt(wanted, mine.signal).then(() => {
      if (!mine.signal.aborted) timer = setTimeout(again, everyMs);
    });
  };

  async function attempt({ path, parameters }: Question, signal: AbortSignal): Promise<void> {
    try {
      const answer = await ask<A>(path, parameters, signal);
      if (signal.aborted) return;
      setLatest(() => answer);
      setProblem(null);
    } catch (error) {
      if (signal.aborted) return;
      setForbidden(error instanceof Problem && (error.status === 401 || error.status === 403));
      setProblem(error instanceof Problem ? error.message : "The hub does not answer.");
    }
  }

  const seen = (): void => { if (!document.hidden) again(); };
  document.addEventListener("visibilitychange", seen);
  onCleanup(() => {
    document.removeEventListener("visibilitychange", seen);
    isOver = true;
    stop();
  });
  createEffect(on(() => JSON.stringify(question()), (_, before) => {
    if (before !== undefined) setLatest(undefined);
    again();
  }));
  return { latest, problem, isForbidden, again };
}
