import type { JSX } from "solid-js";

export default function MarketPage(): JSX.Element {
  return <h1>Market</h1>;
}
