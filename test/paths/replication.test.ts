import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted, truncated } = changesOf("item");
const publisher = useDatabase();

const patience = { timeout: 60_000, interval: 10 };

const item = "create table item (id int primary key, n int)";

describe.each(forms)("Logical replication into a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run } = path;

  it.skipIf(form.always)(
    "applies rows that ordinary triggers do not record, and leaves local writes recorded",
    async () => {
      await audited(item);
      const source = await subscribe();
      await source.unsafe("insert into item values (1, 1), (2, 2)");
      await source.unsafe("update item set n = 10 where id = 1; delete from item where id = 2");
      await untilRows("(1,10)");
      await run("insert into item values (7, 7)");
      await source.unsafe("truncate item");
      await source.unsafe("insert into item values (3, 3)");
      await untilRows("(3,3)");
      expect(await path.changes()).toEqual([inserted("7", { id: "7", n: "7" })]);
    },
  );

  it.runIf(form.byRow)(
    `is recorded row by row, TRUNCATE too, where the triggers are ENABLE ALWAYS${form.always ? ", by that option alone" : ""}`,
    async () => {
      await audited(item);
      if (!form.always) await alwaysFire();
      const source = await subscribe();
      await source.unsafe("insert into item values (1, 1), (2, 2)");
      await source.unsafe("update item set n = 10 where id = 1; update item set id = 5 where id = 2");
      await source.unsafe("delete from item where id = 5");
      await source.unsafe("truncate item");
      await source.unsafe("insert into item values (3, 3)");
      await untilRows("(3,3)");
      await path.expectChanges(
        inserted("1", { id: "1", n: "1" }),
        inserted("2", { id: "2", n: "2" }),
        updated("1", { n: "1" }, { n: "10" }),
        rekeyed("2", "5", { id: "2", n: "2" }, { id: "5" }),
        deleted("5", { id: "5", n: "2" }),
        truncated("1", { id: "1", n: "10" }),
        inserted("3", { id: "3", n: "3" }),
      );
    },
  );

  it("goes out of an audited table whose writes are recorded as ever", async () => {
    await audited(item);
    const target = publisher.sql;
    await target.unsafe(`drop table if exists item cascade; ${item}`);
    await link(path.sql, target);
    await run(
      "insert into item values (1, 1)",
      "update item set n = 2",
      "delete from item",
      "insert into item values (9, 9)",
    );
    await untilRows("(9,9)", target);
    await path.expectChanges(
      inserted("1", { id: "1", n: "1" }),
      updated("1", { n: "1" }, { n: "2" }),
      deleted("1", { id: "1", n: "2" }),
      inserted("9", { id: "9", n: "9" }),
    );
  });

  /** Makes the table's audit triggers fire in the apply worker, too. */
  async function alwaysFire(): Promise<void> {
    const triggers = await path.sql.unsafe<{ name: string }[]>(`
      select quote_ident(trigger.tgname) as name
      from pg_trigger as trigger
      join pg_proc as function on function.oid = trigger.tgfoid
      where trigger.tgrelid = 'item'::regclass and function.pronamespace = 'audit'::regnamespace`);
    for (const { name } of triggers) await run(`alter table item enable always trigger ${name}`);
  }

  /** Feeds the audited table from one of the same name elsewhere, which it returns a session for. */
  async function subscribe(): Promise<TestSql> {
    const source = connectTo(publisher.url, { max: 1 });
    onTestFinished(() => source.end({ timeout: 1 }));
    await source.unsafe(`drop table if exists item cascade; ${item}`);
    await link(source, path.sql);
    return source;
  }

  /**
   * Publishes item of one database and subscribes another to it, until the test is over. The slot is made by
   * hand: CREATE SUBSCRIPTION would wait on the same server for its own transaction.
   */
  async function link(source: TestSql, target: TestSql): Promise<void> {
    const [from] = await source.unsafe<{ name: string; address: string; port: number }[]>(
      "select current_database() as name, host(inet_server_addr()) as address, inet_server_port() as port",
    );
    const name = `${from?.name}_link`;
    const { username, password } = new URL(publisher.url);
    const secret = password ? ` password=${decodeURIComponent(password)}` : "";
    const address = `host=${from?.address} port=${from?.port} dbname=${from?.name} user=${username}${secret}`;
    await source.unsafe("create publication item_changes for table item");
    await source.unsafe(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
    await target.unsafe(`
      create subscription item_changes connection '${address}' publication item_changes
      with (connect = false, slot_name = '${name}')`);
    onTestFinished(async () => {
      await target.unsafe("alter subscription item_changes disable");
      await target.unsafe("alter subscription item_changes set (slot_name = none)");
      await target.unsafe("drop subscription item_changes");
      await source.unsafe("drop publication item_changes");
      await vi.waitFor(async () => {
        const [slot] = await source.unsafe(
          `select active from pg_replication_slots where slot_name = '${name}'`,
        );
        expect(slot?.active).toBe(false);
      }, patience);
      await source.unsafe(`select pg_drop_replication_slot('${name}')`);
    });
    await target.unsafe("alter subscription item_changes enable");
    await target.unsafe("alter subscription item_changes refresh publication with (copy_data = false)");
  }

  /** Waits until the table has these rows and no others. */
  async function untilRows(rows: string, sql = path.sql): Promise<void> {
    await vi.waitFor(async () => {
      const found = await sql.unsafe<{ row: string }[]>("select item::text as row from item order by id");
      expect(found.map(({ row }) => row).join(" ")).toBe(rows);
    }, patience);
  }
});
