import { A } from "@solidjs/router";
import type { JSX } from "solid-js";

export default function MissingPage(): JSX.Element {
  return (
    <section class="page">
      <h1>There is no such page</h1>
      <p><A href="/market">The market</A> is where most begin.</p>
    </section>
  );
}
