import type { JSX } from "solid-js";

export default function QualityPage(): JSX.Element {
  return <h1>Quality</h1>;
}
