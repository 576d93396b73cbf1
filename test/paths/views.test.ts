import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, deleted } = changesOf("item");
const other = changesOf("other");

describe.each(forms)("Views and rules over a table %s", (_form, form) => {
  const { audited, run, expectChanges } = usePath(database, form);

  const filled = `
    create table item (id int primary key, name text, n int default 7);
    insert into item values (1, 'a', 1), (2, 'b', 2)`;

  it("record what an updatable view writes, columns renamed and left out", async () => {
    await audited(`${filled}; create view seen as select name as label, id from item`);
    await run(
      "insert into seen (id, label) values (3, 'c')",
      "update seen set label = 'z' where id = 1",
      "delete from seen where label = 'b'",
    );
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "7" }),
      updated("1", { name: "a" }, { name: "z" }),
      deleted("2", { id: "2", name: "b", n: "2" }),
    );
  });

  it("record through views upon views, upserts and MERGE where the server allows them", async () => {
    await audited(
      `${filled}; create view seen as select * from item; create view again as select * from seen where n > 0`,
    );
    await run(
      "insert into again values (1, 'x', 5), (4, 'd', 4) on conflict (id) do update set n = excluded.n",
    );
    await expectChanges(
      together(updated("1", { n: "1" }, { n: "5" }), inserted("4", { id: "4", name: "d", n: "4" })),
    );
  });

  it("record nothing of what WITH CHECK OPTION refuses", async () => {
    await audited(
      `${filled}; create view small as select * from item where n < 5 with cascaded check option`,
    );
    await expect(run("update small set n = n + 3")).rejects.toMatchObject({ code: "44000" });
    await expect(run("insert into small values (3, 'c', 9)")).rejects.toMatchObject({ code: "44000" });
    await run("update small set n = 4");
    await expectChanges(updated("1", { n: "1" }, { n: "4" }), updated("2", { n: "2" }, { n: "4" }));
  });

  it("record what INSTEAD OF triggers of a view write", async () => {
    await audited(`
      ${filled};
      create view seen as select id, upper(name) as label from item;
      create function write_seen() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then
          insert into item values (new.id, lower(new.label), 0);
          return new;
        elsif tg_op = 'UPDATE' then
          update item set name = lower(new.label) where id = old.id;
          return new;
        end if;
        delete from item where id = old.id;
        return old;
      end $$;
      create trigger write_seen instead of insert or update or delete on seen for each row execute function write_seen()`);
    await run(
      "insert into seen values (3, 'C'), (4, 'D')",
      "update seen set label = 'ZZ' where id < 3",
      "delete from seen where id = 1",
    );
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "0" }),
      inserted("4", { id: "4", name: "d", n: "0" }),
      updated("1", { name: "a" }, { name: "zz" }),
      updated("2", { name: "b" }, { name: "zz" }),
      deleted("1", { id: "1", name: "zz", n: "1" }),
    );
  });

  it("record what INSTEAD rules of a view write", async () => {
    await audited(`
      ${filled};
      create view seen as select id, name from item group by id, name;
      create rule add as on insert to seen do instead insert into item values (new.id, new.name, 0);
      create rule change as on update to seen do instead update item set name = new.name where id = old.id;
      create rule remove as on delete to seen do instead delete from item where id = old.id`);
    await run(
      "insert into seen values (3, 'c')",
      "update seen set name = 'z' where id = 1",
      "delete from seen where id = 2",
    );
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "0" }),
      updated("1", { name: "a" }, { name: "z" }),
      deleted("2", { id: "2", name: "b", n: "2" }),
    );
  });

  it("record what rules of another table write", async () => {
    await audited(`
      ${filled};
      create table inbox (id int, name text);
      create rule forward as on insert to inbox do instead insert into item values (new.id, new.name)`);
    await run("insert into inbox values (3, 'c'), (4, 'd')");
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "7" }),
      inserted("4", { id: "4", name: "d", n: "7" }),
    );
  });

  it("record what rules of the table itself made of a statement", async () => {
    await audited(
      `${filled};
       create table other (id int primary key, name text);
       create rule also as on insert to item do also insert into other values (new.id, new.name);
       create rule soft as on delete to item do instead update item set n = -1 where id = old.id;
       create rule silent as on update to item where new.n > 100 do instead nothing`,
      { tables: ["item", "other"] },
    );
    await run(
      "insert into item values (3, 'c', 3)",
      "delete from item where id = 1",
      "update item set n = n + 99",
    );
    await expectChanges(
      together(inserted("3", { id: "3", name: "c", n: "3" }), other.inserted("3", { id: "3", name: "c" })),
      updated("1", { n: "1" }, { n: "-1" }),
      updated("1", { n: "-1" }, { n: "98" }),
    );
  });
});
