import { beforeEach, describe, expect, it, vi } from "vitest";

import { ChartFeed } from "~/pages/terminal/chart/feed";
import type { Subject } from "~/pages/terminal/subject/subject";
import { bar, KEY, liquidation } from "./made";

const MINUTE = 60_000;

/** A subscription whose handlers the test calls. */
class Scripted {
  readonly handlers = new Map<string, (...details: never[]) => void>();
  isClosed = false;
  on(event: string, handler: (...details: never[]) => void): this {
    this.handlers.set(event, handler);
    return this;
  }
  tell(event: string, ...details: unknown[]): void { this.handlers.get(event)?.(...details as never[]); }
  close(): void { this.isClosed = true; }
}

const script = vi.hoisted(() => ({ bars: null as unknown, liquidations: null as unknown, asked: [] as string[], answers: {} as Record<string, unknown> }));

vi.mock("~/live/hub", () => ({ hub: () => ({ bars: () => script.bars, liquidations: () => script.liquidations }) }));

const subject = { key: KEY, exchange: "bybit", market: "linear", symbol: "BTCUSDT", offer: { channels: ["liquidations"], switched_off: [], sampled: [] } } as unknown as Subject;
let stream: Scripted;

function answer(path: string): Promise<Response> {
  script.asked.push(path);
  const found = Object.entries(script.answers).find(([start]) => path.startsWith(start))?.[1];
  return Promise.resolve(found === undefined ? new Response("{}", { status: 503 }) : new Response(JSON.stringify(found)));
}

const MEMORY = `/api/v1/bars/${KEY}?`, PAST = `/api/v1/bars/${KEY}/history`, GAPS = `/api/v1/gaps/${KEY}`;

beforeEach(() => {
  script.bars = stream = new Scripted();
  script.liquidations = new Scripted();
  script.asked = [];
  script.answers = {
    [PAST]: { data: [bar(MINUTE), bar(0)], meta: { as_of: 9, has_more: false, gaps: [{ channel: "trades", from: 1, to: 2, cause: "c", reason: "r" }] } },
    [MEMORY]: { data: [bar(2 * MINUTE), bar(3 * MINUTE, { closed: false })], meta: { as_of: 1000 } },
    [GAPS]: { data: [], meta: {} },
    "/api/v1/liquidations": { data: [liquidation(MINUTE, "long", 5)], meta: {} },
  };
  vi.stubGlobal("fetch", answer);
});

const settled = (feed: ChartFeed) => vi.waitFor(() => expect(feed.reach()).not.toBe("loading"));

describe("ChartFeed", () => {
  it("begins with what the hub remembers, and is not set back by it", async () => {
    const feed = new ChartFeed(subject, "1m", () => {});
    stream.tell("data", [bar(3 * MINUTE, { close: 7, closed: false })], { ts_out: 1001 });
    await settled(feed);
    expect(feed.bars.size).toBe(2);
    expect(feed.bars.last?.close).toBe(7);
    expect(feed.liquidations.marks(MINUTE)).toHaveLength(1);
    feed.close();
  });

  it("reaches back behind its first bar, until there is no more", async () => {
    const feed = new ChartFeed(subject, "1m", () => {});
    await settled(feed);
    await feed.reachBack();
    expect(script.asked.at(-1)).toContain(`to=${2 * MINUTE}`);
    expect(feed.bars.first?.start).toBe(0);
    expect(feed.gaps.all).toHaveLength(1);
    script.answers[PAST] = { data: [], meta: { as_of: 9, has_more: false, gaps: [] } };
    await feed.reachBack();
    expect(feed.reach()).toBe("whole");
    const asked = script.asked.length;
    await feed.reachBack();
    expect(script.asked).toHaveLength(asked);
    feed.close();
  });

  it("has no history where the hub keeps none, nor of seconds", async () => {
    for (const [interval, status] of [["1m", 503], ["1s", 200]] as const) {
      const feed = new ChartFeed(subject, interval, () => {});
      await settled(feed);
      vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ code: "no_history" }), { status })));
      await feed.reachBack();
      expect(feed.reach()).toBe("whole");
      feed.close();
      vi.stubGlobal("fetch", answer);
    }
  });

  it("asks again after an interruption, and keeps all that it had", async () => {
    const feed = new ChartFeed(subject, "1m", () => {});
    await settled(feed);
    script.answers[MEMORY] = { data: [bar(4 * MINUTE), bar(5 * MINUTE)], meta: { as_of: 2000 } };
    stream.tell("connected", { recovered: false });
    await vi.waitFor(() => expect(feed.bars.last?.start).toBe(5 * MINUTE));
    expect(feed.bars.first?.start).toBe(2 * MINUTE);
    feed.close();
  });

  it("shows a gap as long as it is one", async () => {
    const feed = new ChartFeed(subject, "1m", () => {});
    await settled(feed);
    const before = feed.gaps.revision;
    const gap = { channel: "trades", from: 5, to: null, cause: "c", reason: "r", healed: false };
    stream.tell("gap", gap);
    expect(feed.gaps.all).toHaveLength(1);
    stream.tell("gap", { channel: "bars", reason: "slow_consumer", missed: 3 });
    stream.tell("gap", { ...gap, to: 9, healed: true });
    expect(feed.gaps.all).toEqual([]);
    expect(feed.gaps.revision - before).toBe(2);
    feed.close();
  });

  it("says that liquidations are missing, unless they were fetched since", () => {
    const feed = new ChartFeed(subject, "1m", () => {}), liquidations = script.liquidations as Scripted;
    liquidations.tell("gap", { channel: "liquidations", reason: "r", missed: null, healed: true });
    expect(feed.lacksLiquidations()).toBe(false);
    liquidations.tell("gap", { channel: "liquidations", reason: "the feed was stopped", missed: null });
    expect(feed.lacksLiquidations()).toBe(true);
    feed.close();
  });

  it("asks for no liquidations where none are told", async () => {
    const feed = new ChartFeed({ ...subject, offer: null }, "1m", () => {});
    await settled(feed);
    expect(script.asked.filter((path) => path.includes("liquidations"))).toEqual([]);
    expect((script.liquidations as Scripted).handlers.size).toBe(0);
    feed.close();
  });

  it("ends all that it began", async () => {
    const feed = new ChartFeed(subject, "1m", () => {});
    feed.close();
    expect(stream.isClosed && (script.liquidations as Scripted).isClosed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
    expect(feed.bars.size).toBe(0);
  });
});
