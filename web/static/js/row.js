/** One row of the table: it remembers what it shows, and touches the page only where that differs. */

import { AGE, ALL_COLUMNS, COLUMNS } from "./columns.js";
import { decimalsOf, isKnown, span } from "./format.js";
import { explainQuality, qualityWord } from "./quality.js";

const TRADED = ["price", "bid", "ask", "high_24h", "low_24h"];
const ARROWS = { up: "↗", down: "↘", flat: "→" };
const FLASH_MS = 250;
const MOVE_MS = 10_000; // after this the arrow lies flat again

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export class Row {
  #texts = {}; #values = []; #written = []; #classes = []; #decimals = 0; #movedAt = -Infinity; #move = "flat"; #flashUntil = 0; #chip = null;

  constructor(record) {
    this.record = record;
    this.tr = element("tr");
    this.tr.dataset.key = record.key;
    this.tr.setAttribute("role", "row");
    for (const { id } of ALL_COLUMNS) this.tr.append(this.#makeCell(id));
    this.#learnDecimals();
  }

  /** Takes a newer record; returns nothing, shows nothing yet. `isLive` is false for snapshots. */
  update(record, now, isLive) {
    const before = this.record.price;
    this.record = record;
    this.#learnDecimals();
    if (!isLive || record.stale || !isKnown(before) || !isKnown(record.price) || before === record.price) return;
    this.#move = record.price > before ? "up" : "down";
    this.#movedAt = now;
    this.#flashUntil = now + FLASH_MS;
  }

  /** Brings the row up to date. Returns whether it must be painted again soon, because it flashes. */
  paint(now, hubNow) {
    for (let i = 0; i < COLUMNS.length; i += 1) this.#paintCell(i);
    const age = span(hubNow - this.record.ts_recv);
    this.#write(AGE.id, age);
    this.#write("stale", this.record.stale ? this.#chipWords(age) : "");
    if (this.record.stale) this.#explainChip();
    return this.#paintState(now);
  }

  #makeCell(id) {
    const cell = element(id === "symbol" ? "th" : "td", `c-${id}`);
    cell.setAttribute("role", id === "symbol" ? "rowheader" : "cell");
    this.#texts[id] = document.createTextNode("");
    if (id === "symbol") cell.append(element("span", "who", element("span", "name", this.#texts[id]), this.#makeChip()));
    else if (id === "price") cell.append(this.#makeArrow(), element("span", "number", this.#texts[id]));
    else cell.append(this.#texts[id]);
    return cell;
  }

  #makeChip() {
    this.#texts.stale = document.createTextNode("");
    this.#chip = element("span", "chip", this.#texts.stale);
    return this.#chip;
  }

  #makeArrow() {
    this.#texts.arrow = document.createTextNode("");
    return element("span", "arrow", this.#texts.arrow);
  }

  /** How old it is says more of what is merely stale; the other words say enough, and the symbol needs the room. */
  #chipWords(age) {
    const word = qualityWord(this.record);
    return word === "stale" ? `stale ${age}` : word;
  }

  /** The title says what the word means; a more exact reason, once it was asked for, stays until the word changes. */
  #explainChip() {
    const word = qualityWord(this.record);
    if (this.#chip.dataset.quality === word) return;
    this.#chip.dataset.quality = word;
    this.#chip.title = explainQuality(word);
  }

  #learnDecimals() {
    const most = Math.max(this.#decimals, ...TRADED.map((field) => decimalsOf(this.record[field])));
    if (most === this.#decimals) return;
    this.#decimals = most;
    this.#values.length = 0; // everything must be written anew
  }

  #paintCell(i) {
    const column = COLUMNS[i];
    const value = column.value(this.record);
    if (this.#values[i] === value && i in this.#values) return;
    this.#values[i] = value;
    this.#write(column.id, column.write(value, this.record, this.#decimals));
    if (column.id === "change") this.#mark(1, Math.abs(value) < 0.005 ? "" : value > 0 ? "gain" : value < 0 ? "loss" : "");
  }

  #paintState(now) {
    if (now - this.#movedAt > MOVE_MS || this.record.stale) this.#move = "flat";
    const flashes = now < this.#flashUntil && !this.record.stale;
    this.#write("arrow", isKnown(this.record.price) ? ARROWS[this.#move] : "");
    this.#mark(0, `${this.#move}${flashes ? " flash" : ""}${this.record.stale ? " stale" : ""}`);
    return flashes;
  }

  #write(id, text) {
    if (this.#written[id] === text) return;
    this.#written[id] = text;
    this.#texts[id].data = text;
  }

  #mark(place, words) {
    if (this.#classes[place] === words) return;
    this.#classes[place] = words;
    this.tr.className = this.#classes.filter(Boolean).join(" ");
  }
}
