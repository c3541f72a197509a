/** Alerts as notifications of the browser, whichever page is shown: wanted by a click, and for as long as the tab is open. */

import { useNavigate } from "@solidjs/router";
import { createEffect, createSignal, onCleanup, type Accessor } from "solid-js";

import { hub } from "~/live/hub";
import { kept } from "~/shell/preferences";

interface Happened { readonly id: string; readonly kind: string; readonly rule: string; readonly text: string; readonly muted: boolean }

/** `unsupported`: the browser has none here, as over plain HTTP from another machine. */
export type Permission = NotificationPermission | "unsupported";

/** So many at once; of more, one says how many. */
const AT_ONCE_MAX = 3;
const TOLD_KINDS: ReadonlySet<string> = new Set(["fired", "stale"]);

const ask = (): Permission => (typeof Notification === "undefined" || !window.isSecureContext ? "unsupported" : Notification.permission);
const [permission, setPermission] = createSignal<Permission>(ask());
const [wanted, setWanted] = kept("notifications", ["off", "on"]);

/** What the browser allows. */
export const notificationPermission: Accessor<Permission> = permission;

/** Whether notifications are wanted and allowed. */
export const isNotifying = (): boolean => wanted() === "on" && permission() === "granted";

/** Turns them on or off; the browser asks its user the first time. To be called by a click. */
export async function setNotifying(isOn: boolean): Promise<void> {
  if (isOn && permission() === "default") await Notification.requestPermission();
  setPermission(ask());
  setWanted(isOn && permission() === "granted" ? "on" : "off");
}

/** What is worth a notification, of what just came. */
export const worthTelling = (came: readonly Happened[]): Happened[] => came.filter(({ kind, muted }) => TOLD_KINDS.has(kind) && !muted);

/** Notifies while that is wanted, for as long as the component that calls. */
export function notifyOfAlerts(): void {
  const navigate = useNavigate();
  const show = (title: string, body: string, tag: string, address: string): void => {
    const shown = new Notification(title, { body, tag });
    shown.onclick = () => { window.focus(); navigate(address); shown.close(); };
  };
  createEffect(() => {
    if (!isNotifying()) return;
    const alerts = hub().subscribe({ channel: "alerts", snapshot: false }, {
      data: (came: Happened[], { kind }) => {
        const told = kind === "snapshot" ? [] : worthTelling(came);
        if (told.length > AT_ONCE_MAX) return show(`${told.length} alerts`, told.slice(0, AT_ONCE_MAX).map(({ text }) => text).join("\n"), "many", "/alerts");
        for (const { id, kind: what, rule, text } of told) show(`${rule}: ${what}`, text, id, `/alerts?${new URLSearchParams({ at: rule })}`);
      },
      gap: () => show("Alerts were missed", "The history has them.", "gap", "/alerts"),
    });
    onCleanup(() => alerts.close());
  });
}
