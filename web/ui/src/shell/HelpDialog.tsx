/** The keys of all pages and of this one. */

import { For, onMount, type JSX } from "solid-js";

import { pageHelp, type Help } from "~/shell/help";

const EVERYWHERE: Help = {
  title: "Everywhere",
  keys: [
    ["[  ]", "the page before, the page after"], ["?", "this help"], ["Esc", "close, or leave a field"],
    ["Tab", "go on to the next control"],
  ],
};

export function HelpDialog(props: { onClose: () => void }): JSX.Element {
  let dialog!: HTMLDialogElement;
  onMount(() => dialog.showModal());
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => props.onClose()}
      onClick={(event) => { if (event.target === dialog) dialog.close(); }}>
      <header><h2 id="help-title">Keys</h2><button type="button" onClick={() => dialog.close()}>Close</button></header>
      <For each={[...pageHelp(), EVERYWHERE]}>
        {(help) => (
          <section>
            <h3>{help.title}</h3>
            <dl><For each={help.keys}>{([keys, meaning]) => <div><dt><kbd>{keys}</kbd></dt><dd>{meaning}</dd></div>}</For></dl>
          </section>
        )}
      </For>
      <p class="muted">
        Only what is live is shown as current: anything else is grey and says how old it is. The API is described at{" "}
        <a href="/docs" target="_blank" rel="noreferrer">/docs</a>; raw frames are at{" "}
        <a href="/realtime-test?console" target="_blank" rel="noreferrer">/realtime-test</a>.
      </p>
    </dialog>
  );
}
