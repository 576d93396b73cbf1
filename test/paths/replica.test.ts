import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, deleted, truncated } = changesOf("item");

describe.each(forms)("Writes that pass by the triggers of a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, through, expectChanges } = path;

  const filled = `
    create table item (id int primary key, n int);
    insert into item values (1, 1), (2, 2)`;
  /** As pg_dump and other loaders do it. */
  const asReplica = (statements: string) =>
    `begin; set local session_replication_role = replica; ${statements}; commit`;

  it.runIf(form.always)("are recorded in a session that says it is a replica", async () => {
    await audited(filled);
    await through(
      asReplica("insert into item values (3, 3); update item set n = 0; delete from item where id = 1"),
      asReplica("truncate item"),
      "insert into item values (4, 4)",
    );
    await expectChanges(
      inserted("3", { id: "3", n: "3" }),
      together(
        updated("1", { n: "1" }, { n: "0" }),
        updated("2", { n: "2" }, { n: "0" }),
        updated("3", { n: "3" }, { n: "0" }),
      ),
      deleted("1", { id: "1", n: "0" }),
      together(truncated("2", { id: "2", n: "0" }), truncated("3", { id: "3", n: "0" })),
      inserted("4", { id: "4", n: "4" }),
    );
  });

  it.skipIf(form.always)("are not recorded in a session that says it is a replica", async () => {
    await audited(filled);
    await run(
      asReplica(
        "insert into item values (3, 3); update item set n = 0; delete from item where id = 1; truncate item",
      ),
      "insert into item values (4, 4)",
    );
    expect(await path.changes()).toEqual([inserted("4", { id: "4", n: "4" })]);
  });

  it.skipIf(form.always).each([
    ["a row gone that was inserted", "insert into item values (3, 3)", "delete from item where id = 3"],
    ["a row back that was deleted", "delete from item where id = 1", "insert into item values (1, 1)"],
    ["rows gone that were inserted", "insert into item values (3, 3)", "truncate item"],
    [
      "a key changed that was inserted",
      "insert into item values (3, 3)",
      "update item set id = 4 where id = 3",
    ],
  ])("are found on reading where they contradict the log: %s", async (_what, recorded, passedBy) => {
    await audited(filled);
    const [before] = await path.sql.unsafe<{ at: string }[]>(
      "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at",
    );
    await run(recorded, asReplica(passedBy));
    await expect(
      path.sql.unsafe(`select * from audit.at(null::item, '${before?.at}')`),
    ).rejects.toMatchObject({
      code: "UA004",
    });
    const { code, stdout, stderr } = await path.audit.run(["at-time", before?.at ?? "", "item"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("do not explain its row");
  });

  it.skipIf(form.always)(
    "may load data into an audited table unrecorded, and what follows is recorded",
    async () => {
      await audited("create table item (id int primary key, n int)");
      await run(asReplica("insert into item select n, n from generate_series(1, 100) as n"));
      await run("update item set n = 0 where id = 50", "delete from item where id = 60");
      expect(await path.changes()).toEqual([
        updated("50", { n: "50" }, { n: "0" }),
        deleted("60", { id: "60", n: "60" }),
      ]);
    },
  );

  it("are not those of a load that leaves the triggers on: every row is recorded", async () => {
    await audited("create table item (id int primary key, n int)");
    await through("insert into item select n, n from generate_series(1, 100) as n");
    await expectChanges(
      ...Array.from({ length: 100 }, (_, place) =>
        inserted(`${place + 1}`, { id: `${place + 1}`, n: `${place + 1}` }),
      ),
    );
  });

  it("are told by status where the table's triggers are switched off", async () => {
    await audited(filled);
    await run("alter table item disable trigger all", "insert into item values (3, 3)");
    expect(await path.changes()).toEqual([]);
    expect(await path.audit.items("status", "item")).toMatchObject([{ state: "broken" }]);
    await run("alter table item enable trigger all", "insert into item values (4, 4)");
    expect(await path.changes()).toEqual([inserted("4", { id: "4", n: "4" })]);
  });
});
