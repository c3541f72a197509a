import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { compact, decimalsOf, exact, fixed, latency, percent, span, spreadBps } from "../../web/static/js/format.js";

const each = (write, cases) => {
  for (const [input, expected] of cases) assert.equal(write(...[input].flat()), expected, `${write.name}(${input})`);
};

describe("numbers", () => {
  it("know their decimals, however they are spelled", () => {
    each(decimalsOf, [[1, 0], [64123.5, 1], [0.0001, 4], [1e-7, 7], [1.25e-7, 9], [1e21, 0], [1e-30, 12], [null, 0], [NaN, 0]]);
  });

  it("keep the decimals they are given, with thousands apart", () => {
    each(fixed, [[[64123.5, 2], "64,123.50"], [[-1234.5, 1], "−1,234.5"], [[0.00001234, 8], "0.00001234"], [[0, 2], "0.00"]]);
    each(exact, [[1234567.25, "1,234,567.25"], [1e-7, "0.0000001"]]);
  });

  it("are short by magnitude, also where rounding changes the unit", () => {
    each(compact, [[0, "0"], [0.01234, "0.0123"], [1, "1.00"], [9.996, "10.0"], [99.96, "100"], [999.4, "999"],
      [999.6, "1.00K"], [12345, "12.3K"], [999_499, "999K"], [999_999, "1.00M"], [1.5e9, "1.50B"], [-2e12, "−2.00T"], [3e15, "3,000T"]]);
  });

  it("say – when nothing is known, never 0 or NaN", () => {
    for (const unknown of [null, undefined, NaN, Infinity]) {
      for (const write of [compact, exact, fixed, percent, span, latency]) assert.equal(write(unknown, 2), "–");
    }
    assert.equal(spreadBps(null, 1), null);
    assert.equal(spreadBps(0, 0), null);
  });

  it("show their sign, but not of nothing", () => {
    each(percent, [[1.5, "+1.50%"], [-1.5, "−1.50%"], [0, "0.00%"], [-0.001, "0.00%"], [[0.01, 4], "+0.0100%"]]);
  });

  it("tell a spread in basis points, negative if crossed", () => {
    assert.equal(Math.round(spreadBps(99.99, 100.01) * 1000) / 1000, 2);
    assert.ok(spreadBps(101, 100) < 0);
  });
});

describe("times", () => {
  it("use one unit, rounded down", () => {
    each(span, [[0, "<1 s"], [-50, "<1 s"], [999, "<1 s"], [1000, "1 s"], [59_999, "59 s"], [60_000, "1 min"], [7_200_000, "2 h"], [200_000_000, "2 d"]]);
  });

  it("are exact for latencies", () => {
    each(latency, [[0.44, "0.4 ms"], [37.4, "37 ms"], [1204, "1.20 s"], [75_000, "75 s"]]);
  });
});
