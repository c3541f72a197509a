/** The API's page: the OpenAPI document of this hub, to read and to try. */

import { boundWords, fieldsOf, parts, typeWords } from "./schema.js";
import { inputFor, make, trial } from "./trial.js";

const $ = (id) => document.getElementById(id);

/** Text in which `these` are code, and names of shapes lead to them. */
function rich(words) {
  return words.split(/`([^`]+)`/).map((text, i) => (i % 2 ? make("code", { textContent: text }) : text));
}

const typed = (words) => parts(words).map(([text, isShape]) =>
  (isShape ? make("a", { href: `#shape-${text}`, textContent: text }) : text));

function heading(method, path) {
  return [make("span", { className: "method", textContent: method.toUpperCase(), dataset: { method } }), " ", make("code", { textContent: path })];
}

function parameterRow(parameter, input) {
  const { name, description, schema, required } = parameter;
  const facts = [typeWords(schema), boundWords(schema), required ? "required" : ""].filter(Boolean).join(", ");
  return make("tr", {},
    make("th", { scope: "row" }, make("label", { htmlFor: input.id, textContent: name })),
    make("td", { className: "enter" }, input),
    make("td", {}, ...rich(description ?? ""), make("span", { className: "facts", textContent: facts })));
}

function parameterTable(asked, inputs) {
  if (!asked.length) return [];
  const rows = asked.map((parameter, i) => parameterRow(parameter, inputs[i]));
  return [make("table", { className: "parameters" }, make("tbody", {}, ...rows))];
}

function answers(responses) {
  const lines = Object.entries(responses).map(([status, { description, content }]) => {
    const schema = Object.values(content ?? {})[0]?.schema;
    const data = schema?.properties?.data ?? schema;
    const meta = schema?.properties?.meta;
    const shape = data ? [" ", ...typed(typeWords(data)), ...(meta ? [", meta ", ...typed(typeWords(meta))] : [])] : [];
    return make("li", {}, make("code", { textContent: status }), " ", ...rich(description), make("span", { className: "facts" }, ...shape));
  });
  return make("details", {}, make("summary", { textContent: "Answers" }), make("ul", { className: "answers" }, ...lines));
}

function operationSection(path, method, operation) {
  const id = operation.operationId;
  const asked = (operation.parameters ?? []).filter((parameter) => parameter.in !== "header");
  const inputs = asked.map((parameter) => inputFor(parameter, `${id}-${parameter.name}`));
  const section = make("section", { className: "operation", id });
  section.append(
    make("h3", {}, ...heading(method, path)),
    make("p", { className: "summary", textContent: operation.summary }),
    ...(operation.description ? [make("p", {}, ...rich(operation.description))] : []),
    ...parameterTable(asked, inputs), answers(operation.responses));
  if (method === "get") section.append(trial(path, inputs));
  return section;
}

function shapeSection([name, schema]) {
  const rows = fieldsOf(schema).map(({ name: field, type, optional }) =>
    make("tr", {}, make("th", { scope: "row", textContent: field }), make("td", {}, ...typed(type), optional ? " (may be absent)" : "")));
  return make("details", { className: "shape", id: `shape-${name}` },
    make("summary", { textContent: name }),
    make("p", {}, ...rich(schema.description ?? "")),
    make("table", {}, make("tbody", {}, ...rows)));
}

/** All operations in the order of the document: `[tag, [[path, method, operation], …]]`. */
function byTag(document) {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [path, method, operation]));
  return document.tags.map((tag) => [tag, all.filter(([, , operation]) => operation.tags.includes(tag.name))]);
}

function contentsOf(tag, operations) {
  const links = operations.map(([path, method, operation]) =>
    make("li", {}, make("a", { href: `#${operation.operationId}`, title: operation.summary }, ...heading(method, path))));
  return [make("h2", { textContent: tag.name }), make("ul", {}, ...links)];
}

function openTarget() {
  const target = location.hash && $(location.hash.slice(1));
  if (target?.tagName === "DETAILS") target.open = true;
  target?.scrollIntoView?.();
}

function render(document) {
  $("version").textContent = document.info.version;
  $("about").replaceChildren(document.info.summary, " ", ...rich(document.info.description));
  for (const [tag, operations] of byTag(document)) {
    $("contents").append(...contentsOf(tag, operations));
    $("operations").append(make("h2", { textContent: tag.description }),
      ...operations.map(([path, method, operation]) => operationSection(path, method, operation)));
  }
  $("shapes").append(...Object.entries(document.components.schemas).map(shapeSection));
  $("shapes").hidden = false;
}

/** Puts a key into the examples that this hub really has. */
async function exampleKey(document) {
  const response = await fetch("/api/v1/instruments?limit=1");
  const key = (await response.json()).data?.[0]?.key;
  for (const methods of Object.values(document.paths)) {
    for (const parameter of methods.get?.parameters ?? []) if (key && parameter.name === "key") parameter.example = key;
  }
}

async function start() {
  const response = await fetch("/openapi.json");
  const described = await response.json();
  await exampleKey(described).catch(() => {});
  render(described);
  addEventListener("hashchange", openTarget);
  openTarget();
}

start().catch((error) => { $("about").textContent = `The description could not be loaded: ${error.message}.`; });
