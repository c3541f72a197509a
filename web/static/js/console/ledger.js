/** The frames of a conversation: the newest so many, and how many there were. Pure. */

const WINDOW_MS = 5000;

export class Ledger {
  frames = []; count = 0; bytes = 0;
  #max; #moments = [];

  constructor(max = 300) { this.#max = max; }

  /** Takes a frame: `direction` is "in" or "out", or "note" for what happened to the socket itself. */
  add(direction, text, atMs) {
    const frame = { number: this.count += 1, direction, text, atMs, size: sizeOf(text) };
    this.frames.push(frame);
    if (this.frames.length > this.#max) this.frames.splice(0, this.frames.length - this.#max);
    if (direction === "in") {
      this.bytes += frame.size;
      this.#moments.push(atMs);
    }
    return frame;
  }

  /** Frames a second that came, over the last seconds. */
  ratePerS(nowMs) {
    const first = this.#moments.findIndex((moment) => moment > nowMs - WINDOW_MS);
    this.#moments.splice(0, first < 0 ? this.#moments.length : first);
    return this.#moments.length / (WINDOW_MS / 1000);
  }

  /** The newest frames that hold `part`, whatever its case; the newest first. */
  matching(part, most) {
    const wanted = part.trim().toLowerCase(), found = [];
    for (let i = this.frames.length - 1; i >= 0 && found.length < most; i -= 1) {
      if (this.frames[i].text.toLowerCase().includes(wanted)) found.push(this.frames[i]);
    }
    return found;
  }

  clear() {
    this.frames = [];
    this.count = this.bytes = 0;
    this.#moments = [];
  }
}

const encoder = new TextEncoder();

/** How many bytes a text has on the wire, before compression. */
export const sizeOf = (text) => encoder.encode(text).length;

/** A frame with line breaks, if it is JSON; as it is otherwise. Very long ones are cut. */
export function spread(text, most = 20_000) {
  let told = text;
  try { told = JSON.stringify(JSON.parse(text), null, 2); } catch { /* then as it came */ }
  return told.length > most ? `${told.slice(0, most)}\n… and ${told.length - most} characters more` : told;
}
