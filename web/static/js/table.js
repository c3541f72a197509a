/** The live table: newest records in, at most one repaint per frame, at most one new order per second. */

import { ALL_COLUMNS, comparer } from "./columns.js";
import { askReason, explainQuality, qualityWord } from "./quality.js";
import { Row } from "./row.js";

const REORDER_MS = 1000;
const FADE_MS = 150; // how exactly a flash ends

export class MarketTable {
  #body; #head; #rows = new Map(); #dirty = new Set(); #shown = []; #accepts = () => true; #sort;
  #orderIsOld = false; #orderedAt = -Infinity; #mustReorder = false; #frame = 0; #fade = null; #onSort; #hubNow;

  /**
   * @param {HTMLTableElement} table
   * @param {{onSort: (sort: object) => void, hubNow: () => number}} options `hubNow` is the hub's clock
   */
  constructor(table, { onSort, hubNow }) {
    this.#onSort = onSort;
    this.#hubNow = hubNow;
    this.#head = table.createTHead().insertRow();
    this.#body = table.createTBody();
    table.setAttribute("role", "table"); // said aloud, because the style gives every row a grid of its own
    for (const group of [table.tHead, this.#body]) group.setAttribute("role", "rowgroup");
    this.#head.setAttribute("role", "row");
    for (const column of ALL_COLUMNS) this.#head.append(this.#makeHeading(column));
    this.#body.addEventListener("pointerover", ({ target }) => {
      this.#explain(target.closest("td"));
      if (target.matches(".chip")) this.#explainChip(target);
    });
    this.sortBy({ id: "turnover", isDescending: true });
  }

  get size() { return this.#rows.size; }

  /** How many rows the view shows; of those that `accepts` is true of, if given. */
  countShown(accepts = () => true) {
    let count = 0;
    for (const { record } of this.#rows.values()) if (this.#accepts(record) && accepts(record)) count += 1;
    return count;
  }

  /** Takes newer records. @param {object[]} records @param {boolean} isLive false for a snapshot */
  update(records, isLive = true) {
    const now = performance.now();
    for (const record of records) this.#take(record, now, isLive);
    this.repaint();
  }

  remove(keys) {
    for (const key of keys) if (this.#rows.delete(key)) this.#mustReorder = true;
    this.repaint();
  }

  /** All records of one exchange are these, and no others. */
  replace(exchange, records) {
    const kept = new Set(records.map((record) => record.key));
    const isGone = ([key, { record }]) => record.exchange === exchange && !kept.has(key);
    this.remove([...this.#rows].filter(isGone).map(([key]) => key));
    this.update(records, false);
  }

  /** Shows only what `accepts(record)` is true of. */
  filter(accepts) {
    this.#accepts = accepts;
    this.#mustReorder = true;
    this.repaint();
  }

  /** @param {{id: string, isDescending: boolean}} sort */
  sortBy({ id, isDescending }) {
    const column = ALL_COLUMNS.find((each) => each.id === id);
    if (!column) return;
    this.#sort = { id, isDescending };
    for (const heading of this.#head.cells) {
      const order = heading.dataset.column === id ? (isDescending ? "descending" : "ascending") : "none";
      heading.setAttribute("aria-sort", order);
    }
    this.#mustReorder = true;
    this.repaint();
  }

  /** Paints in the next frame; never in a hidden page, where no frames are drawn. */
  repaint() {
    this.#frame ||= requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#paint(now);
    });
  }

  /** Time has passed: every age may read differently. */
  tick() {
    for (const row of this.#shown) this.#dirty.add(row);
    this.repaint();
  }

  #take(record, now, isLive) {
    let row = this.#rows.get(record.key);
    if (row) row.update(record, now, isLive);
    else {
      row = new Row(record);
      this.#rows.set(record.key, row);
      this.#mustReorder = true;
    }
    this.#dirty.add(row);
    this.#orderIsOld = true;
  }

  #paint(now) {
    const column = ALL_COLUMNS.find(({ id }) => id === this.#sort.id);
    const isDue = this.#orderIsOld && column.isVolatile && now - this.#orderedAt >= REORDER_MS;
    if (this.#mustReorder || isDue) this.#reorder(comparer(column, this.#sort.isDescending), now);
    const again = [];
    const hubNow = this.#hubNow();
    for (const row of this.#dirty) if (row.tr.isConnected && row.paint(now, hubNow)) again.push(row);
    this.#dirty = new Set(again);
    if (again.length) this.#fade ??= setTimeout(() => { this.#fade = null; this.repaint(); }, FADE_MS);
  }

  #reorder(compare, now) {
    this.#mustReorder = this.#orderIsOld = false;
    this.#orderedAt = now;
    const wanted = [...this.#rows.values()].filter((row) => this.#accepts(row.record));
    wanted.sort((a, b) => compare(a.record, b.record));
    const stays = new Set(wanted);
    for (const row of this.#shown) if (!stays.has(row)) row.tr.remove();
    this.#place(wanted);
    this.#shown = wanted;
  }

  /** Moves only the rows that do not stand where they should. */
  #place(wanted) {
    let next = this.#body.firstElementChild;
    for (const row of wanted) {
      if (row.tr === next) {
        next = next.nextElementSibling;
        continue;
      }
      if (!row.tr.isConnected) this.#dirty.add(row);
      this.#body.insertBefore(row.tr, next);
    }
  }

  #makeHeading(column) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.title;
    button.addEventListener("click", () => this.#choose(column));
    const heading = document.createElement("th");
    heading.scope = "col";
    heading.setAttribute("role", "columnheader");
    heading.title = column.hint;
    heading.className = `c-${column.id}`;
    heading.dataset.column = column.id;
    heading.append(button);
    return heading;
  }

  #choose(column) {
    const isSame = this.#sort.id === column.id;
    this.sortBy({ id: column.id, isDescending: isSame ? !this.#sort.isDescending : !column.isText });
    this.#onSort(this.#sort);
  }

  #explain(cell) {
    const row = cell && this.#rows.get(cell.parentElement.dataset.key);
    const tip = row && ALL_COLUMNS[cell.cellIndex].tip;
    if (tip) cell.title = tip(row.record);
  }

  /** What is wrong with a record is not part of it: who points at the word gets the hub's reason. */
  async #explainChip(chip) {
    const { record } = this.#rows.get(chip.closest("tr").dataset.key) ?? {};
    if (!record) return;
    const reason = await askReason(record).catch(() => "");
    if (reason) chip.title = `${explainQuality(qualityWord(record))} ${reason}`;
  }
}
