/** What the hub's answers come to: each exchange in one word, everything in one word, and what must be said. Pure. */

import { span, timeOfDay } from "~/format/time";
import type { Connection } from "~/live/hub";
import type { FeedState, HubMarket, HubSink, HubTold, Told } from "~/live/told";

/** Without an answer for so long, what we know of the feeds is old. */
export const SILENT_MS = 8000;

export type Word = FeedState | "partly-live";
export type Level = "warning" | "note";

export interface ExchangeCondition {
  readonly exchange: string;
  readonly state: Word;
  /** Of the newest data of that market which has waited longest; null while nothing came. */
  readonly ageMs: number | null;
  readonly markets: readonly HubMarket[];
}

export interface Said { readonly id: string; readonly level: Level; readonly words: string }

export interface Badge { readonly state: string; readonly word: string; readonly meaning: string }

const WORST_FIRST: readonly FeedState[] = ["disconnected", "connecting", "stale", "syncing", "live"];
const PROPER: Record<string, string> = { okx: "OKX", hyperliquid: "Hyperliquid", gateio: "Gate.io" };

/** An exchange as people write it: `bybit` is Bybit. */
export const properName = (exchange: string): string => PROPER[exchange] ?? exchange.charAt(0).toUpperCase() + exchange.slice(1);

export const placeName = ({ exchange, market }: HubMarket): string => `${properName(exchange)} ${market}`;

/** Whether the hub's last answer may be taken for how things are. */
export const isCurrent = (connection: Connection, told: Told | undefined, nowMs: number): boolean =>
  connection !== "lost" && connection !== "refused" && told !== undefined && nowMs - told.heardAt <= SILENT_MS;

/** Each exchange, in the order in which the hub names them. */
export function exchangeConditions(markets: readonly HubMarket[]): ExchangeCondition[] {
  const names = [...new Set(markets.map(({ exchange }) => exchange))];
  return names.map((exchange) => {
    const mine = markets.filter((each) => each.exchange === exchange), wanted = mine.filter(isWanted);
    const ages = wanted.map((each) => each.age_ms);
    const ageMs = ages.length === 0 || ages.includes(null) ? null : Math.max(...ages as number[]);
    return { exchange, state: together(wanted), ageMs, markets: mine };
  });
}

/** Everything in one word, for the badge. */
export function badgeOf(connection: Connection, told: Told | undefined, nowMs: number): Badge {
  if (connection === "refused") return { state: "lost", word: "REFUSED", meaning: "The hub will not have this page." };
  if (connection === "lost" || (told && !isCurrent(connection, told, nowMs))) {
    return { state: "lost", word: "NO CONTACT", meaning: "Nothing shown is current." };
  }
  if (told === undefined || connection === "connecting") return { state: "connecting", word: "CONNECTING", meaning: "No answer yet." };
  const wanted = told.hub.markets.filter(isWanted);
  if (wanted.length === 0) return { state: "stopped", word: "STOPPED", meaning: "No exchange is read." };
  const live = wanted.filter((each) => each.state === "live").length;
  if (live === wanted.length) return { state: "live", word: "LIVE", meaning: "Every market that is wanted is live." };
  const meaning = `${live} of ${wanted.length} markets are live.`;
  return live ? { state: "partly-live", word: "PARTLY LIVE", meaning } : { state: "stale", word: "NOT LIVE", meaning };
}

export interface Circumstances {
  readonly connection: Connection;
  /** Since when there is none, by this machine's clock. */
  readonly lostSince: number | null;
  readonly refusal: string | null;
  readonly told: Told | undefined;
  readonly nowMs: number;
  readonly zone: "utc" | "local";
}

/** What whoever looks at any page must know, the worst first; nothing while all is well. */
export function whatToSay(now: Circumstances): Said[] {
  const contact = ofContact(now);
  if (contact !== null) return [contact];
  if (now.told === undefined) return [];
  const { hub, asOf } = now.told;
  const ofMarkets = hub.markets.filter(isWanted).flatMap((market) => ofMarket(market, asOf, now.zone));
  const said = [...ofMarkets, ...hub.sinks.flatMap(ofSink)];
  return said.sort((a, b) => Number(a.level === "note") - Number(b.level === "note"));
}

