import { describe, expect, it } from "vitest";
import { countDifference, noDifferences } from "../../src/core/diffCounts.ts";
import {
  columnDifferenceRow,
  columnDifferences,
  type DifferenceItem,
  differenceJson,
  differenceSummary,
  differenceText,
} from "../../src/output/diff.ts";
import { createStyle } from "../../src/output/style.ts";
import type { RowDifference } from "../../src/types.ts";

const differences: readonly RowDifference[] = [
  { kind: "inserted", key: "7", new: { id: "7", name: "Ada", email: "ada@example.org", bio: null } },
  { kind: "deleted", key: "8", old: { id: "8", name: "Bob", email: "", bio: " x" } },
  {
    kind: "changed",
    key: "9",
    old: { id: "9", name: "Cleo", email: "cleo@example.org", bio: null, age: "30" },
    new: { id: "9", name: "Cleopatra", email: "c@example.org", bio: null, age: "31" },
  },
];

const off = createStyle(false);

function text(look: { style: typeof off; width: number | undefined }): string {
  return differences.map((difference) => differenceText(difference, look)).join("");
}

describe("differenceText", () => {
  it("marks rows and folds unchanged columns", () => {
    expect(text({ style: off, width: 80 })).toMatchInlineSnapshot(`
      "+ 7  id=7  name=Ada  email=ada@example.org  bio=null
      - 8  id=8  name=Bob  email=""  bio=" x"
      < 9  name=Cleo       email=cleo@example.org  age=30
      > 9  name=Cleopatra  email=c@example.org     age=31  (2 unchanged)
      "
    `);
  });

  it("colours the two sides", () => {
    expect(text({ style: createStyle(true), width: 80 })).toMatchInlineSnapshot(`
      "[32m+ 7  id=7  name=Ada  email=ada@example.org  bio=null[39m
      [31m- 8  id=8  name=Bob  email=""  bio=" x"[39m
      [31m< 9  name=Cleo       email=cleo@example.org  age=30[39m
      [32m> 9  name=Cleopatra  email=c@example.org     age=31[39m  [2m(2 unchanged)[22m
      "
    `);
  });

  it("cuts whole rows to the terminal, and only there", () => {
    const row: RowDifference = { kind: "inserted", key: "1", new: { bio: "x".repeat(200) } };
    expect(differenceText(row, { style: off, width: 40 })).toHaveLength(41);
    expect(differenceText(row, { style: off, width: undefined })).toContain("x".repeat(200));
  });

  it("shows where long values differ", () => {
    const same = "lorem ipsum ".repeat(20);
    const row: RowDifference = {
      kind: "changed",
      key: "1",
      old: { bio: `${same}old` },
      new: { bio: `${same}new` },
    };
    expect(differenceText(row, { style: off, width: 60 })).toMatchInlineSnapshot(`
      "< 1  bio=…ipsum old
      > 1  bio=…ipsum new
      "
    `);
    expect(differenceText(row, { style: off, width: undefined })).toContain(`< 1  bio=${same}old\n`);
  });

  it("shows what is not kept in brackets", () => {
    const hidden = { redacted: true } as const;
    const digest = (text: string) => ({ digest: `sha256:${text}`, bytes: 2_097_152 });
    const row: RowDifference = { kind: "inserted", key: "1", new: { token: hidden, body: digest("aa") } };
    expect(differenceText(row, { style: off, width: undefined })).toBe(
      "+ 1  token=[redacted]  body=[2 MB, sha256:aa]\n",
    );
    const changed: RowDifference = {
      kind: "changed",
      key: "1",
      old: { body: digest("aa"), note: digest("cc") },
      new: { body: digest("bb"), note: "short" },
    };
    expect(differenceText(changed, { style: off, width: undefined })).toMatchInlineSnapshot(`
      "< 1  body=[2 MB, sha256:aa]  note=[2 MB, sha256:cc]
      > 1  body=[2 MB, sha256:bb]  note=short
      "
    `);
  });

  it("counts a value among the unchanged whose digest is the same", () => {
    const body = () => ({ digest: "sha256:aa", bytes: 2_097_152 });
    const row: RowDifference = {
      kind: "changed",
      key: "1",
      old: { name: "a", body: body() },
      new: { name: "b", body: body() },
    };
    expect(differenceText(row, { style: off, width: undefined })).toBe(
      "< 1  name=a\n> 1  name=b  (1 unchanged)\n",
    );
  });

  it("shows both keys of a row that changed its key", () => {
    const row: RowDifference = {
      kind: "changed",
      key: "10",
      oldKey: "9",
      old: { id: "9", name: "a" },
      new: { id: "10", name: "a" },
    };
    expect(differenceText(row, { style: off, width: 80 })).toBe("< 9   id=9\n> 10  id=10  (1 unchanged)\n");
  });

  it("marks what is not known", () => {
    const row: RowDifference = { kind: "changed", key: "9", old: { a: "1", b: null }, new: { b: "2" } };
    expect(differenceText(row, { style: off, width: 80 })).toBe("< 9  a=1  b=null\n> 9  a=?  b=2\n");
  });

  it("shows rows without a key by their values", () => {
    const image = { a: "1" };
    const rows: RowDifference[] = [
      { kind: "inserted", key: null, new: image },
      { kind: "changed", key: null, old: image, new: { a: "2" } },
    ];
    expect(rows.map((row) => differenceText(row, { style: off, width: 80 })).join("")).toBe(
      "+  a=1\n<  a=1\n>  a=2\n",
    );
  });

  it("escapes keys, columns and values", () => {
    const row: RowDifference = { kind: "deleted", key: "\x1b", old: { "a\n": "\u202e" } };
    expect(differenceText(row, { style: off, width: 80 })).toBe("- \\x1b  a\\n=\\u202e\n");
  });
});

