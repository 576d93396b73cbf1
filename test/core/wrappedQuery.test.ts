import { describe, expect, it } from "vitest";
import { applyEdits, characterIndex, placeBefore } from "../../src/core/edits.ts";
import { uniqueNames } from "../../src/core/uniqueNames.ts";
import { wrapQuery } from "../../src/core/wrappedQuery.ts";

const edits = [
  { at: 2, end: 4, text: "longer" },
  { at: 6, end: 9, text: "" },
];

describe("edits", () => {
  it("are made, and places found again", () => {
    expect(applyEdits("0123456789", edits)).toBe("01longer459");
    const places = [..."01longer459"].map((_, index) => placeBefore(index, edits));
    expect(places).toEqual([0, 1, 2, 2, 2, 2, 2, 2, 4, 5, 9]);
  });

  it("count characters as the server does", () => {
    expect([1, 2, 3, 9].map((position) => characterIndex("a😀b", position))).toEqual([0, 1, 3, 4]);
  });
});

describe("wrapQuery", () => {
  const statement = { text: "select * from s.t", edits: [{ at: 14, end: 17, text: '"x" as "t"' }] };

  it("puts queries around the statement", () => {
    expect(wrapQuery([], { text: "select 1", edits: [] }).text).toBe(
      "select * from (\nselect 1\n) as answer",
    );
    expect(
      wrapQuery(
        [
          { name: "x", query: "select 2" },
          { name: "y", query: "table x" },
        ],
        statement,
      ).text,
    ).toBe(
      'with x as (\nselect 2\n),\ny as (\ntable x\n)\nselect * from (\nselect * from "x" as "t"\n) as answer',
    );
  });

  it("finds places again", () => {
    const { text, locate } = wrapQuery([{ name: "x", query: "select 2" }], statement);
    const at = (part: string) => locate(text.indexOf(part) + 1);
    expect(at("select 2")).toEqual({ in: "query", name: "x", at: 0 });
    expect(at('* from "x"')).toEqual({ in: "statement", at: 7 });
    expect(at('"t"')).toEqual({ in: "statement", at: 14 });
    expect(at(") as answer")).toEqual({ in: "end", at: 17 });
    expect(at("* from (\n")).toEqual({ in: "statement", at: 0 });
  });
});

describe("uniqueNames", () => {
  it("numbers names that come again, past those that are taken", () => {
    expect(uniqueNames(["id", "id", "id_2", "id", "__proto__", "__proto__"])).toEqual([
      "id",
      "id_3",
      "id_2",
      "id_4",
      "__proto__",
      "__proto___2",
    ]);
    expect(uniqueNames([])).toEqual([]);
  });
});
