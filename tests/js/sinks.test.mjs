import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { describeSink, sinkProblems } from "../../web/static/js/sinks.js";

const sink = (state, more = {}) => ({
  name: "questdb", state, since: null, outbox_rows: 0, outbox_age_s: null, dropped: {}, trouble: null, next_attempt_in_s: null, ...more,
});

describe("the words about sinks", () => {
  it("are silent about those that are well, or only a moment behind", () => {
    assert.deepEqual(sinkProblems([sink("ok"), sink("catching_up", { outbox_rows: 9, outbox_age_s: 1 })]), []);
  });

  it("say of one that is down why, what waits, and when it is tried again", () => {
    const down = sink("down", { trouble: "connection refused", outbox_rows: 12345, next_attempt_in_s: 5 });
    assert.deepEqual(sinkProblems([down], 2000), [{ level: "warning", text:
      "QuestDB takes no rows. Reason: connection refused. 12,345 rows wait on disk. Nothing is lost so far. Next attempt in 3 s." }]);
  });

  it("say what is lost", () => {
    const full = sink("disk_full", { name: "history", trouble: "database or disk is full", in_hand: 7, dropped: { disk_full: 1, too_old: 2 } });
    assert.equal(describeSink(full), "The hub cannot put rows for the history on its own disk. "
      + "Reason: database or disk is full. 7 rows wait in memory. Dropped since the start: 3 rows. Live prices go on; rows are kept again once there is room.");
    assert.equal(describeSink(sink("refused", { trouble: "no column `x`", dropped: { refused: 1 } })),
      "QuestDB refuses rows. Reason: no column `x`. Dropped since the start: 1 row.");
  });

  it("put trouble before what is being made up for", () => {
    const late = sink("catching_up", { name: "redis", outbox_rows: 1, outbox_age_s: 60 });
    assert.deepEqual(sinkProblems([late, sink("down")]).map(({ level }) => level), ["warning", "note"]);
    assert.equal(describeSink(sink("ok", { name: "kafka" })), "Kafka takes every row.");
  });
});
