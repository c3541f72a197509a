import type { JSX } from "solid-js";

export default function AlertsPage(): JSX.Element {
  return <h1>Alerts</h1>;
}
