/** What the state of a sink means, in words: where history goes, and whether it arrives. Pure. */

import { clockTime, fixed, title } from "./format.js";
import { nextAttempt } from "./words.js";

const NAMES = { history: "The history", questdb: "QuestDB", redis: "Redis" };
const TROUBLE = new Set(["down", "refused", "disk_full"]);
const WAITED_LONG_S = 10; // rows that wait for less are on their usual way

const sinkName = ({ name }) => NAMES[name] ?? title(name);
const rows = (count) => (count === 1 ? "1 row" : `${fixed(count, 0)} rows`);
const stop = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);
const join = (...parts) => parts.filter(Boolean).join(" ");
const since = ({ since: at }) => (at ? ` since ${clockTime(Date.parse(at))}` : "");
const reason = ({ trouble }) => (trouble ? `Reason: ${stop(trouble)}` : "");
const droppedRows = ({ dropped = {} }) => Object.values(dropped).reduce((sum, count) => sum + count, 0);

function kept(sink) {
  const lost = droppedRows(sink);
  const onDisk = sink.outbox_rows ? `${rows(sink.outbox_rows)} wait on disk.` : "";
  const inMemory = sink.state === "disk_full" && sink.in_hand ? `${rows(sink.in_hand)} wait in memory.` : "";
  return join(onDisk, inMemory, lost ? `Dropped since the start: ${rows(lost)}.` : "Nothing is lost so far.");
}

/** One sink, in sentences. Prices do not depend on it, and that is said where somebody might fear it. */
export function describeSink(sink, elapsedMs = 0) {
  const name = sinkName(sink);
  if (sink.state === "down") {
    return join(`${name} takes no rows${since(sink)}.`, reason(sink), kept(sink), nextAttempt(sink.next_attempt_in_s, elapsedMs));
  }
  if (sink.state === "refused") return join(`${name} refuses rows.`, reason(sink), kept(sink));
  if (sink.state === "disk_full") {
    return join(`The hub cannot put rows for ${name.replace("The", "the")} on its own disk${since(sink)}.`, reason(sink), kept(sink),
      "Live prices go on; rows are kept again once there is room.");
  }
  if (sink.state === "catching_up") return `${name} is given what has waited: ${rows(sink.outbox_rows)} are left.`;
  return `${name} takes every row.`;
}

/** Whether a person should know of it. */
export const isTrouble = ({ state }) => TROUBLE.has(state);

/** What the reader should know about the sinks: `{level, text}`, the worst first. */
export function sinkProblems(sinks, elapsedMs = 0) {
  const late = sinks.filter(({ state, outbox_age_s: age }) => state === "catching_up" && age >= WAITED_LONG_S);
  const told = (level) => (sink) => ({ level, text: describeSink(sink, elapsedMs) });
  return [...sinks.filter(isTrouble).map(told("warning")), ...late.map(told("note"))];
}
