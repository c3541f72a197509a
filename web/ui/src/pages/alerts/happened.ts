/** What alerts did: from the history, and as it happens. Pure. */

import type { Alert } from "~/pages/alerts/told";

/** So many stand on the page, unless its reader asked for older ones. */
export const KEPT_MAX = 300;
/** More older ones than that are not asked for. */
export const OLDER_MAX = 3000;

/** Both, each alert once, the newest first, of those the newest so many. */
export function merged(known: readonly Alert[], come: readonly Alert[], most = KEPT_MAX): readonly Alert[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = come.filter(({ id }) => !ids.has(id) && ids.add(id));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((a, b) => b.number - a.number).slice(0, most);
}
