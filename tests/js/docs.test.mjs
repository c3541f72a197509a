import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { addressOf, boundWords, fieldsOf, parts, typeWords } from "../../web/static/js/schema.js";

describe("a schema in words", () => {
  it("names types, lists, choices and shapes", () => {
    assert.equal(typeWords({ type: "integer" }), "integer");
    assert.equal(typeWords({ anyOf: [{ type: "number" }, { type: "null" }] }), "number or null");
    assert.equal(typeWords({ enum: ["linear", "spot", null] }), "linear | spot | null");
    assert.equal(typeWords({ type: "array", items: { $ref: "#/components/schemas/Leg" } }), "list of ‹Leg›");
    assert.equal(typeWords({ type: "array", prefixItems: [{ type: "number" }, { type: "number" }] }), "[number, number]");
    assert.equal(typeWords({ type: "object", additionalProperties: { type: "integer" } }), "object: name → integer");
  });

  it("tells bounds and presets, but not empty ones", () => {
    assert.equal(boundWords({ type: "integer", minimum: 1, maximum: 500, default: 100 }), "1 to 500, default 100");
    assert.equal(boundWords({ type: "array", maxItems: 1000, default: [] }), "at most 1000");
    assert.equal(boundWords({ type: "string", maxLength: 9, default: "" }), "at most 9 characters");
    assert.equal(boundWords({ type: "string" }), "");
  });

  it("lists the fields of a shape", () => {
    const shape = { properties: { a: { type: "string" }, b: { type: "integer" } }, required: ["a"] };
    assert.deepEqual(fieldsOf(shape), [{ name: "a", type: "string", optional: false }, { name: "b", type: "integer", optional: true }]);
  });

  it("knows which words are shapes", () => {
    assert.deepEqual(parts("list of ‹Leg› or null"), [["list of ", false], ["Leg", true], [" or null", false]]);
  });
});

describe("an address", () => {
  it("has what was filled in, and only that", () => {
    assert.equal(addressOf("/book/{key}", { key: "bybit:linear:BTCUSDT", depth: "" }), "/book/bybit:linear:BTCUSDT");
    assert.equal(addressOf("/screener", { filter: "price>1 and a=b", limit: "5" }), "/screener?filter=price%3E1+and+a%3Db&limit=5");
  });

  it("keeps a key's slashes and colons, and lets nothing else out of its place", () => {
    assert.equal(addressOf("/t/{key}", { key: "hyperliquid:spot:PURR/USDC" }), "/t/hyperliquid:spot:PURR/USDC");
    assert.equal(addressOf("/t/{key}", { key: "a?b#c d" }), "/t/a%3Fb%23c%20d");
  });
});
