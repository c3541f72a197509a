/** Turning notifications of the browser on and off. The browser asks its user only after a click on it. */

import { Match, Switch, type JSX } from "solid-js";

import { isNotifying, notificationPermission, setNotifying } from "~/shell/notifying";

const BLOCKED = "This browser blocks notifications of this hub: allow them in its settings for this address.";
const UNSUPPORTED = "Browsers notify over HTTPS, or from their own machine, only.";

export function NotifyingButton(): JSX.Element {
  return (
    <span class="alerts-notifying end">
      <Switch>
        <Match when={notificationPermission() === "unsupported"}><span class="muted" title={UNSUPPORTED}>no browser notifications here</span></Match>
        <Match when={notificationPermission() === "denied"}><span class="muted" title={BLOCKED}>notifications blocked by the browser</span></Match>
        <Match when={true}>
          <button type="button" aria-pressed={isNotifying()} title="While a tab of this hub is open" onClick={() => void setNotifying(!isNotifying())}>
            Browser notifications {isNotifying() ? "on" : "off"}
          </button>
        </Match>
      </Switch>
    </span>
  );
}
