import { createMemoryHistory, MemoryRouter, Route } from "@solidjs/router";
import { render } from "solid-js/web";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { addressed } from "~/list/addressed";

const USUAL = { q: "", at: "" };
type Change = (changes: Partial<typeof USUAL>) => void;

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

async function open() {
  const history = createMemoryHistory();
  let change: Change = () => { throw new Error("no page is open"); };
  const Page = () => { [, change] = addressed(USUAL); return null; };
  const end = render(() => (
    <MemoryRouter history={history}>
      <Route path="/" component={Page} />
      <Route path="/other" component={() => null} />
    </MemoryRouter>
  ), document.createElement("div"));
  await vi.advanceTimersByTimeAsync(0);
  return { history, change, end };
}

it("writes the last of many changes into the address", async () => {
  const { history, change, end } = await open();
  for (const q of ["b", "bt", "btc"]) change({ q });
  await vi.advanceTimersByTimeAsync(1000);
  expect(history.get()).toBe("/?q=btc");
  end();
});

it("leaves another page's address alone, whenever an answer comes", async () => {
  const { history, change, end } = await open();
  history.set({ value: "/other" });
  await vi.advanceTimersByTimeAsync(0);
  change({ at: "a-rule-that-was-saved" });
  await vi.advanceTimersByTimeAsync(1000);
  expect(history.get()).toBe("/other");
  end();
});
