/** The example page: it listens to three channels, and draws at most once per animation frame, which a hidden tab has none of. */

import { connect } from "/static/js/tickwell.js";

const SHOWN = 20;
const DEPTH = 10;
const $ = (id) => document.getElementById(id);

const hub = connect();
const tickers = hub.tickers("top:12", { max_rate_hz: 5 }, { data: drawSoon, stale: drawSoon });
let chosen = decodeURIComponent(location.hash.slice(1));
let tape = [];
let missed = 0;
let [book, trades] = [null, null];
let isDrawingSoon = false;

hub.on("connected", ({ server }) => tellState("live", server));
hub.on("disconnected", ({ reason, code }) => tellState("lost", `no contact: ${reason || `code ${code}`}`));

function tellState(state, words) {
  $("state").dataset.state = state;
  $("state").textContent = words;
}

/** Follows another instrument. */
function choose(key) {
  chosen = key;
  history.replaceState(null, "", `#${key}`);
  book?.close();
  trades?.close();
  [tape, missed] = [[], 0];
  book = hub.book(key, { depth: DEPTH, max_rate_hz: 10 }, { data: drawSoon, stale: drawSoon, error: complain });
  trades = hub.trades(key, { snapshot: true }, { data: addTrades, gap: addGap, error: complain });
  drawSoon();
}

function addTrades(records) {
  tape = [...[...records].reverse(), ...tape].slice(0, SHOWN);
  drawSoon();
}

function addGap(gap) {
  missed += gap.missed ?? 1;
  drawSoon();
}

function complain(error) { tellState("lost", error.message); }

function drawSoon() {
  if (isDrawingSoon) return;
  isDrawingSoon = true;
  requestAnimationFrame(draw);
}

function draw() {
  isDrawingSoon = false;
  const markets = [...tickers.latest.values()].sort((a, b) => (b.turnover_24h ?? 0) - (a.turnover_24h ?? 0));
  if (!chosen && markets.length) choose(markets[0].key);
  fill($("markets"), markets, marketRow);
  drawBook(book?.latest.get(chosen));
  drawTrades();
  $("missed").textContent = missed ? `${missed} missed` : "";
}

function drawBook(local) {
  const levels = [...(local?.bids ?? []), ...(local?.asks ?? [])];
  const largest = Math.max(...levels.map(({ size }) => size));
  const [prices, sizes] = [decimals(levels.map(({ price }) => price)), decimals(levels.map(({ size }) => size))];
  const row = ({ price, size }) => ({ cells: [number(price, prices), number(size, sizes)], isStale: local.stale, share: size / largest });
  fill($("asks"), [...(local?.asks ?? [])].reverse(), row);
  fill($("bids"), local?.bids ?? [], row);
  $("spread").textContent = local?.spreadBps == null ? "" : `${chosen} · ${local.spreadBps.toFixed(2)} bps`;
}

/** As many as the longest of these numbers has. */
const decimals = (values) => Math.min(12, Math.max(0, ...values.map((value) => (String(value).split(".")[1] ?? "").length)));
const number = (value, places = decimals([value])) =>
  (value === null ? "–" : value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }));
const direction = (value) => (value > 0 ? "up" : value < 0 ? "down" : "");

function marketRow({ key, price, change_24h: change, quality }) {
  const words = change === null ? "–" : `${change > 0 ? "+" : ""}${change.toFixed(2)}%`;
  return { cells: [key, number(price), words], classes: ["", "", direction(change)], isStale: quality !== "live" };
}

function drawTrades() {
  const [prices, sizes] = [decimals(tape.map(({ price }) => price)), decimals(tape.map(({ size }) => size))];
  fill($("trades"), tape, ({ ts_event: ts, price, size, side }) => ({
    cells: [ts === null ? "–" : new Date(ts).toLocaleTimeString("en-GB"), number(price, prices), number(size, sizes)],
    classes: ["", side === "buy" ? "up" : "down", ""],
  }));
}

/** Writes rows into a table's body, and changes only what is different. */
function fill(body, items, rowOf) {
  while (body.rows.length > items.length) body.deleteRow(-1);
  items.forEach((item, i) => write(body.rows[i] ?? body.insertRow(), rowOf(item)));
}

function write(row, { cells, classes = [], isStale = false, share = 0 }) {
  row.classList.toggle("stale", isStale);
  cells.forEach((text, i) => {
    const cell = row.cells[i] ?? row.insertCell();
    cell.className = classes[i] ?? "";
    cell.style.setProperty("--share", i === cells.length - 1 ? `${Math.round(share * 100)}%` : "0%");
    if (row.parentElement.id === "markets" && i === 0) writeButton(cell, text);
    else if (cell.textContent !== text) cell.textContent = text;
  });
}

function writeButton(cell, key) {
  const button = cell.firstElementChild ?? cell.appendChild(document.createElement("button"));
  button.onclick = () => choose(key);
  if (button.textContent !== key) button.textContent = key;
  button.setAttribute("aria-pressed", String(key === chosen));
}

if (chosen) choose(chosen);
