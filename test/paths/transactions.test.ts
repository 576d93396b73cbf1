import { describe, expect, it, vi } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, deleted } = changesOf("item");

describe.each(forms)("Transactions on a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, through, expectChanges } = path;

  const filled = `
    create table item (id int primary key, n int);
    insert into item values (1, 1), (2, 2)`;
  const n = (from: number, to: number, key = "1") => updated(key, { n: `${from}` }, { n: `${to}` });

  it("record nothing when they are rolled back", async () => {
    await audited(filled);
    await run(
      "begin; insert into item values (3, 3); update item set n = 0; delete from item where id = 1; rollback",
    );
    await run("insert into item values (3, 4)");
    await expectChanges(inserted("3", { id: "3", n: "4" }));
  });

  it("record every change to a row, in order", async () => {
    await audited(filled);
    await run(`
      begin;
      update item set n = 10 where id = 1;
      update item set n = 11 where id = 1;
      update item set n = 1 where id = 1;
      delete from item where id = 1;
      insert into item values (1, 5);
      update item set n = 6 where id = 1;
      commit`);
    await expectChanges(
      n(1, 10),
      n(10, 11),
      n(11, 1),
      deleted("1", { id: "1", n: "1" }),
      inserted("1", { id: "1", n: "5" }),
      n(5, 6),
    );
  });

  it("record nothing of what was rolled back to a savepoint, nested and released ones included", async () => {
    await audited(filled);
    await through(`
      begin;
      update item set n = 10 where id = 1;
      savepoint a;
      update item set n = 11 where id = 1;
      savepoint b;
      update item set n = 12 where id = 1;
      insert into item values (3, 3);
      release b;
      delete from item where id = 2;
      rollback to a;
      update item set n = 20 where id = 1;
      savepoint c;
      update item set n = 21 where id = 1;
      release c;
      commit`);
    await expectChanges(n(1, 10), n(10, 20), n(20, 21));
  });

  it("record nothing of what an exception block took back, and all of what it did then", async () => {
    await audited(filled);
    await run(`
      do $$
      begin
        update item set n = 10 where id = 1;
        begin
          update item set n = 11 where id = 1;
          insert into item values (1, 0);
        exception when unique_violation then
          update item set n = 12 where id = 1;
        end;
        begin
          update item set n = n / 0;
        exception when division_by_zero then null;
        end;
        insert into item values (3, 3);
      end $$`);
    await expectChanges(n(1, 10), n(10, 12), inserted("3", { id: "3", n: "3" }));
  });

  it("record nothing of a statement that failed half-way", async () => {
    await audited(filled);
    await expect(run("insert into item values (3, 3), (4, 4), (1, 1)")).rejects.toMatchObject({
      code: "23505",
    });
    await expect(run("update item set n = 10 / (2 - id)")).rejects.toMatchObject({ code: "22012" });
    await expect(run("begin; delete from item; select 1 / 0; commit")).rejects.toMatchObject({
      code: "22012",
    });
    await run("rollback", "update item set n = 5 where id = 1");
    await expectChanges(n(1, 5));
  });

  it("record nothing of an insert whose deferred check failed at COMMIT", async () => {
    await audited(`
      create table item (id int primary key, n int references item deferrable initially deferred);
      insert into item values (1, 1)`);
    await expect(run("begin; insert into item values (2, 99); commit")).rejects.toMatchObject({
      code: "23503",
    });
    await run("rollback", "begin; insert into item values (2, 3); insert into item values (3, 2); commit");
    await expectChanges(inserted("2", { id: "2", n: "3" }), inserted("3", { id: "3", n: "2" }));
  });

  it("keep the order of a row's changes around an update that left none, rolled back or not", async () => {
    await audited(filled);
    await through(
      `begin;
       update item set n = 10 where id = 1;
       savepoint a;
       update item set n = n where id = 1;
       update item set n = 99 where id = 1;
       rollback to a;
       update item set n = 20 where id = 1;
       update item set n = n where id = 1;
       update item set n = 30 where id = 1;
       commit`,
      "update item set n = n",
      "update item set n = 40 where id = 1",
    );
    await expectChanges(n(1, 10), n(10, 20), n(20, 30), n(30, 40));
  });

  it("record when they were prepared and another session committed them", async () => {
    await audited(filled);
    const name = `${path.database.name}_two`;
    await run(
      `begin; update item set n = 10 where id = 1; insert into item values (3, 3); prepare transaction '${name}'`,
    );
    expect(await path.changes()).toEqual([]);
    await path.session().unsafe(`commit prepared '${name}'`);
    await expectChanges(n(1, 10), inserted("3", { id: "3", n: "3" }));
  });

  it("record nothing when they were prepared and rolled back", async () => {
    await audited(filled);
    const name = `${path.database.name}_two`;
    await run(`begin; update item set n = 10; delete from item where id = 2; prepare transaction '${name}'`);
    await path.session().unsafe(`rollback prepared '${name}'`);
    await run("update item set n = 11 where id = 1");
    await expectChanges(n(1, 11));
  });

  it("keep the order of effects when several wait for one row", async () => {
    await audited(filled);
    const [first, second, third] = [path.session(), path.session(), path.session()];
    await first.unsafe("begin; update item set n = n + 1 where id = 1");
    const waiting = [
      second.unsafe("update item set n = n * 10 where id = 1"),
      third.unsafe("update item set n = n + 5 where id = 1"),
    ].map((query) => query.execute());
    await waitUntilBlocked(2);
    await first.unsafe("update item set n = n + 1 where id = 1; commit");
    await Promise.all(waiting);
    const changes = await path.changes();
    expect(changes).toHaveLength(4);
    expect(changes.slice(1).map(({ old }) => old)).toEqual(changes.slice(0, -1).map((change) => change.new));
    await path.expectPast();
  });

  it("keep the order of effects when many write one row at once", async () => {
    await audited(filled);
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const session = path.session();
        for (let place = 0; place < 15; place++)
          await session.unsafe("update item set n = n + 1 where id = 1");
      }),
    );
    await expectChanges(...Array.from({ length: 60 }, (_, place) => n(place + 1, place + 2)));
  });

  it("keep the order of effects when one deletes the row that another waits to insert", async () => {
    await audited(filled);
    const waiter = path.session();
    await run("begin; delete from item where id = 1");
    const waiting = waiter
      .unsafe("insert into item values (1, 7) on conflict (id) do update set n = 99")
      .execute();
    await waitUntilBlocked(1);
    await run("commit");
    await waiting;
    await expectChanges(deleted("1", { id: "1", n: "1" }), inserted("1", { id: "1", n: "7" }));
  });

  it("that are long stand as they wrote among the short ones in between", async () => {
    await audited(filled);
    const long = path.session();
    await long.unsafe("begin; update item set n = 10 where id = 1");
    await run("update item set n = 20 where id = 2");
    await long.unsafe("insert into item values (3, 3)");
    await run("update item set n = 21 where id = 2", "insert into item values (4, 4)");
    await long.unsafe("update item set n = 11 where id = 1; commit");
    await run("update item set n = 12 where id = 1");
    await expectChanges(
      n(1, 10),
      n(2, 20, "2"),
      inserted("3", { id: "3", n: "3" }),
      n(20, 21, "2"),
      inserted("4", { id: "4", n: "4" }),
      n(10, 11),
      n(11, 12),
    );
    const told = await path.audit.items<{ key: string; tx: string }>("history", "item");
    const transactions = told.map(({ tx }) => tx);
    expect(transactions[0]).toBe(transactions[2]);
    expect(transactions[0]).toBe(transactions[5]);
    expect(new Set(transactions).size).toBe(5);
  });

  /** Waits until so many sessions of this database wait for a lock. */
  async function waitUntilBlocked(count: number): Promise<void> {
    await vi.waitFor(
      async () => {
        const waiting = await path.database.sql`
          select from pg_stat_activity
          where datname = ${path.database.name} and cardinality(pg_blocking_pids(pid)) > 0`;
        expect(waiting).toHaveLength(count);
      },
      { timeout: 60_000, interval: 10 },
    );
  }
});
