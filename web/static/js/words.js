/** What the hub's status means, in words. Pure: `now` and everything else is handed in. */

import { clockTime, span, title } from "./format.js";

const NAMES_MAX = 6;
const WORKING = new Set(["live"]);
const STARTING = new Set(["connecting", "syncing"]);

/** "Bybit linear" */
export const feedName = ({ exchange, market }) => `${title(exchange)} ${market}`;

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

function list(names) {
  const shown = names.slice(0, NAMES_MAX).join(", ");
  return names.length > NAMES_MAX ? `${shown} and ${names.length - NAMES_MAX} more` : shown;
}

/** The exchanges of a status answer, in the hub's order. */
export function exchangesOf(status) {
  const fromKeys = Object.keys(status).filter((key) => key.endsWith("_symbols")).map((key) => key.slice(0, -8));
  return [...new Set([...(status.markets ?? []).map(({ exchange }) => exchange), ...fromKeys])];
}

/** "Next attempt in 3 s.", counted down since the status was asked for. */
export function nextAttempt(inS, elapsedMs = 0) {
  if (inS === null || inS === undefined) return "";
  const left = Math.ceil(inS - elapsedMs / 1000);
  return left > 0 ? `Next attempt in ${left} s.` : "Trying again now.";
}

/** The age of a feed's newest data; it grows between two answers only if the feed is not live. */
export function feedAgeMs({ state, last_data_age_s: age }, elapsedMs) {
  if (age === null || age === undefined) return null;
  return age * 1000 + (WORKING.has(state) ? 0 : elapsedMs);
}

const reason = ({ last_error: error }) => (error ? `Reason: ${sentence(error)}` : "");
const join = (...parts) => parts.filter(Boolean).join(" ");

function describeDown(feed, elapsedMs) {
  const age = feedAgeMs(feed, elapsedMs);
  const since = age === null ? "it has sent nothing yet" : `its newest data is ${span(age)} old`;
  return join(`${feedName(feed)} is disconnected: ${since}.`, reason(feed), nextAttempt(feed.next_attempt_in_s, elapsedMs));
}

function describeStarting(feed, elapsedMs) {
  const doing = feed.state === "syncing" ? "Waiting for the first data of" : "Connecting to";
  return join(`${doing} ${feedName(feed)} …`, reason(feed), nextAttempt(feed.next_attempt_in_s, elapsedMs));
}

function describeSilent(feed, elapsedMs) {
  const stale = feed.symbols_stale ?? [];
  if (stale.length && stale.length < feed.symbols_wanted) {
    return `${stale.length} of ${feed.symbols_wanted} symbols of ${feedName(feed)} lack a stream: ${list(stale)}.`;
  }
  return join(`${feedName(feed)} is connected but silent for ${span(feedAgeMs(feed, elapsedMs))}.`, reason(feed));
}

/** One sentence or two on what one feed is doing. */
export function describeFeed(feed, elapsedMs = 0) {
  if (STARTING.has(feed.state)) return describeStarting(feed, elapsedMs);
  if (feed.state === "disconnected") return describeDown(feed, elapsedMs);
  if (feed.state === "stale") {
    return describeSilent(feed, elapsedMs);
  }
  return feed.state === "stopped" ? `${feedName(feed)} is stopped.` : `${feedName(feed)} is ${feed.state}.`;
}

/** What a feed lacks although it works: refusals, mute topics, stale symbols. */
export function remarks(feed) {
  const found = Object.entries(feed.refused ?? {}).map(([symbol, words]) =>
    ({ level: "note", text: `${feedName(feed)} refuses ${symbol}: ${sentence(words)}` }));
  if (feed.mute?.length) found.push({ level: "note", text: `${feedName(feed)} is waiting for: ${list(feed.mute)}.` });
  if (WORKING.has(feed.state) && feed.symbols_stale?.length) {
    found.push({ level: "warning", text: `${feedName(feed)} sends nothing new for ${list(feed.symbols_stale)}.` });
  }
  return found;
}

/** Everything that the reader should know about the exchanges' feeds: `{level, text}`, the worst first. */
export function feedProblems(feeds, elapsedMs = 0) {
  const isBroken = (feed) => ["disconnected", "stale"].includes(feed.state) || (STARTING.has(feed.state) && feed.last_error);
  const broken = feeds.filter(isBroken).map((feed) => ({ level: "warning", text: describeFeed(feed, elapsedMs) }));
  return [...broken, ...feeds.flatMap(remarks)];
}

/** What is wrong between this page and the hub. A link: `{exchange, connected, lostAt, retryInMs}`. */
export function linkProblems(links) {
  const lost = links.filter(({ connected, lostAt }) => !connected && lostAt);
  if (!lost.length) return [];
  const since = clockTime(Math.min(...lost.map(({ lostAt }) => lostAt)));
  const which = lost.length === links.length ? "the hub" : `the hub's ${list(lost.map((l) => title(l.exchange)))}`;
  const waits = lost.map(({ retryInMs }) => retryInMs).filter((ms) => ms !== null);
  const next = waits.length ? nextAttempt(Math.min(...waits) / 1000) : "Trying again now.";
  return [{ level: "warning", text: `No contact with ${which} since ${since}. Below is what was last known. ${next}` }];
}

/** The one word over everything. */
export function overall(feeds, links) {
  if (!links.length) return "CONNECTING";
  if (links.every(({ connected }) => !connected)) return links.some(({ lostAt }) => lostAt) ? "NO CONTACT" : "CONNECTING";
  const wanted = feeds.filter(({ state }) => state !== "stopped");
  const live = wanted.filter(({ state }) => WORKING.has(state)).length;
  if (live === wanted.length && links.every(({ connected }) => connected)) return live ? "LIVE" : "STOPPED";
  if (live) return "PARTLY LIVE";
  return wanted.every(({ state }) => STARTING.has(state)) ? "CONNECTING" : "NOT LIVE";
}
