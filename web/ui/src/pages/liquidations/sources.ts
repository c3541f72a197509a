/** Which markets tell liquidations, and how much of them. Pure. */

export interface MarketOffer {
  readonly exchange: string;
  readonly market: string;
  readonly channels: readonly string[];
  readonly sampled: readonly string[];
  readonly switched_off: readonly string[];
}

export interface Source { readonly exchange: string; readonly market: string; readonly tells: "all" | "some" | "none" | "switched_off" }

const CHANNEL = "liquidations";
const ORDER = ["all", "some", "switched_off", "none"] as const;

/** All markets of `exchange` (empty for every one), those that tell most first. Spot has no positions, and is left out. */
export const sourcesOf = (offers: readonly MarketOffer[], exchange = ""): Source[] =>
  offers.filter((offer) => offer.market !== "spot" && (exchange === "" || offer.exchange === exchange))
    .map((offer) => ({ exchange: offer.exchange, market: offer.market, tells: tellsOf(offer) }))
    .sort((a, b) => ORDER.indexOf(a.tells) - ORDER.indexOf(b.tells) || (a.exchange < b.exchange ? -1 : 1));

function tellsOf({ channels, sampled, switched_off }: MarketOffer): Source["tells"] {
  if (!channels.includes(CHANNEL)) return "none";
  if (switched_off.includes(CHANNEL)) return "switched_off";
  return sampled.includes(CHANNEL) ? "some" : "all";
}
