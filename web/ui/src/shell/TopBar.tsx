/** Where one is, and how the hub is doing. */

import { A, useLocation } from "@solidjs/router";
import { createEffect, For, on, type JSX } from "solid-js";

import { timeOfDay } from "~/format/time";
import { hubNowMs, nowMs } from "~/live/clock";
import { connectionState } from "~/live/hub";
import { hubTold } from "~/live/told";
import { badgeOf } from "~/shell/condition";
import { HubStrip } from "~/shell/HubStrip";
import { PAGES } from "~/shell/pages";
import { setTheme, setZone, theme, zone, type Theme } from "~/shell/preferences";

export function TopBar(props: { onHelp: () => void }): JSX.Element {
  return (
    <header class="top">
      <p class="brand">
        <img src="/static/favicon.svg" alt="" width="20" height="20" /> <span>Tickwell</span>
        <small>{hubTold()?.hub.version}</small>
      </p>
      <Pages />
      <HubStrip />
      <Badge />
      <Preferences onHelp={props.onHelp} />
    </header>
  );
}

function Pages(): JSX.Element {
  const location = useLocation();
  let nav!: HTMLElement;
  // A terminal has no entry of its own: it is a closer look at the market.
  const isHere = (path: string): boolean =>
    location.pathname === path || (path === "/market" && /^\/(terminal\/.*)?$/.test(location.pathname));
  const showHere = (): void => nav.querySelector(".here")?.scrollIntoView({ block: "nearest", inline: "center" });
  createEffect(on(() => location.pathname, showHere));
  return (
    <nav ref={nav} aria-label="Pages">
      <For each={PAGES}>{([path, name]) => <A href={path} classList={{ here: isHere(path) }} activeClass="">{name}</A>}</For>
    </nav>
  );
}

function Badge(): JSX.Element {
  const badge = () => badgeOf(connectionState(), hubTold(), nowMs());
  return (
    <p class="badge" data-state={badge().state} title={badge().meaning} role="status">
      <span class="dot" data-state={badge().state} /> {badge().word}
    </p>
  );
}

const NEXT: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };
const GLYPH: Record<Theme, string> = { system: "◐", dark: "●", light: "○" };

function Preferences(props: { onHelp: () => void }): JSX.Element {
  return (
    <div class="preferences">
      <button type="button" class="clock" title="Change between UTC and local time"
        onClick={() => setZone(zone() === "utc" ? "local" : "utc")}>
        {timeOfDay(hubNowMs(), zone())} <small>{zone() === "utc" ? "UTC" : "local"}</small>
        <span class="spoken">Times are {zone() === "utc" ? "UTC" : "local"}: change</span>
      </button>
      <button type="button" title={`Colours: ${theme()}`} aria-label={`Colours: ${theme()}. Change to ${NEXT[theme()]}`}
        onClick={() => setTheme(NEXT[theme()])}>{GLYPH[theme()]}</button>
      <button type="button" title="Keys (?)" aria-label="Help: keys" aria-keyshortcuts="?" onClick={() => props.onHelp()}>?</button>
    </div>
  );
}
