/** The page: every exchange of the hub at once, in one live table. */

import { Controls } from "./controls.js";
import { renderFeeds, renderProblems } from "./feeds.js";
import { fixed, latency } from "./format.js";
import { Link } from "./hub.js";
import { Log } from "./log.js";
import { summary } from "./meters.js";
import { describeSink, isTrouble, sinkProblems } from "./sinks.js";
import { watchStatus } from "./status.js";
import { MarketTable } from "./table.js";
import { ALL, accepts, readSort, readView, writeSort, writeView } from "./view.js";
import { describeFeed, exchangesOf, feedProblems, linkProblems, overall, remarks } from "./words.js";

const CLOCK_TOLERANCE_MS = 1; // both clocks are told in whole milliseconds

const $ = (id) => document.getElementById(id);
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

const page = {
  view: readView(location.hash),
  links: new Map(),
  status: { markets: [], sinks: [] },
  statusAt: 0,
  silence: null, // why the hub's status is unknown
};

const log = new Log($("log-entries"), $("log-count"));

/** The hub's clock, so that ages are right even if this computer's clock is wrong. */
function hubNow() {
  const lead = [...page.links.values()].map(({ clockLead }) => clockLead).filter((ms) => ms !== null);
  return Date.now() + (lead.length ? Math.max(...lead) : 0);
}

const table = new MarketTable($("prices"), { hubNow, onSort: (sort) => choose({ sort: writeSort(sort) }) });
const controls = new Controls({ tabs: $("exchanges"), markets: $("markets"), search: $("search") }, choose);

function choose(change) {
  page.view = { ...page.view, ...change };
  history.replaceState(null, "", writeView(page.view) || location.pathname + location.search);
  showView();
}

function showView() {
  const { exchange } = page.view;
  const isKnown = exchange === ALL || page.links.has(exchange) || !page.links.size;
  controls.show(page.view);
  table.filter(accepts({ ...page.view, exchange: isKnown ? exchange : ALL }));
  showMoment();
}

const listener = {
  onLog: (level, text) => { log.add(level, text); showMoment(); },
  onLost: (_, records) => table.update(records, false),
  onData: (link, changed, message, isLive) => {
    if (!isLive) return table.replace(link.exchange, changed);
    table.update(changed);
    table.remove(message.removed ?? []);
  },
};

function takeStatus(status) {
  if (page.silence) log.add("note", "The hub answers again.");
  logStates(page.status.markets, status.markets ?? []);
  logSinks(page.status.sinks, status.sinks ?? []);
  Object.assign(page, { status: { markets: [], sinks: [], ...status }, statusAt: Date.now(), silence: null });
  const fresh = exchangesOf(status).filter((exchange) => !page.links.has(exchange));
  for (const exchange of fresh) page.links.set(exchange, new Link(exchange, listener));
  if (fresh.length) {
    controls.setExchanges([...page.links.keys()]);
    showView();
  }
  showMoment();
}

function takeSilence(error) {
  if (!page.silence) log.add("warning", `The hub's status is unknown: ${error.message}.`);
  page.silence = error;
  showMoment();
}

function logStates(before, after) {
  const states = new Map(before.map((feed) => [`${feed.exchange}:${feed.market}`, feed.state]));
  for (const feed of after) {
    if (states.get(`${feed.exchange}:${feed.market}`) === feed.state) continue;
    log.add(["disconnected", "stale"].includes(feed.state) ? "warning" : "note", describeFeed(feed));
  }
}

/** Trouble, and its end; what is well from the start is nothing to tell. */
function logSinks(before, after) {
  const troubled = new Map(before.map((sink) => [sink.name, isTrouble(sink) && sink.state]));
  for (const sink of after) {
    const was = troubled.get(sink.name) ?? false;
    const now = isTrouble(sink) && sink.state;
    if (was !== now) log.add(now ? "warning" : "note", describeSink(sink));
  }
}

