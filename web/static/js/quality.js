/** Why a record is not to be taken for the current price: a word, what it means, and the hub's reason. */

const MEANINGS = {
  connecting: "There is no connection to the exchange yet",
  syncing: "Connected; the first data has not come yet",
  stale: "Older than its usual rhythm allows",
  gapped: "Something is missing, and is being fetched again",
  halted: "The exchange says that it does not trade now",
  refused: "The exchange refuses to send it",
};

/** The word for a record that is stale: its quality, or plainly "stale" where the hub itself is out of reach. */
export const qualityWord = ({ quality }) => (quality && quality !== "live" ? quality : "stale");

export const explainQuality = (word) => `${MEANINGS[word] ?? MEANINGS.stale}.`;

/** The reason in the hub's words, from what it says about every channel of an instrument; "" if it has none. */
export function reasonOf(channels) {
  const wrong = channels.filter(({ quality, reason }) => quality !== "live" && reason);
  return wrong.map(({ channel, reason }) => `${channel}: ${reason}`).join("; ");
}

/** Asks the hub why a record is not live. */
export async function askReason({ exchange, market, symbol }) {
  const asked = new URLSearchParams({ market, symbols: symbol });
  const response = await fetch(`/api/v1/quality/${encodeURIComponent(exchange)}?${asked}`);
  return response.ok ? reasonOf((await response.json()).data) : "";
}
