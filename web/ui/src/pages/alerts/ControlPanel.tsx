/** That rules cannot be changed from here, why, and how they can. */

import { createSignal, Show, type JSX } from "solid-js";

import { askForControl, controlRefusal } from "~/live/control";

export function ControlPanel(): JSX.Element {
  const [isWrong, setWrong] = createSignal(false);
  let input!: HTMLInputElement;
  const offer = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const offered = input.value;
    input.value = "";
    await askForControl(offered).catch(() => {});
    setWrong(true); // or we are not shown any more
    input.focus();
  };
  return (
    <section class="panel alerts-control" aria-labelledby="control-title">
      <h2 id="control-title">Rules can be read here, and not changed</h2>
      <div class="alerts-pad">
        <p>{controlRefusal()}</p>
        <p class="muted">
          Open this page on the hub's own machine, through an address such as http://127.0.0.1, or give a token with the right to control.
          Whoever runs the hub makes one with <code>python supervisor.py token create NAME --scopes read,control</code>.
          It is sent to this hub only, and forgotten with the page.
        </p>
        <form class="alerts-token" onSubmit={(event) => void offer(event)}>
          <label>Token <input ref={input} type="password" autocomplete="off" maxlength="500" required aria-invalid={isWrong()} /></label>
          <button type="submit">Use it</button>
          <Show when={isWrong()}><span class="problem" role="alert">{controlRefusal()}</span></Show>
        </form>
      </div>
    </section>
  );
}
