import type { JSX } from "solid-js";

export default function FundingPage(): JSX.Element {
  return <h1>Funding</h1>;
}
