import { describe, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted } = changesOf("item");

describe.each(forms)("INSERT ... ON CONFLICT on a table %s", (_form, form) => {
  const { audited, run, expectChanges } = usePath(database, form);

  const filled = `
    create table item (id int primary key, name text unique, n int);
    insert into item values (1, 'a', 1), (2, 'b', 2)`;

  it("records nothing where it does nothing", async () => {
    await audited(filled);
    await run(
      "insert into item values (1, 'x', 9) on conflict do nothing",
      "insert into item values (7, 'b', 9) on conflict (name) do nothing",
    );
    await expectChanges();
  });

  it("records only the rows that DO NOTHING let in", async () => {
    await audited(filled);
    await run(
      "insert into item values (1, 'x', 9), (3, 'c', 3), (2, 'y', 9), (4, 'd', 4) on conflict do nothing",
    );
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "3" }),
      inserted("4", { id: "4", name: "d", n: "4" }),
    );
  });

  it("records DO UPDATE as one update of the stored row", async () => {
    await audited(filled);
    await run("insert into item values (1, 'x', 9) on conflict (id) do update set n = excluded.n");
    await expectChanges(updated("1", { n: "1" }, { n: "9" }));
  });

  it("records DO UPDATE of the key as one update that names the former key", async () => {
    await audited(filled);
    await run("insert into item values (8, 'a', 9) on conflict (name) do update set id = excluded.id");
    await expectChanges(rekeyed("1", "8", { id: "1", name: "a", n: "1" }, { id: "8" }));
  });

  it("records each row of a mixed statement as what became of it", async () => {
    await audited(filled);
    await run(`
      insert into item values (3, 'c', 3), (1, 'x', 10), (4, 'd', 4), (2, 'b', 2)
      on conflict (id) do update set n = excluded.n`);
    await expectChanges(
      together(
        inserted("3", { id: "3", name: "c", n: "3" }),
        updated("1", { n: "1" }, { n: "10" }),
        inserted("4", { id: "4", name: "d", n: "4" }),
      ),
    );
  });

  it("records nothing where the WHERE of DO UPDATE is false, or where it changes nothing", async () => {
    await audited(filled);
    await run(
      "insert into item values (1, 'x', 9) on conflict (id) do update set n = excluded.n where false",
      "insert into item values (1, 'x', 9) on conflict (id) do update set n = item.n",
    );
    await expectChanges();
  });

  it("records the row again that was deleted and upserted in one transaction", async () => {
    await audited(filled);
    await run(`
      begin;
      delete from item where id = 1;
      insert into item values (1, 'a2', 5) on conflict (id) do update set n = 99;
      insert into item values (1, 'a3', 6) on conflict (id) do update set n = excluded.n;
      commit`);
    await expectChanges(
      deleted("1", { id: "1", name: "a", n: "1" }),
      inserted("1", { id: "1", name: "a2", n: "5" }),
      updated("1", { n: "5" }, { n: "6" }),
    );
  });
});
