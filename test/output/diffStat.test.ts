import { describe, expect, it } from "vitest";
import { countRow, noDifferences, type TableCounts } from "../../src/core/diffCounts.ts";
import { statJson, statRow, statText, summaryJson, summaryText } from "../../src/output/diffStat.ts";
import { createStyle } from "../../src/output/style.ts";

const look = { style: createStyle(false), width: 60 };

const users: TableCounts = {
  ...{ schema: "public", table: "users" },
  rows: { inserted: 3, deleted: 0, changed: 12 },
  columns: new Map([
    ["name", 3],
    ["email", 12],
    ["straße\n", 1],
  ]),
};
const odd: TableCounts = {
  ...{ schema: "public", table: "Odd.\x1bName" },
  rows: { inserted: 0, deleted: 1200, changed: 0 },
  columns: new Map(),
};

describe("statText", () => {
  it("has a mark per row where there is room", () => {
    expect(statText(users, look) + statText(odd, look)).toMatchInlineSnapshot(`
      "public.users  3 inserted, 12 changed
        email    | 12 ~~~~~~~~~~~~
        name     |  3 ~~~
        straße\\n |  1 ~
      public."Odd.\\x1bName"  1,200 deleted
      "
    `);
  });

  it("keeps proportions to the terminal's width where there is not", () => {
    const many = { ...users, columns: new Map([...users.columns, ["visits", 15_000], ["rare", 1]]) };
    expect(statText(many, { ...look, width: 40 })).toMatchInlineSnapshot(`
      "public.users  3 inserted, 12 changed
        visits   | 15,000 ~~~~~~~~~~~~~~~~~~~~
        email    |     12 ~
        name     |      3 ~
        rare     |      1 ~
        straße\\n |      1 ~
      "
    `);
    expect(
      Math.max(
        ...statText(many, { ...look, width: 40 })
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThan(41);
  });
});

describe("summaryText", () => {
  it("has a line per table and one for all", () => {
    expect(summaryText([users, odd], look)).toMatchInlineSnapshot(`
      "public.users           3 inserted, 12 changed
      public."Odd.\\x1bName"  1,200 deleted
      2 tables               3 inserted, 1,200 deleted, 12 changed
      "
    `);
  });

  it("is empty where nothing differs", () => {
    expect(summaryText([], look)).toBe("");
  });
});

describe("counts as data", () => {
  it("carry schema and table", () => {
    expect(statJson(users)).toEqual({
      ...{ schema: "public", table: "users", inserted: 3, deleted: 0, changed: 12 },
      columns: [
        { name: "name", changed: 3 },
        { name: "email", changed: 12 },
        { name: "straße\n", changed: 1 },
      ],
    });
    expect(summaryJson(odd)).toEqual({
      ...{ schema: "public", table: "Odd.\x1bName", inserted: 0, deleted: 1200, changed: 0 },
    });
    expect(statRow(odd)).toEqual(["public", "Odd.\x1bName", "0", "1200", "0"]);
  });
});

describe("countRow", () => {
  it("counts the columns that differ of changed rows alone", () => {
    const start: TableCounts = { schema: "s", table: "t", rows: noDifferences, columns: new Map() };
    const hidden = { redacted: true } as const;
    const counts = [
      { kind: "inserted", key: "1", new: { a: "1" } } as const,
      {
        kind: "changed",
        key: "2",
        old: { a: "1", b: null, c: hidden },
        new: { a: "1", b: "", c: hidden },
      } as const,
      { kind: "deleted", key: "3", old: { a: "1" } } as const,
    ].reduce(countRow, start);
    expect(counts.rows).toEqual({ inserted: 1, deleted: 1, changed: 1 });
    expect([...counts.columns]).toEqual([
      ["b", 1],
      ["c", 1],
    ]);
  });
});
