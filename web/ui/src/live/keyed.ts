/**
 * Records by key, painted at most once per frame.
 *
 * A change of one record wakes only what shows that record: 3,000 instruments change five times a second, and
 * forty of them are on the screen.
 */

import { batch, createSignal, getListener, onCleanup, type Accessor } from "solid-js";

import { oncePerFrame } from "~/live/frames";

export interface KeyedRecord { readonly key: string }

interface Watch { readonly track: Accessor<void>; readonly wake: () => void; watchers: number }

export class Keyed<R extends KeyedRecord> {
  readonly #records = new Map<string, R>();
  readonly #watches = new Map<string, Watch>();
  readonly #changed = new Set<string>();
  #keysChanged = false;
  readonly #paint = oncePerFrame(() => this.flush());
  readonly #revision = createSignal(0);
  readonly #keys = createSignal<readonly string[]>([]);

  /** Grows with every painted frame that brought a change: for what looks at all records, such as sorting. */
  get revision(): Accessor<number> { return this.#revision[0]; }

  /** All keys, in the order in which they came; changes only when one comes or goes. */
  get keys(): Accessor<readonly string[]> { return this.#keys[0]; }

  /** The newest record, without being told when it changes. */
  peek(key: string): R | undefined { return this.#records.get(key); }

  /** All records as they are now, without being told when they change. */
  all(): IterableIterator<R> { return this.#records.values(); }

  /** The newest record; what asks within an effect is run again when it changes. */
  get(key: string): R | undefined {
    if (getListener() !== null) this.#watch(key).track();
    return this.#records.get(key);
  }

  /** Takes what came: `isWhole` puts `records` in place of everything. */
  apply(records: readonly R[], removed: readonly string[] = [], isWhole = false): void {
    if (isWhole) this.#forgetAllBut(new Set(records.map((record) => record.key)));
    for (const record of records) {
      if (!this.#records.has(record.key)) this.#keysChanged = true;
      this.#records.set(record.key, record);
      this.#changed.add(record.key);
    }
    for (const key of removed) this.#remove(key);
    this.#paint();
  }

  /** Tells the watchers now; otherwise that happens with the next frame. */
  flush(): void {
    if (this.#changed.size === 0 && !this.#keysChanged) return;
    batch(() => {
      for (const key of this.#changed) this.#watches.get(key)?.wake();
      if (this.#keysChanged) this.#keys[1]([...this.#records.keys()]);
      this.#revision[1]((revision) => revision + 1);
    });
    this.#changed.clear();
    this.#keysChanged = false;
  }

  #forgetAllBut(kept: ReadonlySet<string>): void {
    for (const key of this.#records.keys()) if (!kept.has(key)) this.#remove(key);
  }

  #remove(key: string): void {
    if (!this.#records.delete(key)) return;
    this.#changed.add(key);
    this.#keysChanged = true;
  }

  #watch(key: string): Watch {
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      const [track, wake] = createSignal<void>(undefined, { equals: false });
      watch = { track, wake: () => wake(), watchers: 0 };
      this.#watches.set(key, watch);
    }
    watch.watchers += 1;
    onCleanup(() => {
      watch.watchers -= 1;
      if (watch.watchers === 0 && this.#watches.get(key) === watch) this.#watches.delete(key);
    });
    return watch;
  }
}
