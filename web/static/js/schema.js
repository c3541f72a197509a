/** JSON schemas in words. Pure. */

/** "#/components/schemas/Meta" → "Meta". */
export const refName = (ref) => ref.slice(ref.lastIndexOf("/") + 1);

/** The schema's type in a few words; the names of shapes are in ‹›. */
export function typeWords(schema) {
  if (schema.$ref) return `‹${refName(schema.$ref)}›`;
  if (schema.anyOf) return schema.anyOf.map(typeWords).join(" or ");
  if (schema.enum) return enumWords(schema.enum);
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeWords).join(", ")}]`;
  if (schema.type === "array") return `list of ${typeWords(schema.items ?? {})}`;
  if (schema.type === "object" && schema.additionalProperties) return `object: name → ${typeWords(schema.additionalProperties)}`;
  return schema.type ?? "anything";
}

const enumWords = (words) => words.map((word) => (word === null ? "null" : word)).join(" | ");

/** What may be asked of a parameter: its bounds and default. */
export function boundWords(schema) {
  const found = [];
  if (schema.minimum !== undefined) found.push(`${schema.minimum} to ${schema.maximum}`);
  if (schema.maxItems !== undefined) found.push(`at most ${schema.maxItems}`);
  if (schema.maxLength !== undefined && schema.type === "string") found.push(`at most ${schema.maxLength} characters`);
  const preset = schema.default;
  if (preset !== undefined && preset !== "" && !(Array.isArray(preset) && !preset.length)) found.push(`default ${preset}`);
  return found.join(", ");
}

/** The fields of a shape: `{name, type, optional}`. */
export function fieldsOf(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, of]) =>
    ({ name, type: typeWords(of), optional: !required.has(name) }));
}

/** The parts of words that name shapes: "list of ‹Leg›" → [["list of ", false], ["Leg", true]]. */
export function parts(words) {
  return words.split(/‹(\w+)›/).map((text, i) => [text, i % 2 === 1]).filter(([text]) => text);
}

/** The address that values of parameters make: empty ones are left out, a key keeps its colons and slashes. */
export function addressOf(path, values) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURI(values[name] ?? "").replace(/[?#]/g, encodeURIComponent));
  const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  const query = new URLSearchParams(Object.entries(values).filter(([name, value]) => value && !inPath.has(name)));
  return query.size ? `${filled}?${query}` : filled;
}
