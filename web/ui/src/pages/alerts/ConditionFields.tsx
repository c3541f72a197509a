/** The form of one kind of condition. */

import { For, type JSX } from "solid-js";

import { FIELDS, PARTS, type Draft } from "~/pages/alerts/draft";
import { ChoiceField, ManyField, TextField, type Form } from "~/pages/alerts/fields";

const DIRECTIONS = [["any", "up or down"], ["up", "up"], ["down", "down"]] as const;
const MEASURES = [["spread_bps", "best bid above best ask, bps"], ["basis_bps", "perpetual from spot, bps"], ["funding_apr", "funding, percent per year"]] as const;
const SIDES = [["any", "longs and shorts"], ["long", "longs"], ["short", "shorts"]] as const;
const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"].map((each) => [each, each] as const);
const CHANNELS = ["ticker", "quote", "trades", "book", "liquidations", "candles"].map((each) => [each, each] as const);
const QUALITIES = ["connecting", "syncing", "live", "stale", "gapped", "halted", "refused"];

const CONTROLS: Partial<Record<keyof Draft, (props: { form: Form }) => JSX.Element>> = {
  field: (props) => <TextField form={props.form} part="field" label="Field" options={FIELDS} hint="Any number of a ticker" />,
  value: (props) => <TextField form={props.form} part="value" label="Value" numeric placeholder="100,000 or 25k" />,
  direction: (props) => <ChoiceField form={props.form} part="direction" label="Direction" options={DIRECTIONS} />,
  percent: (props) => <TextField form={props.form} part="percent" label="Percent" numeric placeholder="3" />,
  window_s: (props) => <TextField form={props.form} part="window_s" label="Within" numeric hint="Seconds" />,
  measure: (props) => <ChoiceField form={props.form} part="measure" label="Measure" options={MEASURES} />,
  side: (props) => <ChoiceField form={props.form} part="side" label="Whose positions" options={SIDES} />,
  deviations: (props) => <TextField form={props.form} part="deviations" label="Standard deviations" numeric placeholder="4" />,
  interval: (props) => <ChoiceField form={props.form} part="interval" label="Bars of" options={INTERVALS} />,
  bars: (props) => <TextField form={props.form} part="bars" label="Compared with the last" numeric hint="Bars, 10 to 1000" />,
  channel: (props) => <ChoiceField form={props.form} part="channel" label="Channel" options={CHANNELS} />,
  states: (props) => <ManyField form={props.form} part="states" label="Is in one of these states" options={QUALITIES} />,
};

export function ConditionFields(props: { form: Form }): JSX.Element {
  return <For each={PARTS[props.form.draft.kind]}>{(part) => CONTROLS[part]?.({ form: props.form })}</For>;
}
