import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, deleted } = changesOf("item");
const other = changesOf("other");

describe.each(forms)("Ways to send a statement to a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;

  const filled = `
    create table item (id int primary key, n int);
    insert into item values (1, 1), (2, 2), (3, 3)`;
  const two = `${filled}; create table other (id int primary key, n int); insert into other values (1, 1), (2, 2)`;

  it("records a prepared statement each time, also by its generic plan", async () => {
    await audited(filled);
    await run(
      "set plan_cache_mode = force_generic_plan",
      "prepare add as insert into item values ($1, $2)",
      "prepare touch as update item set n = n + $2 where id = $1",
      "prepare remove as delete from item where id = $1",
    );
    const runs = Array.from({ length: 7 }, (_, index) => index + 10);
    for (const id of runs) {
      await run(
        `execute add (${id}, 0)`,
        `execute touch (${id}, 1)`,
        `execute touch (${id}, 0)`,
        `execute remove (${id})`,
      );
    }
    await expectChanges(
      ...runs.flatMap((id) => [
        inserted(`${id}`, { id: `${id}`, n: "0" }),
        updated(`${id}`, { n: "0" }, { n: "1" }),
        deleted(`${id}`, { id: `${id}`, n: "1" }),
      ]),
    );
  });

  it("records a statement sent with parameters", async () => {
    await audited(filled);
    for (const n of [5, 5, 6, 7, 8, 9, 10, 11]) await path.sql`update item set n = ${n} where id = 1`;
    const steps = [1, 5, 6, 7, 8, 9, 10, 11];
    await expectChanges(
      ...steps.slice(1).map((n, place) => updated("1", { n: `${steps[place]}` }, { n: `${n}` })),
    );
  });

  it("records UPDATE and DELETE WHERE CURRENT OF a cursor", async () => {
    await audited(filled);
    await run(`
      begin;
      declare place cursor for select * from item order by id for update;
      move place;
      update item set n = 10 where current of place;
      move place;
      delete from item where current of place;
      commit`);
    await expectChanges(updated("1", { n: "1" }, { n: "10" }), deleted("2", { id: "2", n: "2" }));
  });

  it("records all parts of a writable CTE on one table", async () => {
    await audited(filled);
    await run(`
      with added as (insert into item values (4, 4), (5, 5) returning id),
        changed as (update item set n = n * 10 where id = 1 returning id),
        removed as (delete from item where id = 3 returning id)
      update item set n = 20 from added where item.id = 2 and added.id = 4`);
    await expectChanges(
      together(
        inserted("4", { id: "4", n: "4" }),
        inserted("5", { id: "5", n: "5" }),
        updated("1", { n: "1" }, { n: "10" }),
        deleted("3", { id: "3", n: "3" }),
        updated("2", { n: "2" }, { n: "20" }),
      ),
    );
  });

  it("records the parts of a writable CTE on several tables, also where nothing reads them", async () => {
    await audited(two, { tables: ["item", "other"] });
    await run(`
      with moved as (delete from item where id < 3 returning id, n),
        unread as (update other set n = 0 where id = 2)
      insert into other select id + 10, n from moved order by id`);
    await expectChanges(
      together(
        deleted("1", { id: "1", n: "1" }),
        deleted("2", { id: "2", n: "2" }),
        other.updated("2", { n: "2" }, { n: "0" }),
        other.inserted("11", { id: "11", n: "1" }),
        other.inserted("12", { id: "12", n: "2" }),
      ),
    );
  });

  it("records what functions, procedures and DO blocks write, in their order", async () => {
    await audited(two, { tables: ["item", "other"] });
    await run(
      `create function add(id int) returns int language sql as 'insert into item values (id, 0) returning id';
       create function touch() returns void language plpgsql as $$
       begin
         update item set n = n + 1 where id = 1;
         update other set n = n + 1 where id = 1;
         update item set n = n + 1 where id = 1;
       end $$;
       create procedure clear() language plpgsql as $$
       begin
         delete from item where id = 1;
         commit;
         delete from item where id = 2;
       end $$`,
      "select add(4)",
      "select touch()",
      "call clear()",
      "do $$ begin for place in 1 .. 2 loop update item set n = n + place where id = 3; end loop; end $$",
    );
    await expectChanges(
      inserted("4", { id: "4", n: "0" }),
      updated("1", { n: "1" }, { n: "2" }),
      other.updated("1", { n: "1" }, { n: "2" }),
      updated("1", { n: "2" }, { n: "3" }),
      deleted("1", { id: "1", n: "3" }),
      deleted("2", { id: "2", n: "2" }),
      updated("3", { n: "3" }, { n: "4" }),
      updated("3", { n: "4" }, { n: "6" }),
    );
  });

  it("records a function that writes while a query over the same table runs", async () => {
    await audited(`${filled};
      create function touch(which int) returns void language sql as 'update item set n = n + 10 where id = which'`);
    await run("select touch(id) from item order by id");
    await expectChanges(
      updated("1", { n: "1" }, { n: "11" }),
      updated("2", { n: "2" }, { n: "12" }),
      updated("3", { n: "3" }, { n: "13" }),
    );
  });

  it("records the same with RETURNING, and returns what it always did", async () => {
    await audited(filled);
    const returned = [
      ...(await path.sql.unsafe("insert into item values (4, 4) returning *")),
      ...(await path.sql.unsafe("update item set n = 10 where id = 1 returning *")),
      ...(await path.sql.unsafe("delete from item where id = 2 returning *")),
    ];
    expect(returned.map((row) => ({ ...row }))).toEqual([
      { id: 4, n: 4 },
      { id: 1, n: 10 },
      { id: 2, n: 2 },
    ]);
    await expectChanges(
      inserted("4", { id: "4", n: "4" }),
      updated("1", { n: "1" }, { n: "10" }),
      deleted("2", { id: "2", n: "2" }),
    );
  });

  it("records many statements of one message in their order", async () => {
    await audited(filled);
    await run(
      "insert into item values (4, 4); update item set n = 5 where id = 4; delete from item where id = 4",
    );
    await expectChanges(
      inserted("4", { id: "4", n: "4" }),
      updated("4", { n: "4" }, { n: "5" }),
      deleted("4", { id: "4", n: "5" }),
    );
  });
});
