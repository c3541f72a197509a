/** Whether anybody looks. Where there is no page, as in a worker, somebody always does. */

export class Page {
  #page; #afterMs; #watcher; #timer = null; #isHidden = false;

  /**
   * @param {?EventTarget & {visibilityState: string}} page such as `document`
   * @param {number} afterMs so long it must be hidden to count
   * @param {{hidden: () => void, shown: () => void, woke: () => void}} watcher
   */
  constructor(page, afterMs, watcher) {
    this.#page = page;
    this.#afterMs = afterMs;
    this.#watcher = watcher;
  }

  get isHidden() { return this.#isHidden; }

  start() {
    this.#page?.addEventListener("visibilitychange", this.#look);
    globalThis.addEventListener?.("online", this.#wake);
    this.#look();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#page?.removeEventListener("visibilitychange", this.#look);
    globalThis.removeEventListener?.("online", this.#wake);
  }

  #look = () => {
    clearTimeout(this.#timer);
    if (this.#page?.visibilityState === "hidden") this.#timer = setTimeout(() => this.#hide(), this.#afterMs);
    else this.#show();
  };

  #wake = () => this.#watcher.woke();

  #hide() {
    this.#isHidden = true;
    this.#watcher.hidden();
  }

  #show() {
    this.#wake();
    if (!this.#isHidden) return;
    this.#isHidden = false;
    this.#watcher.shown();
  }
}
