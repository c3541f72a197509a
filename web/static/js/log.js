/** The page's diary: the last 50 connects, disconnects and errors. */

import { clockTime } from "./format.js";

const ENTRIES_MAX = 50;

export class Log {
  #list; #count; #last = ""; #times = 1;

  constructor(list, count) {
    this.#list = list;
    this.#count = count;
  }

  /** @param {"note"|"warning"} level @param {string} text */
  add(level, text) {
    if (text === this.#last) return this.#repeat();
    this.#last = text;
    this.#times = 1;
    this.#list.prepend(this.#makeEntry(level, text));
    while (this.#list.children.length > ENTRIES_MAX) this.#list.lastElementChild.remove();
    this.#count.textContent = String(this.#list.children.length);
  }

  #makeEntry(level, text) {
    const entry = document.createElement("li");
    entry.dataset.level = level;
    const time = document.createElement("time");
    time.textContent = clockTime(Date.now());
    const words = document.createElement("span");
    words.textContent = text;
    entry.append(time, words);
    return entry;
  }

  #repeat() {
    this.#times += 1;
    const newest = this.#list.firstElementChild;
    newest.querySelector("time").textContent = clockTime(Date.now());
    newest.querySelector("span").textContent = `${this.#last} (${this.#times} times)`;
  }
}
