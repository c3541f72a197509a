import { describe, expect, it } from "vitest";

import { blank, changeOf, draftOf, keysOf, numberOf, partOf, PARTS, ruleOf, type Draft } from "~/pages/alerts/draft";
import type { Kind, Rule } from "~/pages/alerts/told";

const RULE: Rule = {
  name: "btc-above", keys: ["*:linear:BTC*"], when: { kind: "above", field: "price", value: 100000 }, enabled: true, for_s: 10, hysteresis: 100,
  cooldown_s: 600, schedule: { from_hour: 7, to_hour: 22, weekdays: ["mon", "fri"] }, severity: "critical", note: "look at the hedge",
  notify: ["ops"], notify_on: ["fired", "resolved"],
};

const drafted = (changes: Partial<Draft>): Draft => ({ ...blank(), name: "x", keys: "BTCUSDT", value: "1", ...changes });

describe("a draft", () => {
  it("of a rule gives the same rule", () => {
    expect(ruleOf(draftOf(RULE))).toEqual(RULE);
    const quality: Rule = { ...RULE, when: { kind: "quality", channel: "book", states: ["gapped"] }, schedule: null, hysteresis: 0 };
    expect(ruleOf(draftOf(quality))).toEqual(quality);
  });

  it("sends the fields of its kind of condition and no others", () => {
    const all = { field: "bid", value: "5", percent: "2", window_s: "60", deviations: "4", direction: "up" };
    for (const kind of Object.keys(PARTS) as Kind[]) {
      const when = ruleOf(drafted({ ...all, kind }))["when"] as Record<string, unknown>;
      expect(Object.keys(when).sort()).toEqual(["kind", ...PARTS[kind]].sort());
    }
  });

  it("leaves out what is empty and sends what is no number as it is, so that the hub says what it wants", () => {
    expect(ruleOf(drafted({ value: "" }))["when"]).toEqual({ kind: "above", field: "price" });
    expect(ruleOf(drafted({ value: "much" }))["when"]).toMatchObject({ value: "much" });
    expect(ruleOf(drafted({ for_s: "", note: "  " }))).not.toHaveProperty("for_s");
  });

  it("changes what the form has, and nothing else", () => {
    const { name: _, enabled: __, ...rest } = RULE;
    expect(changeOf(draftOf(RULE))).toEqual(rest);
    expect(changeOf(draftOf({ ...RULE, enabled: false }))).toEqual(rest);
  });

  it("changes what was emptied into what it is without anybody's word", () => {
    const emptied = changeOf({ ...draftOf(RULE), value: "", for_s: " ", note: "", from_hour: "" });
    expect(emptied).toMatchObject({ when: { kind: "above", value: null }, for_s: null, note: null, schedule: { from_hour: null, to_hour: 22 } });
    expect(changeOf({ ...draftOf(RULE), isScheduled: false })).toMatchObject({ schedule: null });
  });

  it("has a schedule only if it is wanted, with its days in their order", () => {
    expect(ruleOf(drafted({}))["schedule"]).toBeNull();
    expect(ruleOf(drafted({ isScheduled: true, from_hour: "22", to_hour: "6", weekdays: ["sun", "mon"] }))["schedule"])
      .toEqual({ from_hour: 22, to_hour: 6, weekdays: ["mon", "sun"] });
  });
});

describe("numbers as people write them", () => {
  it.each([
    ["100000", 100000], ["100,000", 100000], ["1 000 000", 1000000], ["25k", 25000], ["1.5M", 1500000], ["-0.25", -0.25], ["−3", -3], ["1e-4", 0.0001], [".5", 0.5],
    ["", undefined], ["  ", undefined], ["much", "much"], ["1,5", "1,5"], ["12,34", "12,34"], ["0x10", "0x10"], ["Infinity", "Infinity"],
  ])("%j is %j", (text, value) => expect(numberOf(text)).toBe(value));
});

it("takes keys by lines and commas, each once", () => {
  expect(keysOf(" bybit:linear:BTC* \n\nETH-USDT, SOLUSDT,ETH-USDT\n")).toEqual(["bybit:linear:BTC*", "ETH-USDT", "SOLUSDT"]);
});

it.each([
  ["name", "name"], ["keys[0]", "keys"], ["when.value", "value"], ["when.states[2]", "states"], ["when", "kind"], ["when.kind", "kind"], ["schedule.to_hour", "to_hour"],
  ["schedule", "isScheduled"], ["schedule.weekdays", "weekdays"], ["notify[0]", "notify"], ["", ""], ["rule", ""],
])("what is wrong in %j is told at %j", (place, part) => expect(partOf(place)).toBe(part));
