import { describe, expect, it } from "vitest";
import { holds, readCondition } from "../../src/core/uniqueCondition.ts";

const columns = Object.entries({
  active: "boolean",
  gone: "timestamp with time zone",
  status: "text",
  state: "character varying(20)",
  n: "integer",
  price: "numeric",
  'Odd "one': "text",
}).map(([name, type]) => ({
  ...{ name, type, generated: false, always: false, known: true, nullable: true },
}));

const read = (text: string) => readCondition(text, columns);

describe("readCondition", () => {
  it.each([
    ["active", [{ column: "active", is: "equal", value: "true" }]],
    ["(NOT active)", [{ column: "active", is: "equal", value: "false" }]],
    ["(active = true)", [{ column: "active", is: "equal", value: "true" }]],
    ["(active <> true)", [{ column: "active", is: "equal", value: "false" }]],
    ["(gone IS NULL)", [{ column: "gone", is: "null", value: null }]],
    ["(gone IS NOT NULL)", [{ column: "gone", is: "not null", value: null }]],
    ["(status = 'on AND (off)'::text)", [{ column: "status", is: "equal", value: "on AND (off)" }]],
    ["((state)::text = 'it''s'::text)", [{ column: "state", is: "equal", value: "it's" }]],
    ["(n <> 1)", [{ column: "n", is: "other", value: "1" }]],
    ["(n = '-1'::integer)", [{ column: "n", is: "equal", value: "-1" }]],
    [`("Odd ""one" IS NULL)`, [{ column: 'Odd "one', is: "null", value: null }]],
    [
      "(active AND (gone IS NULL))",
      [
        { column: "active", is: "equal", value: "true" },
        { column: "gone", is: "null", value: null },
      ],
    ],
  ])("reads %s", (text, conditions) => {
    expect(read(text)).toEqual(conditions);
  });

  it.each([
    "",
    "(active OR (gone IS NULL))",
    "(NOT (active AND (gone IS NULL)))",
    "((n % 2) = 0)",
    "(active IS TRUE)",
    "(price = 1.0)",
    "(status = E'a\\\\b'::text)",
    "(lower(status) = 'a'::text)",
    "(status ~~ 'a%'::text)",
    "(status = state)",
    "(status > 'a'::text)",
    "(n IS NULL) OR (n IS NULL)",
  ])("does not claim to understand %s", (text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe("holds", () => {
  it.each([
    ["(gone IS NULL)", { gone: null }, true],
    ["(gone IS NULL)", { gone: "now" }, false],
    ["(gone IS NOT NULL)", { gone: "now" }, true],
    ["(n = 1)", { n: "1" }, true],
    ["(n = 1)", { n: "2" }, false],
    ["(n <> 1)", { n: "2" }, true],
    ["(n <> 1)", { n: "1" }, false],
    ["(n <> 1)", { n: null }, false],
    ["(NOT active)", { active: null }, false],
    ["(n = 1)", {}, undefined],
    ["(n = 1)", { n: { redacted: true } as const }, undefined],
  ])("%s of %j: %s", (text, image, answer) => {
    expect(read(text)?.map((condition) => holds(condition, image))).toEqual([answer]);
  });
});
