import { describe, expect, it } from "vitest";

import type { HubMarket, HubSink, HubTold, Told } from "~/live/told";
import { badgeOf, exchangeConditions, isCurrent, ratePerS, slowest, whatToSay, type Circumstances } from "~/shell/condition";

const NOON = Date.UTC(2026, 0, 2, 12, 0, 0);

const market = (changes: Partial<HubMarket> = {}): HubMarket => ({
  exchange: "bybit", market: "linear", running: true, state: "live", age_ms: 120, symbols: 40, producing: 40, stale: 0, stale_symbols: [],
  refused: 0, mute: 0, messages_per_s: 100, reconnects: 0, p50_ms: 10, p99_ms: 40, last_error: null, next_attempt_ts: null, ...changes,
});

const sink = (changes: Partial<HubSink>): HubSink => ({
  name: "history", state: "ok", since: null, accepted: 0, written: 0, in_hand: 0, outbox_rows: 0, outbox_bytes: 0, outbox_age_s: null,
  dropped: {}, trouble: null, last_error: null, next_attempt_in_s: null, ...changes,
});

const told = (markets: HubMarket[], changes: Partial<HubTold> = {}): Told => ({
  asOf: NOON, heardAt: NOON,
  hub: {
    version: "1", started_ts: 0, loop_lag_max_ms: 0, markets, sinks: [],
    clients: { stream: 1, realtime: 0, subscriptions: 1, conflated: 0, missed: 0 },
    traffic: { messages_in: 0, bytes_in: 0, messages_in_per_s: 0, messages_out: 0, bytes_out: 0 }, ...changes,
  },
});

const now = (changes: Partial<Circumstances> = {}): Circumstances => ({
  connection: "open", lostSince: null, refusal: null, told: told([market()]), nowMs: NOON, zone: "utc", ...changes,
});

const words = (changes: Partial<Circumstances>): string[] => whatToSay(now(changes)).map((each) => `${each.level}: ${each.words}`);

describe("an exchange", () => {
  it("is as its markets are, and as old as the oldest of them", () => {
    const [one] = exchangeConditions([market(), market({ market: "spot", age_ms: 900 })]);
    expect([one?.state, one?.ageMs]).toEqual(["live", 900]);
  });

  it.each([
    [["live", "stale"], "partly-live"], [["stale", "disconnected"], "disconnected"], [["connecting"], "connecting"], [["stopped"], "stopped"],
  ] as const)("of markets that are %s is %s", (states, expected) => {
    expect(exchangeConditions(states.map((state) => market({ state })))[0]?.state).toBe(expected);
  });

  it("that nobody wants is stopped, whatever it did last", () => {
    expect(exchangeConditions([market({ running: false, age_ms: 9e6 })])[0]).toMatchObject({ state: "stopped", ageMs: null });
  });
});

describe("the badge", () => {
  it.each([
    [[market()], "LIVE"], [[market(), market({ state: "stale" })], "PARTLY LIVE"], [[market({ state: "connecting" })], "NOT LIVE"],
    [[market({ running: false })], "STOPPED"],
  ] as const)("tells %j as %s", (markets, word) => expect(badgeOf("open", told([...markets]), NOON).word).toBe(word));

  it("is not LIVE without contact, even if the last answer was good", () => {
    expect(badgeOf("lost", told([market()]), NOON).word).toBe("NO CONTACT");
    expect(badgeOf("open", told([market()]), NOON + 60_000).word).toBe("NO CONTACT");
    expect(badgeOf("connecting", undefined, NOON).word).toBe("CONNECTING");
    expect(badgeOf("refused", told([market()]), NOON).word).toBe("REFUSED");
  });
});

describe("an answer", () => {
  it("is current while there is contact, and for a short time", () => {
    const answer = told([market()]);
    expect(isCurrent("open", answer, NOON + 3000)).toBe(true);
    expect(isCurrent("connecting", answer, NOON)).toBe(true);
    expect(isCurrent("open", answer, NOON + 60_000)).toBe(false);
    expect(isCurrent("lost", answer, NOON)).toBe(false);
    expect(isCurrent("open", undefined, NOON)).toBe(false);
  });
});

describe("what must be said", () => {
  it("is nothing while all is well, and of what was stopped on purpose", () => {
    expect(words({})).toEqual([]);
    expect(words({ told: told([market({ running: false, state: "disconnected" })]) })).toEqual([]);
  });

  it("names a market that is not live, since when, why, and what comes next", () => {
    const lost = market({ state: "disconnected", age_ms: 14_000, last_error: "reset by peer", next_attempt_ts: NOON + 3000 });
    expect(words({ told: told([lost]) })).toEqual([
      "warning: Bybit linear is disconnected: its newest data is from 11:59:46 (14 s ago), and shown as stale. Reason: reset by peer. Next attempt in 3 s.",
    ]);
  });

  it("does not warn of what has only begun", () => {
    expect(words({ told: told([market({ state: "connecting", age_ms: null })]) })).toEqual(["note: Bybit linear is connecting: nothing has come yet."]);
  });

  it("names instruments that fell silent, and puts warnings before notes", () => {
    const silent = market({ stale: 12, stale_symbols: ["A", "B"] }), lost = market({ market: "spot", state: "stale", age_ms: 5000 });
    const said = words({ told: told([silent, lost]) });
    expect(said[0]).toMatch(/^warning: Bybit spot is stale/);
    expect(said[1]).toBe("note: Bybit linear: 12 of 40 instruments fell silent and are shown as stale: A, B and 10 more.");
  });

  it("says of a lost connection nothing else: nothing else is known", () => {
    expect(words({ connection: "lost", lostSince: NOON - 5000, told: told([market({ state: "stale" })]) })).toEqual([
      "warning: No contact with the hub since 11:59:55 (5 s). What is shown is as it was then. Trying again.",
    ]);
    expect(words({ nowMs: NOON + 60_000 })[0]).toMatch(/^warning: No contact with the hub since 12:00:00/);
    expect(words({ connection: "refused", refusal: "too many errors" })[0]).toMatch(/too many errors/);
  });

  it("tells of a sink in trouble, and warns where rows are lost", () => {
    const sinks = [sink({ state: "down", trouble: "connection refused" }), sink({ name: "redis", state: "disk_full" }), sink({ state: "catching_up" })];
    expect(words({ told: told([market()], { sinks }) }).map((each) => each.slice(0, 24))).toEqual(["warning: The sink redis h", "note: The sink history t"].map((each) => each.slice(0, 24)));
  });
});

describe("figures", () => {
  it("are rates between two answers of one run, and unknown from one", () => {
    const first = told([]), second = { ...told([], { traffic: { ...first.hub.traffic, messages_out: 50 } }), asOf: NOON + 2000 };
    expect(ratePerS(second, first, (hub) => hub.traffic.messages_out)).toBe(25);
    expect(ratePerS(second, undefined, (hub) => hub.traffic.messages_out)).toBeNull();
  });

  it("of latency are those of the slowest market that is live", () => {
    const found = slowest([market(), market({ market: "spot", p99_ms: 90 }), market({ state: "stale", p99_ms: 5000 }), market({ p50_ms: null, p99_ms: null })]);
    expect(found?.market).toBe("spot");
    expect(slowest([])).toBeNull();
  });
});
