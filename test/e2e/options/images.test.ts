import { describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { usePlainDatabase } from "../../helpers/plainDatabase.ts";
import { useDatabase } from "../../helpers/useDatabase.ts";
import { type Change, clock, rowsAt, rowsNow } from "./capture.ts";

const harmlessTrigger = `
  create or replace function harmless() returns trigger language plpgsql as 'begin return null; end';
  create trigger harmless after insert or update or delete on item for each row execute function harmless();`;

const forms = [
  ["statement by statement", () => useDatabase({ installed: true }), "", "statement"],
  ["row by row", () => useDatabase({ installed: true }), harmlessTrigger, "row"],
  ["without event triggers", usePlainDatabase, "", "row"],
] as const;

const item = `
  drop table if exists item;
  create table item (id int primary key, n int, note text, loud text generated always as (upper(note)) stored);`;

const steps = [
  "insert into item values (1, 1, 'a'), (2, 2, null)",
  "update item set n = 10 where id = 1",
  "update item set n = n, note = note",
  "update item set id = 5, note = 'c' where id = 2",
  "delete from item where id = 5",
  "insert into item values (5, 6, 'd')",
  "truncate item",
  "insert into item values (1, 7, 'e')",
];

type Values = Record<string, string | null>;

const row = (id: string, n: string, note: string | null): Values => ({
  ...{ id, n, note, loud: note?.toUpperCase() ?? null },
});

/** What each kind of images keeps of the steps: key, former key, old, new. */
const expected: Record<string, [string, string | null, Values | null, Values | null][]> = {
  changes: [
    ["1", null, null, row("1", "1", "a")],
    ["2", null, null, row("2", "2", null)],
    ["1", null, { n: "1" }, { n: "10" }],
    ["5", "2", row("2", "2", null), { id: "5", note: "c", loud: "C" }],
    ["5", null, row("5", "2", "c"), null],
    ["5", null, null, row("5", "6", "d")],
    ["1", null, row("1", "10", "a"), null],
    ["5", null, row("5", "6", "d"), null],
    ["1", null, null, row("1", "7", "e")],
  ],
  full: [
    ["1", null, null, row("1", "1", "a")],
    ["2", null, null, row("2", "2", null)],
    ["1", null, row("1", "1", "a"), row("1", "10", "a")],
    ["5", "2", row("2", "2", null), row("5", "2", "c")],
    ["5", null, row("5", "2", "c"), null],
    ["5", null, null, row("5", "6", "d")],
    ["1", null, row("1", "10", "a"), null],
    ["5", null, row("5", "6", "d"), null],
    ["1", null, null, row("1", "7", "e")],
  ],
  lean: [
    ["1", null, null, null],
    ["2", null, null, null],
    ["1", null, { n: "1" }, null],
    ["5", "2", row("2", "2", null), null],
    ["5", null, row("5", "2", "c"), null],
    ["5", null, null, null],
    ["1", null, row("1", "10", "a"), null],
    ["5", null, row("5", "6", "d"), null],
    ["1", null, null, null],
  ],
};

describe.each(forms)("--images, captured %s", (_form, open, prepare, kind) => {
  const database = open();
  const audit = auditOf(database);

  /** Runs the steps one by one and remembers the table after each. */
  async function live() {
    const moments: { at: string; rows: string[] }[] = [];
    for (const step of steps) {
      await database.sql.unsafe(step);
      moments.push({ at: await clock(database.sql), rows: await rowsNow(database.sql, "item") });
    }
    return moments;
  }

  async function expectPast(moments: Awaited<ReturnType<typeof live>>) {
    for (const { at, rows } of moments) expect(await rowsAt(database.sql, "item", at)).toEqual(rows);
  }

  it.each(["changes", "full", "lean"] as const)(
    "%s: keeps just that, and the past is right",
    async (images) => {
      await database.sql.unsafe(item + prepare);
      await audit("enable", "item", "--images", images);
      const [status] = await audit.items("status", "item");
      expect(status).toMatchObject({ kind, images, state: "on", problems: [] });
      const moments = await live();
      const changes = await audit.items<Change>("history", "item");
      expect(changes.map(({ key, old_key, old, new: after }) => [key, old_key, old, after])).toEqual(
        expected[images],
      );
      await expectPast(moments);
    },
  );

  it("can be changed from one to the other, and the past stays right across", async () => {
    await database.sql.unsafe(item + prepare);
    const moments: Awaited<ReturnType<typeof live>> = [];
    for (const images of ["changes", "lean", "full", "lean", "changes"]) {
      await audit("enable", "item", "--images", images);
      await database.sql.unsafe("delete from item");
      moments.push(...(await live()));
      await database.sql.unsafe("update item set n = n + 1, note = note || '!'");
      moments.push({ at: await clock(database.sql), rows: await rowsNow(database.sql, "item") });
    }
    await expectPast(moments);
  });

  it("stays as it was where enable is not told, also through DDL", async () => {
    await database.sql.unsafe(item + prepare);
    await audit("enable", "item", "--images", "lean");
    await database.sql.unsafe("alter table item add column more text default 'm'");
    await database.sql.unsafe("insert into item (id) values (1)");
    await database.sql.unsafe("update item set more = 'n'");
    await audit("enable", "item");
    await database.sql.unsafe("update item set more = 'o', n = 3");
    const changes = await audit.items<Change>("history", "item");
    expect(changes.map(({ old, new: after }) => [old, after])).toEqual([
      [null, null],
      [{ more: "m" }, null],
      [{ more: "n", n: null }, null],
    ]);
  });
});
