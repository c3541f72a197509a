/**
 * One subscription as the wire sees it: frames in, batches to those who read it. No I/O.
 *
 * It knows where it is (`epoch` and `offset`), so that it can be resumed on the next connection; and it checks that no
 * frame is missing (`seq`). Whatever breaks the sequence is mended by subscribing again. Readers that want the same share
 * one feed.
 */

import { OrderBook } from "./book.js";
import { isConcerned, kindOf, removeKeys, staleOf } from "./kinds.js";

const REMEMBERED = 256; // identities in one place: more than a snapshot repeats
const PARTS_MAX = 100_000;

/** What makes two requests the same subscription to the hub, whatever their rates. @param {Record<string, any>} params */
export function identityOf({ snapshot, max_rate_hz, resume, ...options }) {
  const lists = ["symbols", "fields", "bases"].filter((name) => Array.isArray(options[name]));
  for (const name of lists) options[name] = [...new Set(options[name])].sort();
  return JSON.stringify(Object.entries(options).sort());
}

/** A reader wants to be told: `batch`, `gap`, `accepted`, `connected`, `disconnected`, `failed` are its methods. */
export class Feed {
  /** Those who read it: `Subscription`s. */ readers = new Set();
  /** The newest record of each key, marked while it is not current. */ latest = new Map();
  /** What the selectors mean now. */ keys = new Set();
  /** What the hub answered. @type {?import("./records.js").Accepted} */ accepted = null;
  /** At most so many frames per second while the page is hidden; 0 for no such bound. */ capHz = 0;
  position = null; isAsking = false; isUp = true; missed = 0; resyncs = 0;
  #seq = 0; #toldHz = 0; #isResuming = false; #isRepeating = false; #isRestoring = false;
  #before = null; #parts = new Map(); #recent = new Map();

  /** @param {Record<string, any>} params those of `subscribe` */
  constructor({ snapshot, max_rate_hz, resume, ...options }) {
    this.options = options;
    this.kind = kindOf(options.channel);
    this.position = resume ?? null;
  }

  get keepsEvery() { return !this.kind.keyOf; }

  /** The rate that serves everybody: 0 is the fastest. */
  get rateHz() {
    const rates = [...this.readers].map((reader) => reader.rateHz);
    const wanted = rates.includes(0) ? 0 : Math.max(0, ...rates);
    return this.capHz && (!wanted || wanted > this.capHz) ? this.capHz : wanted;
  }

