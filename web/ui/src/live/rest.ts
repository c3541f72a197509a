/** Questions over HTTP. What the hub answers is described at /docs; what it refuses comes as a `Problem`. */

export interface Answer<T, M = Record<string, unknown>> { readonly data: T; readonly meta: M }

/** A part of a request that is wrong: its place, such as `when.value`, and what would be right. */
export interface Wrong { readonly parameter: string; readonly value: string; readonly expected: string }

/** The hub said no (RFC 9457): `code` is for programs, `message` for people, `nearest` what was perhaps meant. */
export class Problem extends Error {
  constructor(
    readonly status: number, message: string, readonly code: string | null, readonly nearest: readonly string[],
    readonly errors: readonly Wrong[] = [],
  ) {
    super(message);
  }
}

export type Parameters = Readonly<Record<string, string | number | null | undefined>>;

/** What is at `path` of the API. Parameters that are null are left out. Throws `Problem`, or `TypeError` without a hub. */
export async function ask<A>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<A> {
  const response = await fetch(path + query(parameters), { headers: { Accept: "application/json" }, ...(signal && { signal }) });
  if (!response.ok) throw await problemOf(response);
  return await response.json() as A;
}

/** `key` as a part of a path: whatever it holds, its colons stay readable. */
export const inPath = (key: string): string => key.split(":").map(encodeURIComponent).join(":");

function query(parameters: Parameters): string {
  const told = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  return told.length ? `?${new URLSearchParams(told.map(([name, value]) => [name, String(value)]))}` : "";
}

/** What a refusal says. */
export async function problemOf(response: Response): Promise<Problem> {
  const told = await response.json().catch(() => ({})) as { detail?: string; title?: string; code?: string; nearest?: string[]; errors?: Wrong[] };
  const message = told.detail ?? told.title ?? `The hub answered ${response.status}.`;
  return new Problem(response.status, message, told.code ?? null, told.nearest ?? [], told.errors ?? []);
}
