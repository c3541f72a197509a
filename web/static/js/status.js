/** Asks the hub for its status every two seconds, as long as somebody is looking. */

const EVERY_MS = 2000;
const TIMEOUT_MS = 4000;

async function ask() {
  const response = await fetch("/ws/realtime/status", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the hub answers ${response.status}`);
  return response.json();
}

/** `onStatus(status)` for every answer, `onSilence(error)` for every failure. */
export function watchStatus(onStatus, onSilence) {
  const turn = async () => {
    try {
      if (document.visibilityState !== "hidden") await ask().then(onStatus, onSilence);
    } finally {
      setTimeout(turn, EVERY_MS);
    }
  };
  turn();
}
