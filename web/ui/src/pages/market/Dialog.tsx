/** Something that stands above the page until it is closed. */

import { onCleanup, onMount, type JSX } from "solid-js";

export function Dialog(props: { title: string; onClose: () => void; children: JSX.Element }): JSX.Element {
  let dialog!: HTMLDialogElement;
  const focused = document.activeElement;
  onMount(() => dialog.showModal());
  onCleanup(() => { if (focused instanceof HTMLElement) focused.focus(); });
  const closeBeside = (event: MouseEvent): void => { if (event.target === dialog) dialog.close(); };
  return (
    <dialog class="market-dialog" ref={dialog} aria-label={props.title} onClose={() => props.onClose()} onClick={closeBeside}>
      <div class="market-dialog-body">
        <header>
          <h2>{props.title}</h2>
          <button type="button" onClick={() => dialog.close()}>Close</button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