  /** The rate to tell the hub; `null` if it knows. */
  newRateHz() {
    if (!this.accepted || this.rateHz === this.#toldHz) return null;
    this.#toldHz = this.rateHz;
    return this.#toldHz;
  }

  /** The parameters with which to subscribe now: with `resume` if there is something to resume. */
  request() {
    this.#isResuming = this.position !== null;
    const rate = this.rateHz ? { max_rate_hz: this.rateHz } : {};
    if (this.#isResuming) return { ...this.options, ...rate, resume: this.position };
    const isWanted = !this.readers.size || [...this.readers].some((reader) => reader.wantsSnapshot);
    return { ...this.options, ...rate, ...(isWanted ? {} : { snapshot: false }) };
  }

  /** The hub agreed to it. */
  accept(accepted) {
    const recovered = this.#isResuming && accepted.recovered;
    this.accepted = accepted;
    this.#seq = 0;
    this.#toldHz = accepted.max_rate_hz;
    this.keys = new Set(accepted.keys);
    this.#tell("accepted", accepted);
    if (!this.isUp) this.#rise(recovered);
    if (this.#isResuming && !recovered) this.#couldNotResume(accepted);
    if (!this.#isResuming && this.keepsEvery) this.position = { epoch: accepted.epoch, offset: accepted.offset };
  }

  /** Goes on where another feed of the same subscription is: the hub takes both for one. */
  adopt(other) {
    this.#seq = other.#seq;
    this.position = other.position;
    this.#parts = new Map([...other.#parts].map(([key, parts]) => [key, { ...parts }]));
    this.latest = new Map([...other.latest].map(([key, record]) => [key, record instanceof OrderBook ? record.copy() : record]));
    for (const reader of this.readers) this.greet(reader);
  }

  /** Tells a reader that comes late what is known. */
  greet(reader, isWanted = reader.wantsSnapshot) {
    if (this.latest.size && isWanted) reader.batch(this.#batch("snapshot", [...this.latest.values()], {}));
  }

  /** A data frame. `false` if one before it is missing: subscribe again. */
  receive(frame) {
    if (frame.seq !== this.#seq + 1) return this.#lose();
    this.#seq += 1;
    const records = this.#read(frame);
    if (!records) return this.#lose();
    if (!this.#startsAnew) this.position = { epoch: frame.epoch, offset: frame.offset };
    const removed = frame.removed ?? [];
    for (const key of removed) { this.keys.delete(key); this.#recent.delete(key); }
    if (this.#hasKeys) for (const { key } of records) if (key) this.keys.add(key);
    const batch = this.keepsEvery ? this.#everyOf(records, frame, removed) : this.#newestOf(records, frame, removed);
    this.#tell("batch", batch);
    return true;
  }

  /** The hub says that something is missing. */
  gap(gap) {
    this.missed += gap.missed ?? 0;
    this.#tell("gap", gap);
  }

  /** Whether what the hub missed of an exchange is missing here. */
  concerns(gap) { return isConcerned(this.kind.channel, gap.channel) && this.keys.has(gap.key); }

  /** Nothing comes any more for now, and nothing that is here is current. */
  down(error) {
    this.isAsking = false;
    if (!this.isUp || !this.accepted) return;
    this.isUp = false;
    if (!this.#isRestoring) this.#before = this.latest;
    this.latest = new Map([...this.latest].map(([key, record]) => [key, staleOf(record)]));
    this.#tell("disconnected", error);
  }

  /** It is over. */
  fail(error) { this.#tell("failed", error); }

  /** A book is not resumed: its snapshot is small, and a hole in it would be for ever. */
  get #startsAnew() { return this.kind.channel === "book"; }

  /** Whether what its records are about belongs to what was asked for: a screener and alerts are about anything. */
  get #hasKeys() { return !this.kind.isWhole && this.kind.channel !== "alerts"; }

  /** Whose newest a record is, or among whose it is known. */
  #placeOf(record) { return (this.kind.placeOf ?? this.kind.keyOf)?.(record) ?? record.key; }

  #tell(what, ...details) { for (const reader of [...this.readers]) reader[what](...details); }

  #lose() {
    this.resyncs += 1;
    return false;
  }

  #rise(recovered) {
    this.isUp = true;
    this.#isRestoring = true;
    this.#tell("connected", { recovered });
  }

  #couldNotResume(accepted) {
    if (!this.keepsEvery) return;
    const from = this.position;
    this.#isRepeating = true;
    this.position = { epoch: accepted.epoch, offset: accepted.offset };
    this.gap({
      channel: this.kind.channel, reason: "not_recovered", missed: null,
      from_offset: from.epoch === accepted.epoch ? from.offset : null, to_offset: accepted.offset,
    });
  }

  /** The records of a frame, whole also where only changes came. `null` if something is missing. */
  #read(frame) {
    const { channel } = this.kind;
    if (channel === "system") return [frame.data].flat().map((data) => ({ type: frame.type, data }));
    if (channel === "book") return this.#readBooks(frame.data);
    return this.options.changes_only ? frame.data.map((each) => this.#merged(each, frame.type)) : frame.data;
  }

  #readBooks(records) {
    const books = [];
    for (const record of records) {
      const book = this.latest.get(record.key) ?? new OrderBook(record.key);
      if (!book.apply(record)) return null;
      books.push(book);
    }
    return books;
  }

  #merged(changes, type) {
    const place = this.kind.keyOf?.(changes) ?? "";
    const whole = { ...(type === "update" && this.#parts.get(place)), ...changes };
    this.#parts.delete(place);
    this.#parts.set(place, whole);
    if (this.#parts.size > PARTS_MAX) this.#parts.delete(this.#parts.keys().next().value);
    return whole;
  }

  #batch(kind, records, { removed = [], offset = null, epoch = null, ts_out = null }) {
    return { kind, records, removed, offset, epoch, ts_out };
  }

  /** Of records of which every one counts, those that are new: the snapshot after an interruption repeats some. */
  #everyOf(records, frame, removed) {
    const isRepeating = this.#isRepeating && frame.type === "snapshot";
    const fresh = isRepeating ? records.filter((record) => !this.#isKnown(record)) : records;
    this.#isRepeating = this.#isRestoring = false;
    if (this.kind.identityOf) for (const record of fresh) this.#remember(record);
    return this.#batch(frame.type === "snapshot" && !isRepeating ? "snapshot" : "update", fresh, { ...frame, removed });
  }

  #isKnown(record) { return this.#recent.get(this.#placeOf(record))?.has(this.kind.identityOf?.(record)) ?? false; }

  #remember(record) {
    const [place, identity] = [this.#placeOf(record), this.kind.identityOf(record)];
    if (identity === undefined) return;
    let recent = this.#recent.get(place);
    if (!recent) this.#recent.set(place, recent = new Set());
    recent.add(identity);
    if (recent.size > REMEMBERED) recent.delete(recent.values().next().value);
  }

  /** After an interruption the first batch is the whole picture, resumed or not: all of it is current again. */
  #newestOf(records, frame, removed) {
    const isSnapshot = frame.type === "snapshot" || this.kind.isWhole === true;
    const isWhole = isSnapshot || this.#isRestoring;
    if (isSnapshot) this.latest = new Map();
    else if (this.#isRestoring) this.latest = this.#before;
    this.#isRestoring = false;
    this.#before = null;
    removeKeys(this.latest, removed);
    removeKeys(this.#parts, removed);
    const told = isWhole && !isSnapshot ? this.#withKnown(records) : records;
    for (const record of records) this.latest.set(this.#placeOf(record), record);
    return this.#batch(isWhole ? "snapshot" : "update", told, { ...frame, removed });
  }

  #withKnown(records) {
    const all = [...this.latest.values(), ...records];
    return [...new Map(all.map((record) => [this.kind.keyOf(record), record])).values()];
  }
}
