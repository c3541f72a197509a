import { createEffect, createRoot } from "solid-js";
import { describe, expect, it } from "vitest";

import { Keyed } from "~/live/keyed";

interface Price { key: string; price: number }

/** Runs `body` within a reactive root, and ends it. */
function rooted(body: () => void): () => void {
  return createRoot((dispose) => {
    body();
    return dispose;
  });
}

describe("Keyed", () => {
  it("wakes what shows the record that changed, and nothing else", async () => {
    const prices = new Keyed<Price>(), seen: Record<string, (number | undefined)[]> = { a: [], b: [] };
    const end = rooted(() => {
      for (const key of ["a", "b"]) createEffect(() => { seen[key]!.push(prices.get(key)?.price); });
    });
    prices.apply([{ key: "a", price: 1 }]);
    prices.apply([{ key: "a", price: 2 }]);
    prices.flush();
    expect(seen).toEqual({ a: [undefined, 2], b: [undefined] });
    end();
  });

  it("tells the keys only when one comes or goes", () => {
    const prices = new Keyed<Price>(), seen: (readonly string[])[] = [];
    const end = rooted(() => createEffect(() => { seen.push(prices.keys()); }));
    prices.apply([{ key: "a", price: 1 }, { key: "b", price: 1 }], [], true);
    prices.flush();
    prices.apply([{ key: "a", price: 2 }]);
    prices.flush();
    prices.apply([], ["b"]);
    prices.flush();
    expect(seen).toEqual([[], ["a", "b"], ["a"]]);
    end();
  });

  it("puts a snapshot in place of everything", () => {
    const prices = new Keyed<Price>();
    prices.apply([{ key: "a", price: 1 }, { key: "b", price: 1 }]);
    prices.apply([{ key: "b", price: 2 }], [], true);
    prices.flush();
    expect([...prices.all()]).toEqual([{ key: "b", price: 2 }]);
    expect(prices.keys()).toEqual(["b"]);
  });

  it("forgets watches that nobody needs any more, and serves those who come later", () => {
    const prices = new Keyed<Price>(), seen: (number | undefined)[] = [];
    rooted(() => createEffect(() => { prices.get("a"); }))();
    const end = rooted(() => createEffect(() => { seen.push(prices.get("a")?.price); }));
    prices.apply([{ key: "a", price: 3 }]);
    prices.flush();
    expect(seen).toEqual([undefined, 3]);
    end();
  });
});
