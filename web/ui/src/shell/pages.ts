/** The pages, in the order in which the bar and the keys [ and ] go through them. */
export const PAGES = [
  ["/market", "Market"], ["/spreads", "Spreads"], ["/liquidations", "Liquidations"],
  ["/funding", "Funding"], ["/quality", "Quality"], ["/alerts", "Alerts"],
] as const;

/** The page that is `step` places after that at `path`; the market comes after the last. */
export function neighbour(path: string, step: 1 | -1): string {
  const place = Math.max(0, PAGES.findIndex(([address]) => path.startsWith(address)));
  return PAGES[(place + step + PAGES.length) % PAGES.length]?.[0] ?? "/market";
}

/** What a tab with the page at `path` is called; null where the page names itself. */
export function titleOf(path: string): string | null {
  if (path.startsWith("/terminal/")) return null;
  const name = path === "/" ? "Market" : PAGES.find(([address]) => address === path)?.[1];
  return name === undefined ? "Tickwell" : `${name} · Tickwell`;
}
