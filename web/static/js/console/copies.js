/** The same conversation as a program of one's own. Pure. */

const SUBPROTOCOL = "tickwell.v1.json";
const isStream = (address) => new URL(address).pathname === "/ws";

/** For a browser, or Node.js from version 22 on. */
export function asJavaScript(address, messages) {
  const said = messages.map((text) => `  socket.send(${quoted(text)});\n`).join("");
  const subprotocol = isStream(address) ? `, ${quoted(SUBPROTOCOL)}` : "";
  return `const socket = new WebSocket(${quoted(address)}${subprotocol});
socket.onopen = () => {
${said}};
socket.onmessage = ({ data }) => console.log(JSON.parse(data));
socket.onclose = ({ code, reason }) => console.log("closed", code, reason);
`;
}

/** With the package `websockets`. */
export function asPython(address, messages) {
  const said = messages.map((text) => `    socket.send(${quoted(text)})\n`).join("");
  const subprotocol = isStream(address) ? `, subprotocols=[${quoted(SUBPROTOCOL)}]` : "";
  return `# pip install websockets
import json

from websockets.sync.client import connect

with connect(${quoted(address)}${subprotocol}, max_size=None) as socket:
${said}    for message in socket:
        print(json.loads(message))
`;
}

/** For a shell with `wscat` (npm install -g wscat), version 6 or newer where there are several messages. */
export function asWscat(address, messages) {
  const subprotocol = isStream(address) ? ` -s ${SUBPROTOCOL}` : "";
  const said = messages.map((text) => ` -x ${shellText(text)}`).join("");
  return `wscat -c ${shellText(address)}${subprotocol}${said}${said ? " -w -1" : ""}\n`;
}

/** A text between single quotes, which a shell takes as it is. */
export const shellText = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A text of JavaScript and of Python alike: JSON stands in single quotes, where that needs no escapes. */
const quoted = (text) => (text.includes('"') && /^[ -&(-[\]-~]*$/.test(text) ? `'${text}'` : JSON.stringify(text));
