/** Tabs, market switch and search box: they show a view, and tell when the reader chooses another. */

import { title } from "./format.js";
import { ALL } from "./view.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class Controls {
  #tabs; #markets; #search; #onChange; #view;

  /** @param {(change: object) => void} onChange gets the part of the view that changed */
  constructor({ tabs, markets, search }, onChange) {
    this.#tabs = tabs;
    this.#markets = markets;
    this.#search = search;
    this.#onChange = onChange;
    tabs.addEventListener("click", ({ target }) => this.#chooseTab(target.closest("[role=tab]")));
    tabs.addEventListener("keydown", (event) => this.#step(event));
    markets.addEventListener("change", ({ target }) => onChange({ market: target.value }));
    search.addEventListener("input", () => onChange({ search: search.value.trim() }));
    search.addEventListener("keydown", ({ key }) => key === "Escape" && this.#clearSearch());
    document.addEventListener("keydown", (event) => this.#focusSearch(event));
  }

  /** One tab per exchange, and one for all of them; tabs that stand already stay. */
  setExchanges(exchanges) {
    const standing = new Set([...this.#tabs.children].map((tab) => tab.dataset.exchange));
    for (const exchange of [ALL, ...exchanges]) if (!standing.has(exchange)) this.#tabs.append(this.#makeTab(exchange));
    this.show(this.#view);
  }

  show(view) {
    this.#view = view;
    const chosen = this.#find(view.exchange) ?? this.#find(ALL);
    for (const tab of this.#tabs.children) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    for (const radio of this.#markets.querySelectorAll("input")) radio.checked = radio.value === view.market;
    if (this.#search.value.trim() !== view.search) this.#search.value = view.search;
  }

  #find(exchange) { return [...this.#tabs.children].find((tab) => tab.dataset.exchange === exchange); }

  #makeTab(exchange) {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.textContent = title(exchange);
    tab.dataset.exchange = exchange;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "prices");
    return tab;
  }

  #chooseTab(tab) {
    if (tab) this.#onChange({ exchange: tab.dataset.exchange });
  }

  #step(event) {
    const tabs = [...this.#tabs.children];
    const at = tabs.indexOf(document.activeElement);
    const ends = { Home: 0, End: tabs.length - 1 };
    const to = ends[event.key] ?? (at + (STEPS[event.key] ?? 0) + tabs.length) % tabs.length;
    if (at < 0 || !(event.key in STEPS || event.key in ends)) return;
    event.preventDefault();
    tabs[to].focus();
    this.#chooseTab(tabs[to]);
  }

  #clearSearch() {
    this.#search.value = "";
    this.#onChange({ search: "" });
  }

  #focusSearch(event) {
    const isTyping = event.target.matches?.("input:not([type=radio]), textarea, select");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#search.focus();
    this.#search.select();
  }
}
