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

it("follows a row that a trigger moved before its insert was recorded", async () => {
  await database.sql.unsafe(`
    create table moved (id integer primary key, n integer);
    create function move_on() returns trigger language plpgsql as $$
      begin
        update moved set n = n + 1 where id = new.id and id < 20;
        update moved set id = id + 20 where id = new.id and id < 20;
        return new;
      end $$;
    create trigger "!first" after insert on moved for each row execute function move_on()`);
  await audit("enable", "moved");
  await database.sql.unsafe("insert into moved values (6, 0)");
  await database.sql.unsafe("insert into moved values (7, 0)");
  expect(await audit.items("history", "moved", "26")).toMatchObject([
    { op: "insert", key: "6", new: { n: "0" } },
    { op: "update", key: "6", new: { n: "1" } },
    { op: "update", key: "26", old_key: "6" },
  ]);
  expect(await audit.items("blame", "moved", "26")).toMatchObject([
    { column: "id", status: "change", previous: "6" },
    { column: "n", status: "change", value: "1", previous: "0" },
  ]);
});

it("keeps a row and the one that took its key apart", async () => {
  await database.sql.unsafe("create table late (id integer primary key deferrable, n integer)");
  await audit("enable", "late");
  await database.sql.unsafe("insert into late values (1, 1)");
  await database.sql.begin(async (sql) => {
    await sql.unsafe("set constraints all deferred");
    await sql.unsafe("insert into late values (1, 5)");
    await sql.unsafe("update late set n = 6 where id = 1 and n = 5");
    await sql.unsafe("update late set n = 2 where id = 1 and n = 1");
    await sql.unsafe("update late set id = 9 where n = 2");
  });
  expect(await audit.items("history", "late", "9")).toMatchObject([
    { op: "insert", key: "1", new: { n: "1" } },
    { op: "update", key: "1", old: { n: "1" }, new: { n: "2" } },
    { op: "update", key: "9", old_key: "1" },
  ]);
  expect(await audit.items("blame", "late", "9")).toMatchObject([
    { column: "id", status: "change" },
    { column: "n", status: "change", value: "2", previous: "1" },
  ]);
  expect(await audit.items("blame", "late", "1")).toMatchObject([
    { column: "id", status: "insert" },
    { column: "n", status: "change", value: "6", previous: "5" },
  ]);
});

// A version that only an excluded column was written to is noted when its own triggers have ended: what these recorded
// by then names a place that nothing leads to.
it("has the past of a row whose triggers, sorting first, write to an excluded column and go on from there", async () => {
  await database.sql.unsafe(`
    create table spun (id integer primary key, n integer, hidden text);
    create function spin() returns trigger language plpgsql as $$
      begin
        if pg_trigger_depth() <= 2 then
          update spun set hidden = 'x' where id = new.id;
          update spun set n = 9 - n where id = new.id;
        end if;
        return new;
      end $$;
    create trigger "!first" after update on spun for each row execute function spin();
    insert into spun values (5, null)`);
  await audit("enable", "spun", "--exclude", "hidden");
  await database.sql`select audit.tag('before-spin')`;
  await database.sql.unsafe("update spun set n = 1 where id = 5");
  expect(await database.sql`select id, n from audit.at_tag(null::spun, 'before-spin')`).toEqual([
    { id: 5, n: null },
  ]);
});
