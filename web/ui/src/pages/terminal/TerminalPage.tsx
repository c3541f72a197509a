import type { JSX } from "solid-js";

export default function TerminalPage(): JSX.Element {
  return <h1>Terminal</h1>;
}
