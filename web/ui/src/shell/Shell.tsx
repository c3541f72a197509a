/** What surrounds every page: where one is, how the hub is doing, and a warning when something shown is old. */

import { A, type RouteSectionProps } from "@solidjs/router";
import { For, Suspense, type JSX } from "solid-js";

import "~/shell/shell.css";

const PAGES = [
  ["/market", "Market"], ["/spreads", "Spreads"], ["/liquidations", "Liquidations"],
  ["/funding", "Funding"], ["/quality", "Quality"], ["/alerts", "Alerts"],
] as const;

export function Shell(props: RouteSectionProps): JSX.Element {
  return (
    <>
      <header class="top">
        <nav aria-label="Pages">
          <For each={PAGES}>{([path, name]) => <A href={path} activeClass="here">{name}</A>}</For>
        </nav>
      </header>
      <main><Suspense>{props.children}</Suspense></main>
    </>
  );
}
