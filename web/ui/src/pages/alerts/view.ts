/** What a reader chose to see of the alerts, as the page's address carries it. Pure. */

import { KINDS } from "~/pages/alerts/words";
import { STATES, type Kind, type RuleState, type RuleTold } from "~/pages/alerts/told";

/** `at` is the rule beside the list, `edit` the one that is being changed, `copy` the one whose copy is, `new` a kind of condition. */
export const USUAL = { q: "", state: "", at: "", edit: "", copy: "", new: "", keys: "" };
export type Address = typeof USUAL;
/** Nothing beside the list. */
export const CLOSED = { at: "", edit: "", copy: "", new: "", keys: "" } as const;

/** The state that an address asks for; empty for all. */
export const stateOf = (text: string): RuleState | "" => STATES.find((state) => state === text) ?? "";

/** The kind of a new rule that an address asks for; null where it asks for none. */
export const kindOf = (text: string): Kind | null =>
  text === "" ? null : Object.hasOwn(KINDS, text) ? text as Kind : "above";

/** The rules that a view shows, those that matter most first. */
export function sifted(rules: readonly RuleTold[], search: string, state: RuleState | ""): RuleTold[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ rule }: RuleTold): boolean => {
    const text = [rule.name, rule.note, rule.severity, rule.when.kind, ...rule.keys].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = rules.filter((each) => (state === "" || each.state === state) && fits(each));
  return found.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || (a.rule.name < b.rule.name ? -1 : 1));
}

/** How many rules are in each state. */
export function countsOf(rules: readonly RuleTold[]): Partial<Record<RuleState, number>> {
  const counts: Partial<Record<RuleState, number>> = {};
  for (const { state } of rules) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
