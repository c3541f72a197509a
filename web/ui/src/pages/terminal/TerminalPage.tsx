/** `/terminal/{key}`: finds out what the key means, and says so when it means nothing. */

import { A, useNavigate, useParams } from "@solidjs/router";
import { createEffect, createMemo, createSignal, For, Match, on, onCleanup, Show, Switch, type JSX } from "solid-js";

import { connectionState } from "~/live/hub";
import { findSubject, terminalPath, type Found } from "~/pages/terminal/subject/subject";
import { Switcher } from "~/pages/terminal/subject/Switcher";
import { Terminal } from "~/pages/terminal/Terminal";
import { onHotkey } from "~/list/hotkeys";
import "~/pages/terminal/terminal.css";

const AGAIN_AFTER_MS = 5000;
const ASKING: Found = { kind: "asking" };

export default function TerminalPage(): JSX.Element {
  const parameters = useParams<{ key: string }>();
  const key = createMemo(() => decoded(parameters.key));
  const found = findAgain(key);
  const subject = createMemo(() => { const now = found(); return now.kind === "known" ? now.subject : undefined; });
  return (
    <Switch>
      <Match when={subject()} keyed>{(known) => <Terminal subject={known} />}</Match>
      <Match when={found().kind === "asking"}>
        <section class="page" aria-busy="true"><p class="muted">Asking the hub about <bdi>{key()}</bdi> …</p></section>
      </Match>
      <Match when={true}><Nothing asked={key()} found={found()} /></Match>
    </Switch>
  );
}

/** What a key means; as long as it means nothing it is asked again, for it may be listed yet. */
function findAgain(key: () => string): () => Found {
  const [answered, setAnswered] = createSignal<{ key: string; found: Found }>();
  const [attempt, setAttempt] = createSignal(0);
  const found = createMemo<Found>(() => { const last = answered(); return last?.key === key() ? last.found : ASKING; });
  createEffect(on([key, attempt, () => connectionState() === "open"], ([asked]) => {
    if (found().kind === "known") return;
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    void findSubject(asked, aborter.signal).then((answer) => {
      if (aborter.signal.aborted) return;
      setAnswered({ key: asked, found: answer });
      if (answer.kind !== "known") timer = setTimeout(() => setAttempt((count) => count + 1), AGAIN_AFTER_MS);
    });
    onCleanup(() => {
      aborter.abort();
      clearTimeout(timer);
    });
  }));
  return found;
}

function Nothing(props: { asked: string; found: Found }): JSX.Element {
  const navigate = useNavigate(), [isSearching, setIsSearching] = createSignal(false);
  const nearest = (): readonly string[] => (props.found.kind === "unknown" ? props.found.nearest : []);
  onHotkey((pressed) => pressed === "/" && setIsSearching(true));
  return (
    <section class="page nothing">
      <h1>{props.found.kind === "unknown" ? "There is no such instrument" : "The hub cannot say"}</h1>
      <p class="empty">{"detail" in props.found ? props.found.detail : ""} It is asked again every few seconds.</p>
      <Show when={nearest().length > 0}>
        <ul class="nearest" aria-label="What was perhaps meant">
          <For each={nearest()}>{(key) => <li><A href={terminalPath(key)}><bdi>{key}</bdi></A></li>}</For>
        </ul>
      </Show>
      <p><button type="button" onClick={() => setIsSearching(true)}>Find another <kbd>/</kbd></button></p>
      <Switcher isOpen={isSearching()} close={() => setIsSearching(false)} choose={(key) => navigate(terminalPath(key))} />
    </section>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A stray % is no reason to show nothing.
  }
}
