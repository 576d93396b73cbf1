import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, deleted } = changesOf("item");

describe.each(forms)("Partitions that come and go of a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;

  const table = `
    create table item (id int primary key, n int) partition by range (id);
    create table item_1 partition of item for values from (0) to (10);
    create table item_2 partition of item for values from (10) to (20);
    insert into item values (1, 1), (11, 11)`;
  const attach = `
    create table item_3 (id int primary key, n int);
    insert into item_3 values (21, 21), (22, 22);
    alter table item attach partition item_3 for values from (20) to (30)`;

  it("are recorded from the moment they are made", async () => {
    await audited(table);
    await run(
      "create table item_3 partition of item for values from (20) to (30)",
      "insert into item values (21, 1)",
      "update item_3 set n = 2",
      "create table item_rest partition of item default",
      "insert into item values (99, 9)",
    );
    await expectChanges(
      inserted("21", { id: "21", n: "1" }),
      updated("21", { n: "1" }, { n: "2" }),
      inserted("99", { id: "99", n: "9" }),
    );
  });

  it("miss nothing while others write", async () => {
    await audited(
      "create table item (id int primary key, n int) partition by range (id); create table item_0 partition of item for values from (0) to (100)",
    );
    const writers = [0, 1, 2].map(async (writer) => {
      const session = path.session();
      for (let place = 0; place < 60; place++) {
        // Rows of the newest partition there is; the first ones may be refused for want of one.
        const id =
          place < 20
            ? writer * 20 + place
            : 100 + Math.floor(place / 20 - 1) * 100 + writer * 20 + (place % 20);
        for (;;) {
          const refused = await session
            .unsafe(`insert into item values (${id}, ${place})`)
            .catch((error: unknown) => error);
          if (!(refused instanceof Error)) break;
          expect(refused).toMatchObject({ code: "23514" });
        }
      }
    });
    for (const start of [100, 200]) {
      await run(
        `create table item_${start} partition of item for values from (${start}) to (${start + 100})`,
      );
    }
    await Promise.all(writers);
    const changes = await path.changes();
    const rows = await path.sql.unsafe<{ id: number }[]>("select id from item");
    expect(rows).toHaveLength(180);
    expect(changes.map(({ op }) => op)).toEqual(Array(180).fill("I"));
    expect(new Set(changes.map(({ key }) => key))).toEqual(new Set(rows.map(({ id }) => `${id}`)));
    await path.expectPast();
  });

  it("come filled without a change, and are recorded from then on", async () => {
    await audited(table);
    await run(attach, "update item set n = 0 where id = 21", "delete from item_3 where id = 22");
    expect(await path.changes()).toEqual([
      updated("21", { n: "21" }, { n: "0" }),
      deleted("22", { id: "22", n: "22" }),
    ]);
  });

  it("are not claimed for the time before ATTACH brought them: it lies outside of coverage", async () => {
    await audited(table);
    const before = await clock();
    await run(attach);
    await expectGap(before, "a partition with rows was attached");
  });

  it("leave the past whole where ATTACH brings no rows", async () => {
    await audited(table);
    await run(
      "create table item_3 (id int primary key, n int)",
      "alter table item attach partition item_3 for values from (20) to (30)",
      "insert into item values (21, 21)",
    );
    await path.expectPast();
  });

  it.each([
    ["DETACH", "detach partition item_2"],
    ["DETACH CONCURRENTLY", "detach partition item_2 concurrently"],
  ])("leave by %s without a change; the others are recorded as before", async (_how, action) => {
    await audited(table);
    await run(
      `alter table item ${action}`,
      "insert into item_2 values (12, 12)",
      "update item_2 set n = 0",
      "update item set n = 10",
      "insert into item_1 values (2, 2)",
    );
    expect(await path.changes()).toEqual([
      updated("1", { n: "1" }, { n: "10" }),
      inserted("2", { id: "2", n: "2" }),
    ]);
  });

  it.each([
    ["DETACH", "alter table item detach partition item_2"],
    ["DETACH CONCURRENTLY", "alter table item detach partition item_2 concurrently"],
    ["DROP", "drop table item_2"],
  ])(
    "are not missing from the time before %s took them: it lies outside of coverage",
    async (_how, action) => {
      await audited(table);
      const before = await clock();
      await run(action);
      await expectGap(before, "a partition was detached or dropped");
    },
  );

  it("are recorded again once they are back", async () => {
    await audited(table);
    await run(
      "alter table item detach partition item_2",
      "alter table item attach partition item_2 for values from (10) to (20)",
      "update item set n = 0 where id = 11",
    );
    expect(await path.changes()).toEqual([updated("11", { n: "11" }, { n: "0" })]);
  });

  async function clock(): Promise<string> {
    const [row] = await path.sql<{ at: string }[]>`
      select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
    return row?.at ?? "";
  }

  /** The past before is refused for that reason, by SQL and command alike; from then on it is told, in spite of writes. */
  async function expectGap(before: string, reason: string): Promise<void> {
    await expect(path.sql.unsafe(`select from audit.at(null::item, '${before}')`)).rejects.toMatchObject({
      code: "UA003",
      message: expect.stringContaining(reason),
    });
    const asked = await path.audit.run(["at-time", before, "item"]);
    expect(asked).toMatchObject({ code: 3, stdout: "" });
    expect(asked.stderr).toContain(reason);
    const after = await clock();
    const rows = () => path.sql.unsafe(`select id::text, n::text from item order by item.id`);
    const truth = await rows();
    await run("update item set n = n + 1", "delete from item where id = 1");
    expect(await path.audit.items("at-time", after, "item")).toEqual([...truth]);
  }
});
