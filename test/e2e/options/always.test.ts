import { beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { useDatabase } from "../../helpers/useDatabase.ts";
import { type Change, clock, rowsAt, rowsNow, statusOf } from "./capture.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists item, event;
    create table item (id int primary key, n int);
    create table event (id int primary key, n int) partition by range (id);
    create table event_1 partition of event for values from (0) to (10)`);
});

const asReplica = (statements: string) => `set local session_replication_role = replica; ${statements}`;

describe("--always", () => {
  it.each(["item", "event"])("records what a replica session writes to %s, TRUNCATE too", async (table) => {
    const [enabled] = await audit.items<{ detail: string }>("enable", table, "--always");
    expect(enabled?.detail).toContain("in replica role, too");
    const moments: { at: string; rows: string[] }[] = [];
    for (const statement of [
      `insert into ${table} values (1, 1), (2, 2)`,
      `update ${table} set n = 5 where id = 1`,
      `update ${table} set id = 3 where id = 2`,
      `delete from ${table} where id = 3`,
      `truncate ${table}`,
      `insert into ${table} values (4, 4)`,
    ]) {
      await database.sql.unsafe(asReplica(statement));
      moments.push({ at: await clock(database.sql), rows: await rowsNow(database.sql, table) });
    }
    const changes = await audit.items<Change>("history", table);
    expect(changes.map(({ op, key, old, new: after }) => [op, key, old, after])).toEqual([
      ["insert", "1", null, { id: "1", n: "1" }],
      ["insert", "2", null, { id: "2", n: "2" }],
      ["update", "1", { n: "1" }, { n: "5" }],
      ["update", "3", { id: "2", n: "2" }, { id: "3" }],
      ["delete", "3", { id: "3", n: "2" }, null],
      ["truncate", "1", { id: "1", n: "5" }, null],
      ["insert", "4", null, { id: "4", n: "4" }],
    ]);
    for (const { at, rows } of moments) expect(await rowsAt(database.sql, table, at)).toEqual(rows);
  });

  it("also holds for a partition that comes later, and through DDL", async () => {
    await audit("enable", "event", "--always");
    await database.sql.unsafe(`
      create table event_2 partition of event for values from (10) to (20);
      alter table event add column more text`);
    await database.sql.unsafe(
      asReplica("insert into event values (11, 1, 'x'); update event set more = 'y'"),
    );
    expect((await audit.items<Change>("history", "event")).map(({ op }) => op)).toEqual(["insert", "update"]);
  });

  it.each(["item", "event"])(
    "is lost to DISABLE and ENABLE TRIGGER ALL on %s, which status says",
    async (table) => {
      await audit("enable", table, "--always");
      expect(await statusOf(database, table)).toEqual({ state: "on", problems: "" });
      await database.sql.unsafe(`alter table ${table} disable trigger all`);
      expect((await statusOf(database, table)).state).toBe("broken");
      await database.sql.unsafe(`alter table ${table} enable trigger all`);
      const lost = await statusOf(database, table);
      expect(lost.state).toBe("broken");
      expect(lost.problems).toContain("An audit trigger is switched off: changes are being missed.");
      expect(lost.problems).toContain("The TRUNCATE trigger of the table or of a partition is switched off");
      expect(lost.problems).toContain(`audit enable public.${table}`);
      await database.sql.unsafe(asReplica(`insert into ${table} values (1, 1)`));
      expect(await audit.items("history", table)).toEqual([]);
      await audit("enable", table);
      expect(await statusOf(database, table)).toEqual({ state: "on", problems: "" });
      await database.sql.unsafe(asReplica(`insert into ${table} values (2, 1)`));
      expect(await audit.items("history", table)).toHaveLength(1);
    },
  );

  it("ends with --no-always", async () => {
    await audit("enable", "item", "--always");
    await audit("enable", "item", "--no-always");
    expect((await audit.items<{ kind: string }>("status", "item"))[0]).toMatchObject({
      kind: "statement",
      always: false,
    });
    await database.sql.unsafe(asReplica("insert into item values (1, 1)"));
    expect(await audit.items("history", "item")).toEqual([]);
    expect(await statusOf(database, "item")).toEqual({ state: "on", problems: "" });
  });
});
