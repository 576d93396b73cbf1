import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted } = changesOf("item");

/** A trigger of the application on item; its name decides whether it runs before or after others. */
const trigger = (name: string, when: string, body: string, level = "row") => `
  create or replace function own() returns trigger language plpgsql as $$ begin ${body} end $$;
  create trigger "${name}" ${when} on item for each ${level} execute function own();`;

describe.each(forms)("A table with triggers of its own, %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, through, expectChanges, history, expectPast } = path;

  const item = "create table item (id int primary key, n int, main boolean default false);";
  const row = (id: number, n: number, main = false) => ({ id: `${id}`, n: `${n}`, main: `${main}` });

  it("records what a BEFORE trigger made of the row", async () => {
    await audited(
      item + trigger("own", "before insert or update", "new.n := new.n + 100; new.main := true; return new;"),
    );
    await run("insert into item values (1, 1)", "update item set n = 5");
    await expectChanges(inserted("1", row(1, 101, true)), updated("1", { n: "101" }, { n: "105" }));
  });

  it("records nothing of what a BEFORE trigger cancelled", async () => {
    await audited(
      `${item} insert into item values (1, 1), (2, 2);${trigger("own", "before insert or update or delete", "if coalesce(new.id, old.id) % 2 = 0 then return null; end if; return coalesce(new, old);")}`,
    );
    await run("insert into item values (3, 3), (4, 4)", "update item set n = 0", "delete from item");
    await expectChanges(
      inserted("3", row(3, 3)),
      updated("1", { n: "1" }, { n: "0" }),
      updated("3", { n: "3" }, { n: "0" }),
      deleted("1", row(1, 0)),
      deleted("3", row(3, 0)),
    );
  });

  it("records nothing of an update that a BEFORE trigger took back", async () => {
    await audited(`${item} insert into item values (1, 1);${trigger("own", "before update", "return old;")}`);
    await run("update item set n = 5");
    await expectChanges();
  });

  // Triggers run in the order of their names: these come before and after any other.
  describe.each(["!first", "~last"])("one of which is called %s", (name) => {
    it("has the insert first when an AFTER INSERT trigger changes the row", async () => {
      await audited(
        item + trigger(name, "after insert", "update item set n = n + 10 where id = new.id; return null;"),
      );
      await through("insert into item values (1, 1), (2, 2)", "update item set n = 5 where id = 1");
      const life = [
        inserted("1", row(1, 1)),
        updated("1", { n: "1" }, { n: "11" }),
        updated("1", { n: "11" }, { n: "5" }),
      ];
      expect(await history("item", "1")).toEqual(life);
      expect(await history("item", "2")).toEqual([
        inserted("2", row(2, 2)),
        updated("2", { n: "2" }, { n: "12" }),
      ]);
      await expectPast();
    });

    it("has the delete first when an AFTER DELETE trigger puts the row back", async () => {
      await audited(
        `${item} insert into item values (1, 1), (2, 2);${trigger(name, "after delete", "insert into item values (old.id, old.n + 10); return null;")}`,
      );
      await through("delete from item where id = 1", "delete from item");
      expect(await history("item", "1")).toEqual([
        deleted("1", row(1, 1)),
        inserted("1", row(1, 11)),
        deleted("1", row(1, 11)),
        inserted("1", row(1, 21)),
      ]);
      await expectPast();
    });

    it("has the insert first when an AFTER INSERT trigger deletes the row", async () => {
      await audited(
        item + trigger(name, "after insert", "delete from item where id = new.id and n > 1; return null;"),
      );
      await through("insert into item values (1, 1), (2, 2)", "insert into item values (2, 3)");
      expect(await history("item", "1")).toEqual([inserted("1", row(1, 1))]);
      expect(await history("item", "2")).toEqual([
        inserted("2", row(2, 2)),
        deleted("2", row(2, 2)),
        inserted("2", row(2, 3)),
        deleted("2", row(2, 3)),
      ]);
      await expectPast();
    });

    it("has the updates in order when an AFTER UPDATE trigger goes three deep", async () => {
      await audited(
        `${item} insert into item values (1, 0);${trigger(name, "after update", "if new.n < 4 then update item set n = n + 1 where id = new.id; end if; return null;")}`,
      );
      await through("update item set n = 1", "update item set n = 7");
      expect(await history("item", "1")).toEqual([
        updated("1", { n: "0" }, { n: "1" }),
        updated("1", { n: "1" }, { n: "2" }),
        updated("1", { n: "2" }, { n: "3" }),
        updated("1", { n: "3" }, { n: "4" }),
        updated("1", { n: "4" }, { n: "7" }),
      ]);
      await expectPast();
    });

    const movesOn = trigger(
      name,
      "after update",
      "if new.id < 3 then update item set id = id + 1 where id = new.id; end if; return null;",
    );

    it("has the past right when an AFTER UPDATE trigger moves the row on to another key", async () => {
      await audited(`${item} insert into item values (1, 0), (7, 0);${movesOn}`);
      await through("update item set id = 2, n = 1 where id = 1", "update item set n = 5");
      const changes = await path.changes();
      expect(changes).toHaveLength(4);
      expect(changes.slice(0, 2)).toEqual(
        expect.arrayContaining([
          rekeyed("1", "2", row(1, 0), { id: "2", n: "1" }),
          rekeyed("2", "3", row(2, 1), { id: "3" }),
        ]),
      );
      await expectPast();
    });

    it("has the key changes of one row in order, whichever of its keys is asked for", async () => {
      await audited(`${item} insert into item values (1, 0);${movesOn}`);
      await run("update item set id = 2, n = 1");
      const life = [
        rekeyed("1", "2", row(1, 0), { id: "2", n: "1" }),
        rekeyed("2", "3", row(2, 1), { id: "3" }),
      ];
      for (const key of ["1", "2", "3"]) expect(await history("item", key)).toEqual(life);
    });
  });

  // Only one row is the main one: a trigger takes the mark from the others.
  it.each([
    ["BEFORE", "before insert or update of main", "update item set main = true where id = 2"],
    ["AFTER", "after insert or update of main", "update item set main = true"],
  ])(
    "keeps the order of each neighbour that a row trigger %s the write touches",
    async (_when, when, last) => {
      await audited(
        `${item}${trigger("own", when, "if new.main then update item set main = false, n = n + 1 where id <> new.id and main; end if; return new;")}`,
      );
      await through(
        "insert into item values (1, 0, true)",
        "insert into item values (2, 0, true)",
        "update item set main = true where id = 1",
        "insert into item values (3, 0, true), (4, 0, true)",
        last,
      );
      const [first] = await Promise.all([history("item", "1"), history("item", "4")]);
      expect(first.slice(0, 4)).toEqual([
        inserted("1", row(1, 0, true)),
        updated("1", { n: "0", main: "true" }, { n: "1", main: "false" }),
        updated("1", { main: "false" }, { main: "true" }),
        updated("1", { n: "1", main: "true" }, { n: "2", main: "false" }),
      ]);
      for (const id of ["1", "2", "3", "4"]) expectChain(await history("item", id));
      await expectPast();
    },
  );

  it("has the insert before the update of a statement trigger that writes to the table itself", async () => {
    await audited(
      `${item}${trigger("own", "after insert", "update item set n = n + 10 where n < 10; return null;", "statement")}`,
    );
    await through("insert into item values (1, 1), (2, 2)", "insert into item values (3, 3)");
    for (const id of [1, 2, 3]) {
      expect(await history("item", `${id}`)).toEqual([
        inserted(`${id}`, row(id, id)),
        updated(`${id}`, { n: `${id}` }, { n: `${id + 10}` }),
      ]);
    }
    await expectPast();
  });

  it("has the delete before the insert of a statement trigger that fills the table again", async () => {
    await audited(
      `${item} insert into item values (1, 1), (2, 2);${trigger("own", "after delete", "insert into item select id, id * 10 from generate_series(1, 2) as id on conflict do nothing; return null;", "statement")}`,
    );
    await through("delete from item where id = 2", "delete from item");
    expect(await history("item", "2")).toEqual([
      deleted("2", row(2, 2)),
      inserted("2", row(2, 20)),
      deleted("2", row(2, 20)),
      inserted("2", row(2, 20)),
    ]);
    await expectPast();
  });

  it("has the update of a BEFORE statement trigger first", async () => {
    await audited(
      `${item} insert into item values (1, 1), (2, 2);${trigger("own", "before delete", "update item set n = n + 10 where id = 2; return null;", "statement")}`,
    );
    await through(
      "delete from item where id = 1",
      "insert into item values (1, 5)",
      "delete from item where n = 5",
    );
    expect(await history("item")).toEqual([
      updated("2", { n: "2" }, { n: "12" }),
      deleted("1", row(1, 1)),
      inserted("1", row(1, 5)),
      updated("2", { n: "12" }, { n: "22" }),
      deleted("1", row(1, 5)),
    ]);
    await expectPast();
  });

  it("records what triggers of other tables write to it", async () => {
    await audited(`
      ${item} insert into item values (1, 1);
      create table source (id int);
      create function count_up() returns trigger language plpgsql as $$ begin update item set n = n + 1; return null; end $$;
      create trigger count_up after insert on source for each row execute function count_up()`);
    await run("insert into source values (1), (2)");
    await expectChanges(updated("1", { n: "1" }, { n: "2" }), updated("1", { n: "2" }, { n: "3" }));
  });

  it("records what a deferred constraint trigger writes at COMMIT, in the same transaction", async () => {
    await audited(`
      ${item} insert into item values (9, 0);
      create function at_commit() returns trigger language plpgsql as $$
      begin update item set n = n + new.n where id = 9; return null; end $$;
      create constraint trigger at_commit after insert on item deferrable initially deferred
      for each row execute function at_commit()`);
    await through(
      "begin; insert into item values (1, 1), (2, 2); update item set n = 5 where id = 1; commit",
    );
    await expectChanges(
      inserted("1", row(1, 1)),
      inserted("2", row(2, 2)),
      updated("1", { n: "1" }, { n: "5" }),
      updated("9", { n: "0" }, { n: "1" }),
      updated("9", { n: "1" }, { n: "3" }),
    );
    const told = await path.audit.items<{ tx: string }>("history", "item");
    expect(new Set(told.map(({ tx }) => tx)).size).toBe(1);
  });

  it("records what a deferred constraint trigger does to the very row at COMMIT", async () => {
    await audited(`
      ${item}
      create function at_commit() returns trigger language plpgsql as $$
      begin delete from item where id = new.id and n > 1; return null; end $$;
      create constraint trigger at_commit after insert on item deferrable initially deferred
      for each row execute function at_commit()`);
    await through("insert into item values (1, 1), (2, 2)");
    await expectChanges(inserted("1", row(1, 1)), inserted("2", row(2, 2)), deleted("2", row(2, 2)));
  });

  it("goes on beside another product's capture, which records the same", async () => {
    await audited(`
      ${item}
      create table audit_log (id serial, op text, row_data jsonb);
      create function log_it() returns trigger language plpgsql as $$
      begin insert into audit_log (op, row_data) values (tg_op, to_jsonb(coalesce(new, old))); return null; end $$;
      create trigger audit_trigger_row after insert or update or delete on item for each row execute function log_it()`);
    await run("insert into item values (1, 1)", "update item set n = 2", "delete from item");
    await expectChanges(
      inserted("1", row(1, 1)),
      updated("1", { n: "1" }, { n: "2" }),
      deleted("1", row(1, 2)),
    );
    expect(await path.sql.unsafe("select from audit_log")).toHaveLength(3);
  });

  /** Each update has to begin with what the change before it left. */
  function expectChain(changes: Awaited<ReturnType<typeof history>>) {
    let values: Readonly<Record<string, string | null>> = {};
    for (const change of changes) {
      if (change.op === "U") expect(values).toMatchObject(change.old ?? {});
      values = { ...values, ...change.new };
    }
  }
});
