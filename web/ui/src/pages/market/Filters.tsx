/** What narrows the list, beside the search: toggles for what there is, and an expression for the rest. */

import { createUniqueId, For, Show, type JSX } from "solid-js";

import { Picker } from "~/list/controls";
import { toggled, type View } from "~/pages/market/view";

type Named = "exchanges" | "markets";

export interface FiltersProps {
  readonly view: View;
  readonly onChange: (change: (view: View) => View) => void;
  readonly choices: Readonly<Record<Named | "quotes", readonly string[]>>;
  /** Why the hub does not understand the expression. */
  readonly problem: string | null;
}

export function Filters(props: FiltersProps): JSX.Element {
  return (
    <>
      <Toggles label="Exchange" name="exchanges" {...props} />
      <Toggles label="Market" name="markets" {...props} />
      <Picker
        label="Quote" any="any quote" values={props.choices.quotes} chosen={props.view.quote}
        onChoose={(quote) => props.onChange((view) => ({ ...view, quote }))}
      />
      <Expression {...props} />
    </>
  );
}

function Toggles(props: FiltersProps & { label: string; name: Named }): JSX.Element {
  const all = (): string[] => [...new Set([...props.choices[props.name], ...props.view[props.name]])];
  return (
    <div class="choices" role="group" aria-label={props.label}>
      <For each={all()}>
        {(value) => (
          <button
            type="button" class="name" aria-pressed={props.view[props.name].includes(value)}
            onClick={() => props.onChange((view) => ({ ...view, [props.name]: toggled(view[props.name], value) }))}
          >
            {value}
          </button>
        )}
      </For>
    </div>
  );
}

/** Asked when it is finished, by Enter or by leaving the field: half an expression would be a mistake every time. */
function Expression(props: FiltersProps): JSX.Element {
  const problemId = createUniqueId();
  const apply = (text: string): void => props.onChange((view) => ({ ...view, filter: text.trim() }));
  const giveUp = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    if (event.key !== "Escape") return;
    event.currentTarget.value = props.view.filter;
    event.currentTarget.blur();
  };
  return (
    <div class="market-expression">
      <input
        type="text" aria-label="Filter expression" placeholder="filter: turnover_24h>10m and funding_apr>20"
        spellcheck={false} autocapitalize="off" autocomplete="off" maxlength="1000" value={props.view.filter}
        aria-invalid={props.problem !== null} aria-describedby={props.problem === null ? undefined : problemId}
        onChange={(event) => apply(event.currentTarget.value)} onKeyDown={giveUp}
      />
      <Show when={props.problem}>{(problem) => <p class="problem" id={problemId} role="alert">{problem()}</p>}</Show>
    </div>
  );
}