describe("differenceSummary", () => {
  it("counts by kind", () => {
    expect(differenceSummary(differences.reduce(countDifference, noDifferences))).toBe(
      "1 inserted, 1 deleted, 1 changed\n",
    );
    expect(differenceSummary({ inserted: 1200, deleted: 0, changed: 2 })).toBe(
      "1,200 inserted, 0 deleted, 2 changed\n",
    );
  });

  it("says when there is none", () => {
    expect(differenceSummary(noDifferences)).toBe("no differences\n");
  });
});

const itemOf = (difference: RowDifference): DifferenceItem => ({
  ...{ schema: "public", table: "users", difference },
});

describe("differenceJson", () => {
  it("has both sides, null where there is none", () => {
    expect(differences.slice(0, 2).map(itemOf).map(differenceJson)).toEqual([
      {
        ...{ kind: "inserted", schema: "public", table: "users", key: "7", old_key: null, old: null },
        new: { id: "7", name: "Ada", email: "ada@example.org", bio: null },
      },
      {
        ...{ kind: "deleted", schema: "public", table: "users", key: "8", old_key: null, new: null },
        old: { id: "8", name: "Bob", email: "", bio: " x" },
      },
    ]);
  });

  it("tells of the change where there is one", () => {
    const difference: RowDifference = { kind: "changed", key: "2", oldKey: "1", old: {}, new: {} };
    const change = { id: "5", tx: "700", at: "2026-11-22T10:00:00.000000+00:00" };
    expect(Object.keys(differenceJson({ ...itemOf(difference), change }))).toEqual([
      ...["kind", "schema", "table", "key", "old_key", "old", "new", "id", "tx", "at"],
    ]);
    expect(differenceJson({ ...itemOf(difference), change })).toMatchObject({ old_key: "1", ...change });
  });
});

describe("columnDifferences", () => {
  it("has a line per column: of changed rows those that differ", () => {
    expect(differences.map(itemOf).flatMap(columnDifferences).map(columnDifferenceRow)).toEqual([
      ["inserted", "public", "users", "7", "id", null, "7"],
      ["inserted", "public", "users", "7", "name", null, "Ada"],
      ["inserted", "public", "users", "7", "email", null, "ada@example.org"],
      ["inserted", "public", "users", "7", "bio", null, null],
      ["deleted", "public", "users", "8", "id", "8", null],
      ["deleted", "public", "users", "8", "name", "Bob", null],
      ["deleted", "public", "users", "8", "email", "", null],
      ["deleted", "public", "users", "8", "bio", " x", null],
      ["changed", "public", "users", "9", "name", "Cleo", "Cleopatra"],
      ["changed", "public", "users", "9", "email", "cleo@example.org", "c@example.org"],
      ["changed", "public", "users", "9", "age", "30", "31"],
    ]);
  });

  it("says of what is not kept or not known that it is not", () => {
    const hidden = { redacted: true } as const;
    const changed: RowDifference = {
      kind: "changed",
      key: "1",
      old: { token: hidden, a: "1" },
      new: { token: hidden },
    };
    expect(columnDifferences(itemOf(changed)).map(columnDifferenceRow)).toEqual([
      ["changed", "public", "users", "1", "token", "[redacted]", "[redacted]"],
      ["changed", "public", "users", "1", "a", "1", "?"],
    ]);
    const bare: RowDifference = { kind: "inserted", key: "1", new: {} };
    expect(columnDifferences(itemOf(bare)).map(columnDifferenceRow)).toEqual([
      ["inserted", "public", "users", "1", null, null, null],
    ]);
  });
});