/** Everything but the table's cells: cheap, once a second and whenever something happens. */
function showMoment() {
  const links = [...page.links.values()];
  const feeds = page.status.markets;
  const elapsedMs = Date.now() - page.statusAt;
  put($("version"), page.status.version ?? "");
  showBadge(page.silence && !links.length ? "NO CONTACT" : overall(feeds, links));
  renderFeeds($("feeds"), feeds, elapsedMs, !page.silence);
  showProblems(linkProblems(links), page.silence ? [] : troubles(feeds, elapsedMs));
  showMeters(links);
  showEmpty(feeds, elapsedMs);
}

function troubles(feeds, elapsedMs) {
  return [...feedProblems(feeds, elapsedMs), ...sinkProblems(page.status.sinks, elapsedMs)];
}

/** Over an empty table there is no banner: the table's own place says it all. */
function showProblems(...problems) {
  const found = problems.flat();
  renderProblems($("problems"), table.size ? found : []);
  const count = found.filter(({ level }) => level === "warning").length;
  put($("spoken"), count ? `Warnings: ${count}` : "");
}

function showBadge(word) {
  put($("badge-word"), word);
  $("badge").dataset.state = word.toLowerCase().replace(" ", "-");
  document.title = word === "LIVE" ? "Tickwell" : `${word} · Tickwell`;
}

function showMeters(links) {
  const now = Date.now();
  const watched = links.filter(({ exchange }) => page.view.exchange === ALL || exchange === page.view.exchange);
  const rate = watched.reduce((sum, link) => sum + link.fromExchange.rate(now), 0);
  put($("rate"), fixed(rate, rate < 10 ? 1 : 0));
  showLatency($("from-exchange"), watched.flatMap((link) => link.fromExchange.values(now)));
  showLatency($("from-hub"), watched.flatMap((link) => link.fromHub.values(now)));
}

/** A time that runs backwards was measured with two clocks that differ: it says nothing, so none is shown. */
function showLatency(element, values) {
  const measured = summary(values);
  if (!measured) return put(element, "–");
  if (measured.min < -CLOCK_TOLERANCE_MS) return put(element, "clock differs");
  put(element, `${latency(Math.max(0, measured.p50))} / ${latency(Math.max(0, measured.p99))}`);
}

function showEmpty(feeds, elapsedMs) {
  const shown = table.countShown();
  const stale = table.countShown((record) => record.stale);
  put($("count"), `${shown} of ${table.size} instruments${stale ? `, ${stale} stale` : ""}`);
  $("empty").hidden = shown > 0;
  if (shown) return;
  put($("empty-title"), table.size ? "Nothing here matches" : page.silence ? "The hub does not answer" : "Waiting for the first prices");
  const reasons = table.size ? ["Another exchange, market or search shows more."] : waitingFor(feeds, elapsedMs);
  renderProblems($("empty-reasons"), reasons.map((text) => ({ level: "note", text })));
}

function waitingFor(feeds, elapsedMs) {
  if (page.silence) return [`${page.silence.message}. Is it running? The page asks again every 2 s.`];
  if (!feeds.length && page.statusAt) return ["No market is configured: settings.ini names none."];
  if (!feeds.length) return ["Asking the hub what it carries …"];
  return feeds.flatMap((feed) => [describeFeed(feed, elapsedMs), ...remarks(feed).map(({ text }) => text)]);
}

/** The console is fetched when it is first opened; `?console` in the address opens it. */
function showConsole() {
  const { open } = $("console");
  history.replaceState(null, "", `${location.pathname}${open ? "?console" : ""}${location.hash}`);
  if (open) import("./console/console.js");
}

$("console").addEventListener("toggle", showConsole);
$("console").open = new URLSearchParams(location.search).has("console");
window.addEventListener("hashchange", () => {
  page.view = readView(location.hash);
  table.sortBy(readSort(page.view.sort));
  showView();
});
setInterval(() => { table.tick(); showMoment(); }, 1000);
controls.show(page.view);
controls.setExchanges([]);
table.sortBy(readSort(page.view.sort));
showView();
watchStatus(takeStatus, takeSilence);
