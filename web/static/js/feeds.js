/** The feeds' strip and the banner, from the hub's status. Elements stay; only their texts change. */

import { fixed, isKnown, span } from "./format.js";
import { feedAgeMs, feedName } from "./words.js";

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function makeItem(parts) {
  const item = document.createElement("li");
  for (const part of parts) item.append(Object.assign(document.createElement("span"), { className: part }));
  return item;
}

function resize(list, count, parts) {
  while (list.children.length > count) list.lastElementChild.remove();
  while (list.children.length < count) list.append(makeItem(parts));
}

const count = (symbols) => (Array.isArray(symbols) ? symbols.length : symbols);

function facts(feed, elapsedMs) {
  const { symbols_producing: producing, symbols_wanted: wanted, messages_per_s: rate } = feed;
  const age = feedAgeMs(feed, elapsedMs);
  return [
    count(producing) < count(wanted) ? `${count(producing)} of ${count(wanted)} symbols` : "",
    age === null ? "" : span(age),
    isKnown(rate) ? `${fixed(rate, rate < 10 ? 1 : 0)} msg/s` : "",
  ].filter(Boolean).join(" · ");
}

/** One line per feed: its shape and its word say the state, not its colour alone. */
export function renderFeeds(list, feeds, elapsedMs, isReachable) {
  resize(list, feeds.length, ["dot", "feed-name", "feed-state", "feed-facts"]);
  feeds.forEach((feed, i) => {
    const item = list.children[i];
    const [, name, state, more] = item.children;
    item.dataset.feed = `${feed.exchange}:${feed.market}`;
    item.dataset.state = isReachable ? feed.state : "unknown";
    put(name, feedName(feed));
    put(state, isReachable ? feed.state : "unknown");
    item.title = "Age of the newest data · messages per second";
    put(more, isReachable ? facts(feed, elapsedMs) : "");
  });
}

/** The banner: what is wrong, in whole sentences. */
export function renderProblems(list, problems) {
  resize(list, problems.length, ["problem"]);
  problems.forEach(({ level, text }, i) => {
    list.children[i].dataset.level = level;
    put(list.children[i].firstElementChild, text);
  });
  list.hidden = !problems.length;
}
