/** What can be said to the hub, and what the inputs of a form make of it. Pure. */

const SHAPE = /^(\w+)Params$/;
const UNASKED = new Set(["channel", "resume"]); // the one is chosen before, the other is for programs

/** The templates beside `subscribe`, as they stand in docs/protocol.md. */
export const TEMPLATES = {
  ping: { method: "ping", params: { hello: "world" } },
  subscriptions: { method: "subscriptions" },
  unsubscribe: { method: "unsubscribe", params: { sub: 1 } },
  set: { method: "set", params: { sub: 1, max_rate_hz: 1 } },
  history: { method: "history", params: { channel: "trades", key: "bybit:linear:BTCUSDT", limit: 10 } },
  "hub dialect": { type: "subscribe", symbols: ["BTCUSDT"], market: "FUTURES" },
};

/** The channels of an AsyncAPI document: `{ticker: [{name, description, type, preset, choices}], …}`. */
export function channelsOf(document) {
  const found = {};
  for (const [shape, schema] of Object.entries(document.components.schemas)) {
    const channel = SHAPE.test(shape) && schema.properties?.channel?.const;
    if (channel) found[channel] = parametersOf(schema.properties);
  }
  return found;
}

function parametersOf(properties) {
  const asked = Object.entries(properties).filter(([name]) => !UNASKED.has(name));
  return asked.map(([name, schema]) => parameterOf(name, schema)).sort((a, b) => Number(b.name === "symbols") - Number(a.name === "symbols"));
}

function parameterOf(name, schema) {
  const told = { ...schema, ...(schema.anyOf?.find(({ type }) => type !== "null") ?? {}) };
  return {
    name, type: told.type, description: told.description ?? "", preset: schema.default ?? null,
    choices: told.enum ?? (told.type === "boolean" ? [true, false] : null), minimum: told.minimum, maximum: told.maximum,
  };
}

/** The text of an input as the value that it means; undefined for what is left as it is. Throws `TypeError`. */
export function valueOf({ name, type, preset }, text) {
  const plain = text.trim();
  if (plain === "") return undefined;
  const value = type === "array" ? plain.split(",").map((each) => each.trim()).filter(Boolean)
    : type === "boolean" ? plain === "true" : type === "number" || type === "integer" ? Number(plain) : plain;
  if (Number.isNaN(value)) throw new TypeError(`${name} is a number, not ${plain}`);
  return JSON.stringify(value) === JSON.stringify(preset) ? undefined : value;
}

/** The message that subscribes to `channel`, with what differs from the usual. */
export function subscribeMessage(channel, parameters, texts, number) {
  const params = { channel };
  for (const parameter of parameters) {
    const value = valueOf(parameter, texts[parameter.name] ?? "");
    if (value !== undefined) params[parameter.name] = value;
  }
  return { method: "subscribe", req_id: number, params };
}

/** The address of a socket of the hub that serves the page at `origin`: the stream, or the picture of one exchange. */
export function addressOf(origin, { exchange, market = "", symbols = "", mode = "" }) {
  const url = new URL(exchange ? `/ws/realtime/${encodeURIComponent(exchange)}` : "/ws", origin.replace(/^http/, "ws"));
  const chosen = exchange ? { market, symbols: symbols.replace(/\s/g, ""), mode } : {};
  for (const [name, value] of Object.entries(chosen)) if (value) url.searchParams.set(name, value);
  return url.href.replaceAll("%2C", ",");
}

/** What is wrong with a message before it is sent; null if it is JSON. The hub is asked about everything else. */
export function complaint(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is no JSON: ${error.message}. It can be sent all the same.`;
  }
}
