/** Trying an address out: inputs, the address that they make, and what came back. */

import { addressOf } from "./schema.js";

const SHOWN_MAX = 20_000;
const NUMBERS = /\[\n\s+([-\d.e+,\s]+?)\n\s+\]/g; // a list of nothing but numbers, such as a level

export function make(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** The input of one parameter. */
export function inputFor(parameter, id) {
  const { schema, name } = parameter;
  const shared = { id, name };
  if (schema.enum) {
    const empty = parameter.required ? [] : [make("option", { value: "", textContent: schema.default ?? "any" })];
    return make("select", shared, ...empty, ...schema.enum.map((word) => make("option", { value: word, textContent: word })));
  }
  return make("input", { ...shared, value: parameter.example ?? "", placeholder: String(schema.default ?? ""), autocomplete: "off", spellcheck: false });
}

/** The row under an operation: the address as a link, a button, and the answer. */
export function trial(path, inputs) {
  const link = make("a", { className: "address" });
  const button = make("button", { type: "button", textContent: "Try it" });
  const result = make("div", { className: "result", hidden: true });
  const refresh = () => {
    const values = Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()]));
    link.href = link.textContent = addressOf(path, values);
  };
  for (const input of inputs) {
    input.addEventListener("input", refresh);
    input.addEventListener("keydown", ({ key }) => { if (key === "Enter") button.click(); });
  }
  button.addEventListener("click", () => show(result, link.getAttribute("href")));
  refresh();
  return make("div", { className: "trial" }, make("p", {}, button, " ", link), result);
}

async function show(result, address) {
  result.hidden = false;
  result.replaceChildren(make("p", { className: "outcome", role: "status", textContent: "Asking …" }));
  const began = performance.now();
  try {
    const response = await fetch(address, { cache: "no-store" });
    const text = await response.text();
    const took = `${(performance.now() - began).toFixed(0)} ms`;
    const facts = [`${response.status} ${response.statusText}`.trim(), took, `${text.length.toLocaleString("en-US")} characters`, response.headers.get("ETag")];
    outcome(result, facts.filter(Boolean).join(" · "), response.ok, pretty(text));
  } catch (error) {
    outcome(result, `No answer: ${error.message}`, false, "");
  }
}

function outcome(result, words, isGood, body) {
  const line = make("p", { className: "outcome", role: "status", textContent: words, dataset: { good: isGood } });
  result.replaceChildren(line, ...(body ? [make("pre", { tabIndex: 0, textContent: body })] : []));
}

function pretty(text) {
  try {
    const whole = JSON.stringify(JSON.parse(text), null, 2).replace(NUMBERS, (_, numbers) => `[${numbers.replace(/\s+/g, " ")}]`);
    return whole.length > SHOWN_MAX ? `${whole.slice(0, SHOWN_MAX)}\n… and ${(whole.length - SHOWN_MAX).toLocaleString("en-US")} characters more` : whole;
  } catch {
    return text.slice(0, SHOWN_MAX);
  }
}
