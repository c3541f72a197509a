/** Which way each price moved last. Pure: told of every record, asked by the cells. */

export type Direction = "up" | "down" | "flat";

export interface Movement {
  readonly direction: Direction;
  /** How often the price has moved: who remembers the number sees whether it moved again. */
  readonly count: number;
}

interface Priced { readonly key: string; readonly price: number | null; readonly quality: string; readonly stale?: boolean }

const NONE: Movement = { direction: "flat", count: 0 };

export class Movements {
  readonly #prices = new Map<string, number>();
  readonly #movements = new Map<string, Movement>();

  /** Takes what came. What is not current has not moved, and neither has what follows it after a while of silence. */
  take(records: readonly Priced[], removed: readonly string[] = []): void {
    for (const record of records) this.#note(record);
    for (const key of removed) {
      this.#prices.delete(key);
      this.#movements.delete(key);
    }
  }

  /** The last movement of a price; flat as long as it has not moved. */
  of(key: string): Movement { return this.#movements.get(key) ?? NONE; }

  #note({ key, price, quality, stale }: Priced): void {
    if (price === null || quality !== "live" || stale === true) {
      this.#prices.delete(key);
      this.#movements.delete(key);
      return;
    }
    const before = this.#prices.get(key);
    if (before === price) return;
    this.#prices.set(key, price);
    if (before === undefined) return;
    this.#movements.set(key, { direction: price > before ? "up" : "down", count: this.of(key).count + 1 });
  }
}
