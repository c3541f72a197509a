/** Which amounts can be compared: everything that is meant to be a dollar is one, as it is to the hub. */

const DOLLARS: ReadonlySet<string> = new Set([
  "USD", "USDT", "USDC", "USDE", "USDH", "FDUSD", "TUSD", "USD1", "DAI", "PYUSD", "RLUSD", "USDT0", "BUSD",
]);

/** Whether amounts in this quote are dollars. */
export const isDollar = (quote: string): boolean => DOLLARS.has(quote.toUpperCase());

/** The quote of a name such as BTC-USDT; empty where there is no name yet. */
export const quoteOf = (name: string | null | undefined): string => (name ? name.slice(name.lastIndexOf("-") + 1) : "");
