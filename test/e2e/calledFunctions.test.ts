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

it("follows a row that a trigger brought back, although its insert was recorded before the deletion", async () => {
  await database.sql.unsafe(`
    create table phoenix (id integer primary key, n integer);
    insert into phoenix values (3, 0);
    create function come_back() returns trigger language plpgsql as $$
      begin
        if pg_trigger_depth() = 1 then insert into phoenix values (old.id, old.n + 1); end if;
        return old;
      end $$;
    create trigger "!first" after delete on phoenix for each row execute function come_back()`);
  await audit("enable", "phoenix");
  await database.sql.unsafe("delete from phoenix where id = 3");
  await database.sql.unsafe("update phoenix set id = 2 where id = 3");
  expect(await audit.items("history", "phoenix", "2")).toMatchObject([
    { op: "insert", key: "3", new: { n: "1" } },
    { op: "update", key: "2", old_key: "3" },
  ]);
  expect(await audit.items("blame", "phoenix", "2")).toMatchObject([
    { column: "id", status: "change", previous: "3" },
    { column: "n", status: "insert", value: "1" },
  ]);
});
