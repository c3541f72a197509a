import { describe, expect, it } from "vitest";

import { amountOf, KEPT_MAX, SHOWN_MAX, Tape } from "~/pages/terminal/tape/tape";
import { trade } from "./made";

const told = (tape: Tape): string[] => tape.rows.map((row) => row.missed ?? row.trade.trade_id);

describe("Tape", () => {
  it("shows the newest first", () => {
    const tape = new Tape();
    tape.add([trade(1), trade(2)]);
    tape.add([trade(3)]);
    expect(told(tape)).toEqual(["3", "2", "1"]);
  });

  it("shows only trades of a value, and those from before when it is lowered", () => {
    const tape = new Tape();
    tape.setMinimum(500);
    tape.add([trade(1, { size: 5 }), trade(2, { size: 4 }), trade(3, { size: 6 })]);
    expect(told(tape)).toEqual(["3", "1"]);
    tape.setMinimum(400);
    expect(told(tape)).toEqual(["3", "2", "1"]);
  });

  it("keeps a large trade however many small ones come", () => {
    const tape = new Tape();
    tape.setMinimum(500);
    tape.add([trade(0, { size: 5 })]);
    tape.add(Array.from({ length: KEPT_MAX + 10 }, (_, index) => trade(index + 1)));
    expect(told(tape)).toEqual(["0"]);
  });

  it("is bounded", () => {
    const tape = new Tape();
    for (let round = 0; round < 4; round += 1) tape.add(Array.from({ length: 1000 }, (_, index) => trade(round * 1000 + index)));
    expect(tape.rows).toHaveLength(SHOWN_MAX);
    tape.setMinimum(1);
    expect(told(tape)[0]).toBe("3999");
  });

  it("says where trades are missing, once, whatever is filtered", () => {
    const tape = new Tape();
    tape.setMinimum(1e9);
    tape.add([trade(1)]);
    tape.miss(12);
    tape.miss(null);
    expect(told(tape)).toEqual(["12 trades missed"]);
  });

  it("begins anew with a snapshot", () => {
    const tape = new Tape();
    tape.add([trade(1)]);
    tape.add([trade(2)], true);
    expect(told(tape)).toEqual(["2"]);
  });
});

describe("amountOf", () => {
  it.each([["10k", 10_000], ["1.5M", 1.5e6], ["2,500", 2500], [" 3 b ", 3e9], [".5k", 500], ["", 0], ["k", null], ["ten", null], ["1e9", null], ["-5", null], [".", null]])(
    "%s is %s", (text, amount) => expect(amountOf(text)).toBe(amount),
  );
});