function ofContact({ connection, lostSince, refusal, told, nowMs, zone }: Circumstances): Said | null {
  if (connection === "refused") {
    const why = refusal ?? "it does not say why";
    return contact(`The hub will not have this page: ${why}. Nothing here is current; reload to try again.`);
  }
  const since = lostSince ?? (told && !isCurrent(connection, told, nowMs) ? told.heardAt : null);
  if (since === null) return null;
  const when = `${timeOfDay(since, zone)} (${span(nowMs - since)})`;
  return contact(`No contact with the hub since ${when}. What is shown is as it was then. Trying again.`);
}

const contact = (words: string): Said => ({ id: "contact", level: "warning", words });

function ofMarket(market: HubMarket, asOf: number, zone: "utc" | "local"): Said[] {
  const place = placeName(market), id = `${market.exchange}:${market.market}`;
  if (market.state === "live") return market.stale ? [{ id, level: "note", words: ofStale(market, place) }] : [];
  const begins = market.age_ms === null && market.last_error === null;
  const words = `${place} is ${market.state}${newest(market, asOf, zone)}${reason(market, asOf)}`;
  return [{ id, level: begins ? "note" : "warning", words }];
}

function newest({ age_ms: age }: HubMarket, asOf: number, zone: "utc" | "local"): string {
  if (age === null) return ": nothing has come yet.";
  return `: its newest data is from ${timeOfDay(asOf - age, zone)} (${span(age)} ago), and shown as stale.`;
}

function reason({ last_error: error, next_attempt_ts: next }: HubMarket, asOf: number): string {
  const why = error === null ? "" : ` Reason: ${error}.`.replace(/\.\.$/, ".");
  return next === null ? why : `${why} Next attempt in ${span(Math.max(0, next - asOf))}.`;
}

function ofStale({ stale, symbols, stale_symbols: named }: HubMarket, place: string): string {
  const rest = stale - named.length, names = named.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `${place}: ${stale} of ${symbols} instruments fell silent and are shown as stale: ${names}.`;
}

const SINK_WORDS: Record<HubSink["state"], string> = {
  ok: "",
  catching_up: "",
  down: "takes no rows; they wait on the hub's disk",
  refused: "refuses some rows",
  disk_full: "has no room on the hub's disk: rows may be lost",
};

function ofSink({ name, state, trouble }: HubSink): Said[] {
  const words = SINK_WORDS[state];
  if (!words) return [];
  const told = `The sink ${name} ${words}${trouble ? `: ${trouble}` : ""}.`.replace(/\.\.$/, ".");
  return [{ id: `sink:${name}`, level: state === "disk_full" ? "warning" : "note", words: told }];
}

const isWanted = (market: HubMarket): boolean => market.running && market.state !== "stopped";

function together(wanted: readonly HubMarket[]): Word {
  if (wanted.length === 0) return "stopped";
  const states = new Set(wanted.map(({ state }) => state));
  if (states.size > 1 && states.has("live")) return "partly-live";
  return WORST_FIRST.find((state) => states.has(state)) ?? "connecting";
}

/** Messages a second between two answers; null while there is only one. */
export function ratePerS(newest: Told | undefined, before: Told | undefined, count: (hub: HubTold) => number): number | null {
  if (newest === undefined || before === undefined || newest.asOf <= before.asOf) return null;
  return Math.max(0, (count(newest.hub) - count(before.hub)) * 1000 / (newest.asOf - before.asOf));
}

/** The latency of the slowest market that is live: half of its messages take no longer than p50, 99 of 100 than p99. */
export function slowest(markets: readonly HubMarket[]): HubMarket | null {
  const measured = markets.filter((each) => each.state === "live" && each.p50_ms !== null);
  return measured.reduce<HubMarket | null>((worst, each) => ((each.p99_ms ?? 0) > (worst?.p99_ms ?? -1) ? each : worst), null);
}
