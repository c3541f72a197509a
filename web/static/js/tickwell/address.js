/** Where a hub is. */

const SCHEMES = { "ws:": "ws:", "http:": "ws:", "wss:": "wss:", "https:": "wss:" };
const PORT = 8765;

/**
 * The address of the stream that `url` means: `ws`, `wss`, `http` and `https` are understood, and a host alone, which is
 * asked at port 8765; the stream is at `/ws` unless the path says otherwise. Throws `TypeError`.
 * @param {string | URL} url
 * @returns {string}
 */
export function streamAddress(url) {
  const address = parsed(String(url));
  const scheme = SCHEMES[address.protocol];
  if (!scheme) throw new TypeError(`url="${url}" begins with ${address.protocol}; ws, wss, http or https would be right`);
  const path = address.pathname.replace(/\/+$/, "");
  const place = path.endsWith("/ws") ? path : `${path}/ws`;
  return `${scheme}//${address.host}${place}${address.search}`;
}

function parsed(text) {
  const isBare = !text.includes("://");
  try {
    const address = new URL(isBare ? `ws://${text}` : text);
    if (isBare && !address.port && !/:\d+(\/|$)/.test(text)) address.port = String(PORT);
    return address;
  } catch {
    throw new TypeError(`url="${text}" names no hub; ws://127.0.0.1:${PORT} would be right`);
  }
}
