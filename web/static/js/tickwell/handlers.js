/** Who wants to hear of what. A handler that throws harms nobody else. */

export class Handlers {
  #byName; #owner;

  /** @param {readonly string[]} names those that there are @param {string} owner for complaints */
  constructor(names, owner) {
    this.#byName = new Map(names.map((name) => [name, new Set()]));
    this.#owner = owner;
  }

  /** @param {string} name @param {Function} handler */
  add(name, handler) {
    const handlers = this.#byName.get(name);
    if (!handlers) throw new TypeError(`no such event: ${name}; there are ${[...this.#byName.keys()].join(", ")}`);
    if (typeof handler !== "function") throw new TypeError(`${name}: a handler is a function, not ${typeof handler}`);
    handlers.add(handler);
  }

  /** @param {string} name @param {Function} handler */
  remove(name, handler) { this.#byName.get(name)?.delete(handler); }

  /** Whether anybody hears of it. @param {string} name */
  has(name) { return this.#byName.get(name).size > 0; }

  /** @param {string} name @param {...unknown} details */
  emit(name, ...details) {
    for (const handler of [...this.#byName.get(name)]) {
      try { handler(...details); } catch (error) { this.#complain(name, error); }
    }
  }

  #complain(name, error) {
    if (name !== "error" && this.has("error")) this.emit("error", error);
    else console.error(`a "${name}" handler of a tickwell ${this.#owner} failed:`, error);
  }
}
