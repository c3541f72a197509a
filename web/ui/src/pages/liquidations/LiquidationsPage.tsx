import type { JSX } from "solid-js";

export default function LiquidationsPage(): JSX.Element {
  return <h1>Liquidations</h1>;
}
