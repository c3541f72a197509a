/** What the reader chose to see; it lives in the address bar, so that a reload or a link restores it. */

export const ALL = "all";
const DEFAULT = { exchange: ALL, market: ALL, search: "", sort: "-turnover" };

/** "#exchange=bybit&sort=-change" → a view. */
export function readView(hash) {
  const told = Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
  return Object.fromEntries(Object.entries(DEFAULT).map(([name, value]) => [name, told[name] ?? value]));
}

/** A view → its shortest hash; "" if nothing was chosen. */
export function writeView(view) {
  const chosen = Object.keys(DEFAULT).filter((name) => view[name] !== DEFAULT[name]).map((name) => [name, view[name]]);
  const text = new URLSearchParams(chosen).toString();
  return text && `#${text}`;
}

/** "-turnover" → {id: "turnover", isDescending: true}, and back. */
export const readSort = (text) => ({ id: text.replace(/^-/, ""), isDescending: text.startsWith("-") });
export const writeSort = ({ id, isDescending }) => (isDescending ? `-${id}` : id);

/** Whether a record belongs to a view; several words in the search mean any of them. */
export function accepts({ exchange, market, search }) {
  const words = search.toUpperCase().split(/[\s,]+/).filter(Boolean);
  return (record) => (exchange === ALL || record.exchange === exchange)
    && (market === ALL || record.market === market)
    && (!words.length || words.some((word) => record.symbol.toUpperCase().includes(word)));
}
