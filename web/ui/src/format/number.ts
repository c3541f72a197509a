/** Numbers as text. What is unknown is a dash, never 0. */

export const UNKNOWN = "–";

type Maybe = number | null | undefined;
const known = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

/** How many decimals a price step such as 0.0005 has. */
export function decimalsOf(step: number): number {
  const [digits = "", exponent = "0"] = step.toExponential().split("e");
  return Math.max(0, (digits.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** A price with the decimals of its instrument's tick size; without one, with five significant digits at least. */
export function price(value: Maybe, tickSize?: Maybe): string {
  if (!known(value)) return UNKNOWN;
  return fixed(value, known(tickSize) && tickSize > 0 ? decimalsOf(tickSize) : guessedDecimals(value));
}

/** A signed percentage such as +1.25 %. */
export function percent(value: Maybe, decimals = 2): string {
  return known(value) ? `${signed(value, decimals)} %` : UNKNOWN;
}

/** With so many decimals and always a sign, unless it rounds to nothing: +1.25. */
export function signed(value: Maybe, decimals: number): string {
  return known(value) ? `${signOf(value, decimals)}${fixed(Math.abs(value), decimals)}` : UNKNOWN;
}

/** An amount of any size in few characters, with four digits: 1.240 B, 803.1 K. */
export function compact(value: Maybe): string {
  return known(value) ? COMPACT.format(value).replace(/([KMBT])$/, " $1") : UNKNOWN;
}

/** With so many decimals and groups of three digits. */
export function fixed(value: Maybe, decimals: number): string {
  if (!known(value)) return UNKNOWN;
  return formatter(decimals).format(roundsToZero(value, decimals) ? 0 : value);
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
const FORMATTERS = new Map<number, Intl.NumberFormat>();

function formatter(decimals: number): Intl.NumberFormat {
  let found = FORMATTERS.get(decimals);
  if (found === undefined) {
    found = new Intl.NumberFormat("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    FORMATTERS.set(decimals, found);
  }
  return found;
}

const roundsToZero = (value: number, decimals: number): boolean => Math.abs(value) < 0.5 * 10 ** -decimals;
const signOf = (value: number, decimals: number): string => (roundsToZero(value, decimals) ? "" : value > 0 ? "+" : "−");

function guessedDecimals(value: number): number {
  if (value === 0) return 2;
  return Math.min(12, Math.max(2, 4 - Math.floor(Math.log10(Math.abs(value)))));
}
