import { describe, expect, it } from "vitest";

import { merged } from "~/pages/alerts/happened";
import type { Alert, RuleState, RuleTold, When } from "~/pages/alerts/told";
import { countsOf, kindOf, sifted, stateOf } from "~/pages/alerts/view";
import { conditionWords, isInstrument, scheduleWords, seconds } from "~/pages/alerts/words";
import { worthTelling } from "~/shell/notifying";

const told = (name: string, state: RuleState, note = ""): RuleTold => ({
  rule: {
    name, keys: ["bybit:linear:BTC*"], when: { kind: "above", field: "price", value: 1 }, enabled: true, for_s: 0, hysteresis: 0, cooldown_s: 60,
    schedule: null, severity: "warning", note, notify: [], notify_on: ["fired"],
  },
  origin: "api", state, counts: {}, muted_until: null,
});

const alert = (number: number, changes: Partial<Alert> = {}): Alert => ({
  id: `al_${number}`, number, kind: "fired", rule: "r", severity: "warning", subject: "a:b:C", value: 1, bound: 1, text: "t", note: "", muted: false,
  ts: number, since: number, ...changes,
});

describe("the list of rules", () => {
  const rules = [told("b", "idle"), told("a", "idle", "Hedge"), told("z", "firing"), told("m", "stale")];
  const names = (search: string, state: RuleState | ""): string[] => sifted(rules, search, state).map(({ rule }) => rule.name);

  it("has what matters most first, and equals by name", () => expect(names("", "")).toEqual(["z", "m", "a", "b"]));
  it("is found by every word, anywhere", () => {
    expect(names("hedge btc", "")).toEqual(["a"]);
    expect(names("nothing", "")).toEqual([]);
  });
  it("is narrowed to a state, and counted by it", () => {
    expect(names("", "idle")).toEqual(["a", "b"]);
    expect(countsOf(rules)).toEqual({ idle: 2, firing: 1, stale: 1 });
  });
});

it("takes nothing from an address that there is not", () => {
  expect([stateOf("firing"), stateOf("on fire")]).toEqual(["firing", ""]);
  expect([kindOf(""), kindOf("moves"), kindOf("toString"), kindOf("?")]).toEqual([null, "moves", "above", "above"]);
});

describe("what happened", () => {
  it("has each alert once, the newest first, and no more than it may", () => {
    expect(merged([alert(3), alert(1)], [alert(2), alert(3), alert(4), alert(4)]).map(({ number }) => number)).toEqual([4, 3, 2, 1]);
    expect(merged([alert(3), alert(1)], [alert(2)], 2).map(({ number }) => number)).toEqual([3, 2]);
  });
  it("is the same while nothing is new, so that nothing is painted", () => {
    const known = [alert(2), alert(1)];
    expect(merged(known, [alert(1)])).toBe(known);
  });
  it("is worth a notification when it fires or cannot be judged, and was not muted", () => {
    const came = [alert(1), alert(2, { kind: "resolved" }), alert(3, { kind: "stale" }), alert(4, { muted: true }), alert(5, { kind: "fresh" })];
    expect(worthTelling(came).map(({ id }) => id)).toEqual(["al_1", "al_3"]);
  });
});

describe("a rule in words", () => {
  it.each<[When, string]>([
    [{ kind: "above", field: "price", value: 100000 }, "price > 100,000"],
    [{ kind: "below", field: "funding_apr", value: -0.00012 }, "funding_apr < -0.00012"],
    [{ kind: "crosses", field: "mid", value: 1, direction: "up" }, "mid crosses 1 up"],
    [{ kind: "moves", field: "price", percent: 3, window_s: 300, direction: "any" }, "price moves 3 % up or down within 5 m"],
    [{ kind: "across", measure: "spread_bps", value: 5 }, "spread_bps across exchanges > 5"],
    [{ kind: "liquidations", value: 1e6, window_s: 60, side: "long" }, "long liquidations ≥ 1.000 M within 1 m"],
    [{ kind: "volume", deviations: 4, interval: "5m", bars: 60 }, "5m volume ≥ 4 σ above the last 60"],
    [{ kind: "quality", channel: "book", states: ["stale", "gapped"] }, "book is stale or gapped"],
  ])("%j", (when, words) => expect(conditionWords(when)).toBe(words));

  it("tells spans without what is nothing", () => expect([0, 45, 60, 90, 3600, 86_400].map(seconds)).toEqual(["at once", "45 s", "1 m", "1 m 30 s", "1 h", "1 d"]));
  it("tells when it may fire", () => {
    expect(scheduleWords(null)).toBe("always");
    expect(scheduleWords({ from_hour: 22, to_hour: 6, weekdays: ["sat", "sun"] })).toBe("sat, sun, 22–06 h UTC");
    expect(scheduleWords({ from_hour: 0, to_hour: 24, weekdays: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] })).toBe("every day, 00–24 h UTC");
  });
  it("knows instruments from assets", () => expect([isInstrument("bybit:linear:BTCUSDT"), isInstrument("hl:perp:a:b"), isInstrument("BTC-USD")]).toEqual([true, true, false]));
});
