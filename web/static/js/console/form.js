/** The builder: a channel, its parameters as the hub itself describes them, and the message that they make. */

import { make } from "../trial.js";
import { channelsOf, subscribeMessage, TEMPLATES } from "./asking.js";

export class Form {
  #parts; #channels = {}; #inputs = []; #number = 0; #onMessage;

  /** `parts`: the selects `template` and `channel`, and the `fields` for parameters. `onMessage(text, error)` gets what was made. */
  constructor(parts, onMessage) {
    this.#parts = parts;
    this.#onMessage = onMessage;
    parts.template.append(...["subscribe", ...Object.keys(TEMPLATES)].map((name) => make("option", { value: name, textContent: name })));
    parts.template.addEventListener("change", () => this.make());
    parts.channel.addEventListener("change", () => this.#showFields());
    parts.fields.addEventListener("input", () => this.make());
  }

  /** Asks the hub what can be subscribed to. */
  async load() {
    const response = await fetch("/asyncapi.json");
    if (!response.ok) throw new Error(`the hub answers ${response.status}`);
    this.#channels = channelsOf(await response.json());
    this.#parts.channel.append(...Object.keys(this.#channels).map((name) => make("option", { value: name, textContent: name, selected: name === "trades" })));
    this.#showFields();
  }

  /** A message from what is chosen, with a number of its own. */
  make() {
    const { template, channel, fields } = this.#parts;
    const isSubscribing = template.value === "subscribe";
    fields.hidden = channel.parentElement.hidden = !isSubscribing;
    try {
      this.#onMessage(JSON.stringify(isSubscribing ? this.#subscribe() : this.#numbered(TEMPLATES[template.value])), null);
    } catch (error) {
      this.#onMessage(null, error.message);
    }
  }

  /** The next message gets the next number. */
  sent() {
    this.#number += 1;
    this.make();
  }

  #subscribe() {
    const { channel } = this.#parts;
    const texts = Object.fromEntries(this.#inputs.map((input) => [input.name, input.value]));
    return subscribeMessage(channel.value, this.#channels[channel.value] ?? [], texts, this.#number + 1);
  }

  #numbered(message) { return message.method ? { ...message, req_id: this.#number + 1 } : message; }

  #showFields() {
    const parameters = this.#channels[this.#parts.channel.value] ?? [];
    this.#inputs = parameters.map(inputOf);
    this.#parts.fields.replaceChildren(...this.#inputs.map((input, i) =>
      make("label", { title: parameters[i].description.replaceAll("`", "") }, make("span", { textContent: input.name }), input)));
    this.make();
  }
}

function inputOf({ name, choices, preset }) {
  const usual = Array.isArray(preset) ? preset.join(", ") : preset ?? "";
  if (choices) return make("select", { name }, ...choices.map((value) => make("option", { value: String(value), textContent: String(value), selected: value === preset })));
  return make("input", { name, placeholder: String(usual), value: name === "symbols" ? "bybit:linear:BTCUSDT" : "", autocomplete: "off", spellcheck: false });
}
