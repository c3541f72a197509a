/** The test console: a raw socket of the hub, every frame both ways, and the same as a program. Loaded when it is opened. */

import { fixed, title } from "../format.js";
import { make } from "../trial.js";
import { addressOf, complaint } from "./asking.js";
import { asJavaScript, asPython, asWscat } from "./copies.js";
import { Form } from "./form.js";
import { Ledger } from "./ledger.js";
import { Sheet } from "./sheet.js";
import { Wire } from "./wire.js";

const $ = (id) => document.getElementById(id);
const COPIES = { "copy-js": asJavaScript, "copy-python": asPython, "copy-wscat": asWscat };
const COPIED_MS = 1500;

const ledger = new Ledger();
const sheet = new Sheet($("frames"), $("frame-filter"), ledger);
const wire = new Wire((direction, text) => {
  ledger.add(direction, text, Date.now());
  sheet.refresh();
  if (direction === "note") showState();
});
const form = new Form({ template: $("template"), channel: $("channel"), fields: $("fields") }, showMessage);
const address = () => addressOf(location.origin, {
  exchange: $("socket").value, market: $("socket-market").value, symbols: $("socket-symbols").value, mode: $("socket-mode").value,
});

/** The sockets that there are: the stream, and one for each exchange. */
async function listSockets() {
  const status = await (await fetch("/ws/realtime/status", { cache: "no-store" })).json();
  const exchanges = [...new Set((status.markets ?? []).map(({ exchange }) => exchange))];
  $("socket").append(...exchanges.map((exchange) => make("option", { value: exchange, textContent: `/ws/realtime/${exchange}`, title: title(exchange) })));
}

function showSocket() {
  const isStream = $("socket").value === "";
  $("stream-form").hidden = !isStream;
  $("socket-form").hidden = isStream;
  if (isStream) form.make();
  else showMessage('{"type":"ping","ts":1}', null);
  $("address").textContent = address();
}

function showState() {
  const state = wire.isOpen ? "open" : wire.isDialling ? "connecting" : "closed";
  $("socket-state").textContent = state;
  $("socket-state").dataset.state = state;
  $("connect").textContent = state === "closed" ? "Connect" : "Disconnect";
  $("send").disabled = state !== "open";
  showFigures();
}

function showFigures() {
  const perS = ledger.ratePerS(Date.now());
  $("frame-figures").textContent = `${fixed(ledger.count, 0)} frames, ${fixed(ledger.bytes / 1000, 1)} kB in, ${fixed(perS, 1)}/s${sheet.isHeld ? ", held" : ""}`;
}

function showMessage(text, error) {
  if (text !== null) $("message").value = text;
  $("complaint").textContent = error ?? complaint($("message").value) ?? "";
}

function send() {
  if (!wire.isOpen) return;
  wire.send($("message").value);
  if ($("socket").value === "") form.sent();
}

/** What a program has to say: what was said on this socket so far, or what stands there to be said. */
function messages() {
  const lastOpening = ledger.frames.findLastIndex(({ direction, text }) => direction === "note" && text.startsWith("open"));
  const said = ledger.frames.slice(lastOpening + 1).filter(({ direction }) => direction === "out").map(({ text }) => text);
  return wire.isOpen && said.length ? said : [$("message").value].filter((text) => text.trim());
}

async function copy(button, write) {
  const text = write(address(), messages());
  $("code").textContent = text;
  $("code").hidden = false;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("code")); // a page over plain HTTP may not: the text is there to be copied by hand
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, COPIED_MS);
}

$("socket").addEventListener("change", showSocket);
$("socket-form").addEventListener("input", () => { $("address").textContent = address(); });
$("connect").addEventListener("click", () => {
  if (wire.isOpen || wire.isDialling) wire.close();
  else wire.open(address());
  showState();
});
$("send").addEventListener("click", send);
$("message").addEventListener("input", () => showMessage(null, null));
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
});
$("pause").addEventListener("click", ({ currentTarget }) => {
  const isPaused = currentTarget.getAttribute("aria-pressed") !== "true";
  currentTarget.setAttribute("aria-pressed", String(isPaused));
  sheet.pause(isPaused);
});
$("clear").addEventListener("click", () => {
  sheet.clear();
  showFigures();
});
for (const [id, write] of Object.entries(COPIES)) $(id).addEventListener("click", ({ currentTarget }) => copy(currentTarget, write));

setInterval(showFigures, 1000);
showState();
showSocket();
await Promise.all([form.load(), listSockets()]).catch((error) => showMessage(null, `The hub does not tell what it offers: ${error.message}`));
