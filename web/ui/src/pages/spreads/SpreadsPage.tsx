import type { JSX } from "solid-js";

export default function SpreadsPage(): JSX.Element {
  return <h1>Spreads</h1>;
}
