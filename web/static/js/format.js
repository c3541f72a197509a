/** Numbers and times as text. Pure. What is unknown is "–"; minus is "−"; thousands are separated by ",". */

export const UNKNOWN = "–";

const DECIMALS_MAX = 12;
const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"], [1, ""]];
const formatters = new Map();

export const isKnown = (value) => typeof value === "number" && Number.isFinite(value);

function formatter(decimals) {
  if (!formatters.has(decimals)) {
    formatters.set(decimals, new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    }));
  }
  return formatters.get(decimals);
}

/** How many decimals a number's shortest spelling has: 0.0001 → 4, 1e-7 → 7. */
export function decimalsOf(value) {
  if (!isKnown(value)) return 0;
  const [digits, exponent = "0"] = String(value).split("e");
  const written = digits.includes(".") ? digits.length - digits.indexOf(".") - 1 : 0;
  return Math.min(DECIMALS_MAX, Math.max(0, written - Number(exponent)));
}

/** 64123.5 with 2 decimals → "64,123.50". */
export function fixed(value, decimals) {
  return isKnown(value) ? formatter(decimals).format(value).replace("-", "−") : UNKNOWN;
}

/** The whole number, as exact as it was told. */
export const exact = (value) => fixed(value, decimalsOf(value));

/** By magnitude, three digits: 1234567 → "1.23M", 0.01234 → "0.0123". */
export function compact(value) {
  if (!isKnown(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size < 1) return String(Number(value.toPrecision(3))).replace("-", "−");
  const [scale, unit] = UNITS.find(([from]) => size >= from * 0.9995);
  const scaled = size / scale;
  const decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return fixed(value / scale, decimals) + unit;
}

/** With its sign: 1.5 → "+1.50%", −0 → "0.00%". */
export function percent(value, decimals = 2) {
  if (!isKnown(value)) return UNKNOWN;
  const text = fixed(Math.abs(value), decimals);
  const isZero = !/[1-9]/.test(text);
  return `${isZero ? "" : value > 0 ? "+" : "−"}${text}%`;
}

/** The distance of bid and ask in hundredths of a percent of their middle. */
export function spreadBps(bid, ask) {
  return isKnown(bid) && isKnown(ask) && bid + ask > 0 ? ((ask - bid) / (ask + bid)) * 20_000 : null;
}

/** A span in one unit, rounded down: "<1 s", "59 s", "3 min", "5 h", "2 d". */
export function span(ms) {
  if (!isKnown(ms)) return UNKNOWN;
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return "<1 s";
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

/** A latency: "0.4 ms", "37 ms", "1.20 s". */
export function latency(ms) {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms < 1000) return `${fixed(ms, ms < 10 ? 1 : 0)} ms`;
  return `${fixed(ms / 1000, ms < 10_000 ? 2 : 0)} s`;
}

/** The time of day, as the reader's clock shows it: "13:04:59". */
export function clockTime(ms) {
  const [h, m, s] = [(d) => d.getHours(), (d) => d.getMinutes(), (d) => d.getSeconds()].map((part) =>
    String(part(new Date(ms))).padStart(2, "0"));
  return `${h}:${m}:${s}`;
}

/** "bybit" → "Bybit". */
export const title = (name) => name.charAt(0).toUpperCase() + name.slice(1);
