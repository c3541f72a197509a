import { createRoot, createSignal } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { polled, type Question } from "~/live/polled";

const EVERY_MS = 1000;
let asked: { path: string; signal: AbortSignal }[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal("fetch", async (path: string, { signal }: { signal: AbortSignal }) => {
    asked.push({ path, signal });
    return new Response(JSON.stringify(asked.length));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function begin(first: Question | null) {
  return createRoot((end) => {
    const [question, setQuestion] = createSignal<Question | null>(first);
    return { end, setQuestion, answers: polled<number>(question, EVERY_MS) };
  });
}

const paths = (): string[] => asked.map(({ path }) => path);

describe("what is polled", () => {
  it("is asked at once, after a while, and whenever that is wanted", async () => {
    const { answers, end } = begin({ path: "/a" });
    await vi.advanceTimersByTimeAsync(0);
    expect(answers.latest()).toBe(1);
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(answers.latest()).toBe(2);
    answers.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(answers.latest()).toBe(3);
    end();
  });

  it("is another question's answer only when that has come", async () => {
    const { answers, setQuestion, end } = begin({ path: "/a" });
    await vi.advanceTimersByTimeAsync(0);
    setQuestion({ path: "/b" });
    expect(answers.latest()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(0);
    expect([answers.latest(), ...paths()]).toEqual([2, "/a", "/b"]);
    setQuestion(null);
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(asked.length).toBe(2);
    end();
  });

  it("is not asked any more when nobody looks, whoever still says so", async () => {
    const { answers, end } = begin({ path: "/a" });
    end();
    expect(asked[0]?.signal.aborted).toBe(true);
    answers.again();
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(paths()).toEqual(["/a"]);
  });
});
