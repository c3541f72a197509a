/** Changing something at the hub. That takes this machine, or a token with the right to control (docs/security.md). */

import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";

import { connectionState } from "~/live/hub";
import { Problem, problemOf } from "~/live/rest";

/** `asking`: the hub has not said yet whether we may. */
export type Right = "asking" | "granted" | "refused";

// Kept nowhere but here: it ends with the page.
let token = "";
let asked = 0;
const [right, setRight] = createSignal<Right>("asking");
const [refusal, setRefusal] = createSignal<string | null>(null);

/** Whether this page may change something, as far as is known. */
export const controlRight: Accessor<Right> = right;

/** Why it may not, in the hub's words; null if it may. */
export const controlRefusal: Accessor<string | null> = refusal;

/** Has the hub do something: `body` is sent as JSON. Throws `Problem`, or `TypeError` without a hub. */
export async function order<A>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: unknown = {}, signal?: AbortSignal): Promise<A> {
  const headers = { Accept: "application/json", "Content-Type": "application/json", ...bearer() };
  const response = await fetch(path, { method, headers, body: JSON.stringify(body), ...(signal && { signal }) });
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 || response.status === 403) refuse(problem);
    throw problem;
  }
  return (response.status === 204 ? undefined : await response.json()) as A;
}

/** Asks for the right to control, with `offered` as the token; without, as whoever we are. */
export async function askForControl(offered = token): Promise<void> {
  token = offered.trim();
  const mine = asked += 1;
  const response = await fetch("/api/v1/clients?limit=1", { headers: bearer() });
  const problem = response.ok ? null : await problemOf(response);
  if (mine !== asked) return; // somebody asked again, with another token perhaps
  if (problem) return refuse(problem);
  setRefusal(null);
  setRight("granted");
}

/** Asks for the right now, and again when the hub comes back, for as long as the component that calls is shown. */
export function wantControl(): void {
  const attempt = (): void => void askForControl().catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  attempt();
  createEffect(on(connectionState, (state) => {
    if (state === "open" && right() === "asking") timer = setTimeout(attempt, 0);
  }, { defer: true }));
  onCleanup(() => clearTimeout(timer));
}

function refuse(problem: Problem): void {
  setRefusal(problem.message);
  setRight("refused");
}

const bearer = (): Record<string, string> => (token ? { Authorization: `Bearer ${token}` } : {});
