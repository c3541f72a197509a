/** What surrounds every page: where one is, how the hub is doing, and a warning when something shown is old. */

import { useLocation, useNavigate, type RouteSectionProps } from "@solidjs/router";
import { createEffect, createSignal, ErrorBoundary, onCleanup, Show, Suspense, type JSX } from "solid-js";

import { hubClockShows } from "~/live/clock";
import { connectionState, hub } from "~/live/hub";
import { polled } from "~/live/polled";
import type { Answer } from "~/live/rest";
import { takeHubTold, type HubTold } from "~/live/told";
import { Banner } from "~/shell/Banner";
import { HelpDialog } from "~/shell/HelpDialog";
import { notifyOfAlerts } from "~/shell/notifying";
import { neighbour, titleOf } from "~/shell/pages";
import { TopBar } from "~/shell/TopBar";
import "~/shell/shell.css";

const ASKED_EVERY_MS = 2000;

export function Shell(props: RouteSectionProps): JSX.Element {
  const [isHelped, setHelped] = createSignal(false);
  followHub();
  notifyOfAlerts();
  nameTab();
  onShellKey(() => setHelped(true));
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the page</a>
      <TopBar onHelp={() => setHelped(true)} />
      <Banner />
      <main id="main" tabindex="-1">
        <ErrorBoundary fallback={(error, again) => <Broken error={error} again={again} />}>
          <Suspense>{props.children}</Suspense>
        </ErrorBoundary>
      </main>
      <Show when={isHelped()}><HelpDialog onClose={() => setHelped(false)} /></Show>
    </>
  );
}

/** Asks how the hub is doing now and then, and at once when a feed comes or goes, or the connection does. */
function followHub(): void {
  const answers = polled<Answer<HubTold, { as_of: number }>>(() => ({ path: "/api/v1/hub" }), ASKED_EVERY_MS);
  createEffect(() => {
    const answer = answers.latest();
    if (answer === undefined) return;
    hubClockShows(answer.meta.as_of);
    takeHubTold({ hub: answer.data, asOf: answer.meta.as_of, heardAt: Date.now() });
  });
  const notices = hub().system({ data: answers.again, gap: answers.again });
  onCleanup(() => notices.close());
  createEffect(() => { if (connectionState() === "open") answers.again(); });
}

function nameTab(): void {
  const location = useLocation();
  createEffect(() => {
    const title = titleOf(location.pathname);
    if (title !== null) document.title = title;
  });
}

/** The keys of every page. A page that wants one of them for itself has had it already, and prevented the rest. */
function onShellKey(help: () => void): void {
  const location = useLocation(), navigate = useNavigate();
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    if (event.key === "?") help();
    else if (event.key === "[" || event.key === "]") navigate(neighbour(location.pathname, event.key === "]" ? 1 : -1));
    else return;
    event.preventDefault();
  };
  window.addEventListener("keydown", listen);
  onCleanup(() => window.removeEventListener("keydown", listen));
}

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** A fault of ours within a page: the rest goes on. */
function Broken(props: { error: unknown; again: () => void }): JSX.Element {
  return (
    <section class="page">
      <h1>This page has failed</h1>
      <p class="problem" role="alert">{props.error instanceof Error ? props.error.message : String(props.error)}</p>
      <p><button type="button" onClick={() => props.again()}>Show it again</button></p>
    </section>
  );
}
