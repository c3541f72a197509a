import { describe, expect, it } from "vitest";

import { numberIn, oneOf, searchOf, textsOf } from "~/list/address";
import { heatOf } from "~/list/heat";

const USUAL = { q: "", sort: "-net", fee: "5" };

describe("an address", () => {
  it("leaves out what is as ever", () => {
    expect(searchOf(USUAL, USUAL)).toBe("");
    expect(searchOf({ ...USUAL, q: "a&b", fee: "0" }, USUAL)).toBe("?q=a%26b&fee=0");
  });

  it("is read as it was written, whatever stands in it", () => {
    const texts = { q: "<b> ü=&+", sort: "", fee: "5" };
    expect(textsOf(searchOf(texts, USUAL), USUAL)).toEqual(texts);
    expect(textsOf("?q=x&nobody=1", USUAL)).toEqual({ ...USUAL, q: "x" });
  });

  it("means the usual where it means nothing", () => {
    expect(oneOf("heat", ["table", "heat"])).toBe("heat");
    expect(oneOf("sphere", ["table", "heat"])).toBe("table");
    expect([numberIn("7", 0, 10, 5), numberIn("70", 0, 10, 5), numberIn("", 0, 10, 5), numberIn("seven", 0, 10, 5), numberIn("NaN", 0, 10, 5)]).toEqual([7, 10, 5, 5, 5]);
  });
});

describe("heat", () => {
  it("grows with the steps, on both sides of nothing", () => {
    expect([0.5, 1, 3, 9, 99, -1, -99].map((value) => heatOf(value, [1, 2, 5, 10]))).toEqual([0, 1, 2, 3, 4, -1, -4]);
  });

  it("is none where nothing is known", () => {
    expect([null, undefined, NaN].map((value) => heatOf(value, [1]))).toEqual([0, 0, 0]);
  });
});
