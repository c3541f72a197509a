/** One raw socket: no reconnection, no dialect, nothing but what is said and heard. */

const SUBPROTOCOL = "tickwell.v1.json";

export class Wire {
  #socket = null; #heard;

  /** @param {(direction: "in"|"out"|"note", text: string) => void} heard */
  constructor(heard) { this.#heard = heard; }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }
  get isDialling() { return this.#socket?.readyState === WebSocket.CONNECTING; }

  open(address) {
    this.close();
    const isStream = new URL(address).pathname === "/ws";
    const socket = this.#socket = new WebSocket(address, isStream ? [SUBPROTOCOL] : []);
    const tell = (direction, text) => { if (socket === this.#socket) this.#heard(direction, text); };
    socket.addEventListener("open", () => tell("note", `open: ${address}${socket.protocol ? ` (${socket.protocol})` : ""}`));
    socket.addEventListener("message", ({ data }) => tell("in", typeof data === "string" ? data : `[${data.size} bytes]`));
    socket.addEventListener("close", ({ code, reason }) => {
      tell("note", `closed: ${code}${reason ? ` ${reason}` : ""}`);
      if (socket === this.#socket) this.#socket = null;
    });
    this.#heard("note", `connecting to ${address}`);
  }

  send(text) {
    this.#socket.send(text);
    this.#heard("out", text);
  }

  close() { this.#socket?.close(1000); }
}
