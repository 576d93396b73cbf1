import { beforeAll, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

// The insert is recorded when its statement ends: after what the function did to the row it returned.
beforeAll(async () => {
  await database.sql.unsafe(`
    create table item (id integer primary key, n integer);
    create function touch(asked integer) returns integer language plpgsql as
      $$ begin update item set n = n + 1 where id = asked; return asked; end $$`);
  await audit("enable", "item");
  await database.sql.unsafe("insert into item values (2, 1) returning touch(id)");
  await database.sql.unsafe("update item set id = 7 where id = 2");
});

it("shows what a called function did to a row, in the order of effects, also by a later key", async () => {
  const life = await audit.items<{ op: string; key: string; new: { n?: string } | null }>(
    "history",
    "item",
    "7",
  );
  expect(life.map(({ op, key, new: after }) => [op, key, after?.n])).toEqual([
    ["insert", "2", "1"],
    ["update", "2", "2"],
    ["update", "7", undefined],
  ]);
});

it("blames the call for the value", async () => {
  const columns = await audit.items("blame", "item", "7");
  expect(columns).toMatchObject([
    { column: "id", status: "change", previous: "2" },
    { column: "n", status: "change", value: "2", previous: "1" },
  ]);
});
