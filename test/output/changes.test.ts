import { expect, it } from "vitest";
import { changeColumns, changeRow, tablesChangeColumns, tablesChangeRow } from "../../src/output/changes.ts";
import { rowJson } from "../../src/output/rows.ts";
import type { Change } from "../../src/types.ts";

const change: Change = {
  ...{ id: "7", tx: "812", at: "2026-11-22T10:00:00.123456+00:00", schema: "public", table: "a\nb" },
  ...{ op: "update", key: "1", oldKey: null, old: { name: null }, new: { name: '"x"' } },
  ...{ actor: "ana", dbUser: "shop", role: null, application: null, clientAddr: null, context: null },
};

it("has a cell for every column of a change, images as JSON", () => {
  const titles = changeColumns.map(({ title }) => title);
  const cells = changeRow(change);
  expect(cells).toHaveLength(titles.length);
  expect(Object.fromEntries(titles.map((title, index) => [title, cells[index]]))).toEqual({
    ...{ id: "7", tx: "812", at: change.at, op: "update", key: "1", old_key: null },
    ...{ actor: "ana", db_user: "shop", old: '{"name":null}', new: '{"name":"\\"x\\""}', context: null },
  });
});

it("names the table before the operation where changes are those of several", () => {
  const place = tablesChangeColumns.findIndex(({ title }) => title === "table");
  expect(tablesChangeColumns[place + 1]?.title).toBe("op");
  expect(tablesChangeRow(change).slice(place, place + 2)).toEqual(['public."a\\nb"', "update"]);
  expect(tablesChangeRow(change).toSpliced(place, 1)).toEqual(changeRow(change));
});

it("keeps columns that are called like members of every object", () => {
  const row = rowJson(["__proto__", "b"], ["x", null]);
  expect(JSON.stringify(row)).toBe('{"__proto__":"x","b":null}');
});
