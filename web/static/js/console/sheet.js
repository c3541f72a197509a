/** The frames as the reader sees them: the newest on top, painted once per animation frame. */

import { clockTime, fixed } from "../format.js";
import { make } from "../trial.js";
import { spread } from "./ledger.js";

const SHOWN_MAX = 100;
const LINE_MAX = 600;
const ARROWS = { in: "←", out: "→", note: "·" };
const WORDS = { in: "from the hub", out: "to the hub", note: "the socket" };

export class Sheet {
  #list; #ledger; #filter; #waits = false; #isPaused = false; #newest = 0;

  /** Whether new frames wait, as the reader wants it, or has one open. */
  get isHeld() { return this.#isPaused || this.#list.querySelector("details[open]") !== null; }

  constructor(list, filter, ledger) {
    this.#list = list;
    this.#filter = filter;
    this.#ledger = ledger;
    filter.addEventListener("input", () => this.#anew());
    list.addEventListener("toggle", () => this.refresh(), true);
  }

  /** New frames are there. While it is paused, and while one is read, nothing moves. */
  refresh() {
    if (this.#waits || this.isHeld) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.#paint();
    });
  }

  pause(isPaused) {
    this.#isPaused = isPaused;
    if (!isPaused) this.refresh();
  }

  clear() {
    this.#ledger.clear();
    this.#anew();
  }

  #anew() {
    this.#newest = 0;
    this.#list.replaceChildren();
    this.#paint();
  }

  #paint() {
    const fresh = this.#ledger.matching(this.#filter.value, SHOWN_MAX).filter(({ number }) => number > this.#newest);
    if (!fresh.length) return;
    this.#newest = fresh[0].number;
    this.#list.prepend(...fresh.map(line));
    while (this.#list.children.length > SHOWN_MAX) this.#list.lastElementChild.remove();
  }
}

/** One frame in a line; opened, with line breaks. That is made only when somebody looks. */
function line({ direction, text, atMs, size }) {
  const arrow = make("span", { className: "frame-arrow", textContent: ARROWS[direction], title: WORDS[direction] });
  const facts = [make("time", { textContent: clockTime(atMs) }), make("span", { className: "frame-size", textContent: direction === "note" ? "" : `${fixed(size, 0)} B` })];
  const words = make("code", { textContent: text.slice(0, LINE_MAX) + (text.length > LINE_MAX ? "…" : "") });
  const details = make("details", {}, make("summary", {}, arrow, ...facts, words));
  details.addEventListener("toggle", () => {
    if (details.open && !details.querySelector("pre")) details.append(make("pre", { tabIndex: 0, textContent: spread(text) }));
  });
  return make("li", { dataset: { direction } }, details);
}
