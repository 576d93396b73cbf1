import { describe, expect, inject, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted } = changesOf("item");
const major = inject("postgresMajor");

describe.each(forms)("MERGE into a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;

  const filled = `
    create table item (id int primary key, n int);
    insert into item values (1, 1), (2, 2), (3, 3), (4, 4)`;

  it("records each row by what was done to it, and nothing of those left alone", async () => {
    await audited(filled);
    await run(`
      merge into item using (values (1, 10), (2, 20), (3, 3), (4, -1), (5, 50), (6, null)) as source (id, n)
      on item.id = source.id
      when matched and source.n < 0 then delete
      when matched and source.id = 2 then do nothing
      when matched then update set n = source.n
      when not matched and source.n is null then do nothing
      when not matched then insert values (source.id, source.n)`);
    await expectChanges(
      together(
        updated("1", { n: "1" }, { n: "10" }),
        deleted("4", { id: "4", n: "4" }),
        inserted("5", { id: "5", n: "50" }),
      ),
    );
  });

  it.each([
    ["update", "when matched then update set n = source.n", [updated("1", { n: "1" }, { n: "10" })]],
    ["delete", "when matched then delete", [deleted("1", { id: "1", n: "1" })]],
    [
      "insert",
      "when not matched then insert values (source.id, source.n)",
      [inserted("9", { id: "9", n: "90" })],
    ],
    ["do nothing", "when matched then do nothing when not matched then do nothing", []],
    [
      "change the key",
      "when matched then update set id = 100",
      [rekeyed("1", "100", { id: "1", n: "1" }, { id: "100" })],
    ],
  ])("that can only %s records that", async (_action, clause, changes) => {
    await audited(filled);
    await run(
      `merge into item using (values (1, 10), (9, 90)) as source (id, n) on item.id = source.id ${clause}`,
    );
    await expectChanges(...changes);
  });

  it("records what several runs over the same rows in one transaction did, in order", async () => {
    await audited(filled);
    const merge = `
      merge into item using (values (1)) as source (id) on item.id = source.id
      when matched and item.n > 1 then delete
      when matched then update set n = n + 1
      when not matched then insert values (source.id, 1)`;
    await run(`begin; ${merge}; ${merge}; ${merge}; commit`);
    await expectChanges(
      updated("1", { n: "1" }, { n: "2" }),
      deleted("1", { id: "1", n: "2" }),
      inserted("1", { id: "1", n: "1" }),
    );
  });

  it.runIf(major >= 17)("records WHEN NOT MATCHED BY SOURCE, whatever RETURNING says", async () => {
    await audited(filled);
    const returned = await path.sql.unsafe<{ action: string; id: number }[]>(`
      merge into item using (values (1, 10), (5, 50)) as source (id, n) on item.id = source.id
      when matched then update set n = source.n
      when not matched then insert values (source.id, source.n)
      when not matched by source and item.id = 3 then update set n = 0
      when not matched by source and item.id = 4 then delete
      returning merge_action() as action, item.id`);
    expect(returned.map(({ action, id }) => `${action} ${id}`).toSorted()).toEqual([
      "DELETE 4",
      "INSERT 5",
      "UPDATE 1",
      "UPDATE 3",
    ]);
    await expectChanges(
      together(
        updated("1", { n: "1" }, { n: "10" }),
        updated("3", { n: "3" }, { n: "0" }),
        deleted("4", { id: "4", n: "4" }),
        inserted("5", { id: "5", n: "50" }),
      ),
    );
  });
});
