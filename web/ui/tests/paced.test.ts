import { createRoot, createSignal } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { paced } from "~/list/paced";

describe("paced", () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  function begin() {
    return createRoot((end) => {
      const [changes, setChanges] = createSignal(0), [isHeld, setIsHeld] = createSignal(false);
      const beat = paced(changes, 500, isHeld);
      return { end, beat, setIsHeld, change: () => setChanges((count) => count + 1) };
    });
  }

  it("answers at once after a pause, and the last of many a little later", () => {
    const { beat, change, end } = begin();
    const first = beat();
    vi.advanceTimersByTime(1000);
    change();
    expect(beat()).toBe(first + 1);
    for (let i = 0; i < 4; i += 1) { vi.advanceTimersByTime(100); change(); }
    expect(beat()).toBe(first + 1);
    vi.advanceTimersByTime(100);
    expect(beat()).toBe(first + 2);
    vi.advanceTimersByTime(5000);
    expect(beat()).toBe(first + 2);
    end();
  });

  it("waits for a pointer to let go, and answers then", () => {
    const { beat, change, setIsHeld, end } = begin();
    vi.advanceTimersByTime(1000);
    const first = beat();
    setIsHeld(true);
    change();
    vi.advanceTimersByTime(2000);
    change();
    expect(beat()).toBe(first);
    setIsHeld(false);
    expect(beat()).toBe(first + 1);
    end();
  });

  it("is quiet when its page is gone", () => {
    const { beat, change, end } = begin();
    change();
    const last = beat();
    end();
    vi.advanceTimersByTime(5000);
    expect(beat()).toBe(last);
  });
});
