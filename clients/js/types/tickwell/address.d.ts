/**
 * The address of the stream that `url` means: `ws`, `wss`, `http` and `https` are understood, and a host alone, which is
 * asked at port 8765; the stream is at `/ws` unless the path says otherwise. Throws `TypeError`.
 * @param {string | URL} url
 * @returns {string}
 */
export function streamAddress(url: string | URL): string;
