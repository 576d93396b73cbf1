import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted } = changesOf("item");

describe.each(forms)("Keys of a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, through, expectChanges, history } = path;

  const filled = `
    create table item (id int primary key deferrable, name text);
    insert into item values (1, 'a'), (2, 'b'), (3, 'c')`;
  const moved = (from: number, to: number, name: string) =>
    rekeyed(`${from}`, `${to}`, { id: `${from}`, name }, { id: `${to}` });

  it("change in one update whose old image is the whole row; its history is found by either", async () => {
    await audited(filled);
    await through(
      "update item set id = 9, name = 'z' where id = 1",
      "update item set name = 'y' where id = 9",
    );
    const life = [
      rekeyed("1", "9", { id: "1", name: "a" }, { id: "9", name: "z" }),
      updated("9", { name: "z" }, { name: "y" }),
    ];
    await expectChanges(...life);
    expect(await history("item", "1")).toEqual(life);
    expect(await history("item", "9")).toEqual(life);
  });

  it("that are swapped in one statement are both followed", async () => {
    await audited(filled);
    await through("update item set id = 3 - id where id < 3", "update item set name = 'x' where id = 1");
    await expectChanges(
      together(moved(1, 2, "a"), moved(2, 1, "b")),
      updated("1", { name: "b" }, { name: "x" }),
    );
  });

  it("that rotate over three rows are all followed", async () => {
    await audited(filled);
    await through("update item set id = id % 3 + 1", "update item set id = id % 3 + 1");
    await expectChanges(
      together(moved(1, 2, "a"), moved(2, 3, "b"), moved(3, 1, "c")),
      together(moved(2, 3, "a"), moved(3, 1, "b"), moved(1, 2, "c")),
    );
  });

  it("that are swapped by way of a third are followed step by step", async () => {
    await audited(filled);
    await through(
      "begin; update item set id = 0 where id = 1; update item set id = 1 where id = 2; update item set id = 2 where id = 0; commit",
    );
    await expectChanges(moved(1, 0, "a"), moved(2, 1, "b"), moved(0, 2, "a"));
  });

  it("that are swapped while the check is deferred to COMMIT are followed", async () => {
    await audited(filled);
    await through(
      "begin; set constraints all deferred; update item set id = 2 where id = 1; update item set id = 1 where name = 'b'; commit",
    );
    await expectChanges(moved(1, 2, "a"), moved(2, 1, "b"));
  });

  const passThrough = `
    begin;
    set constraints all deferred;
    update item set id = 2 where id = 1;
    update item set id = 8 where name = 'a';
    update item set name = 'z' where name = 'b';
    commit`;

  it("may pass through the key of another row within a transaction", async () => {
    await audited(filled);
    await run(passThrough);
    expect(await path.changes()).toEqual([
      moved(1, 2, "a"),
      moved(2, 8, "a"),
      updated("2", { name: "b" }, { name: "z" }),
    ]);
  });

  // The row that passes through is taken for the one that lived there: the past has its values.
  it("leave the past of the row alone through whose key another passed", async () => {
    await audited(filled);
    await through(passThrough);
    await path.expectPast();
  });

  it.each([
    ["moves away", "update item set id = 9 where name = 'a'"],
    ["is deleted", "delete from item where name = 'a'"],
  ])("may be taken by a new row before the one that lives there %s", async (_how, leave) => {
    await audited(filled);
    await through(
      `begin;
      set constraints all deferred;
      insert into item values (1, 'new');
      update item set name = 'newer' where name = 'new';
      ${leave};
      commit`,
    );
    await path.expectPast();
  });

  // The row that comes and goes is taken for the one that lives there: the past has its values.
  it.fails("may be taken by a new row that leaves again, while the one that lives there stays", () =>
    comesAndGoes("delete from item where name = 'newer'"));

  it("may be taken by a new row that leaves again, while the one that lives there is changed", () =>
    comesAndGoes("update item set name = 'z' where name = 'a'; delete from item where name = 'newer'"));

  async function comesAndGoes(leave: string): Promise<void> {
    await audited(filled);
    await through(
      `begin;
      set constraints all deferred;
      insert into item values (1, 'new');
      update item set name = 'newer' where name = 'new';
      ${leave};
      commit`,
    );
    await path.expectPast();
  }

  it("that become deferrable while the table is audited are followed from then on", async () => {
    await audited("create table item (id int primary key, name text); insert into item values (1, 'a')");
    await run(
      "alter table item drop constraint item_pkey, add constraint item_key primary key (id) deferrable initially deferred",
    );
    await path.remember();
    await through(
      `begin;
      insert into item values (1, 'new');
      update item set name = 'newer' where name = 'new';
      update item set id = 9 where name = 'a';
      commit`,
    );
    await path.expectPast();
  });

  it("that are shifted by one are all followed", async () => {
    await audited(filled);
    await through("update item set id = id + 1", "update item set id = id - 1");
    await expectChanges(
      together(moved(1, 2, "a"), moved(2, 3, "b"), moved(3, 4, "c")),
      together(moved(2, 1, "a"), moved(3, 2, "b"), moved(4, 3, "c")),
    );
  });

  it("may be taken that were just deleted in the same transaction", async () => {
    await audited(filled);
    await through("begin; delete from item where id = 1; update item set id = 1 where id = 2; commit");
    await expectChanges(deleted("1", { id: "1", name: "a" }), moved(2, 1, "b"));
  });

  it("may be left and inserted anew in the same transaction", async () => {
    await audited(filled);
    await through("begin; update item set id = 9 where id = 1; insert into item values (1, 'new'); commit");
    await expectChanges(moved(1, 9, "a"), inserted("1", { id: "1", name: "new" }));
  });

  it("that go there and back again leave both steps", async () => {
    await audited(filled);
    await through("begin; update item set id = 9 where id = 1; update item set id = 1 where id = 9; commit");
    await expectChanges(moved(1, 9, "a"), moved(9, 1, "a"));
  });

  it("of several columns are in key order, whatever their values hold and their columns are called", async () => {
    await audited(`
      create table item (note text, b text, a int, primary key (a, b));
      insert into item values ('n', '", "2', 1), (null, '1", "', 1)`);
    await run(
      "update item set note = 'm' where note = 'n'",
      "alter table item rename a to first",
      `update item set b = 'x' where note is null`,
    );
    expect(await path.changes()).toEqual([
      updated('["1", "\\", \\"2"]', { note: "n" }, { note: "m" }),
      rekeyed('["1", "1\\", \\""]', '["1", "x"]', { note: null, b: '1", "', first: "1" }, { b: "x" }),
    ]);
  });

  it("have one text each, whatever the session's settings", async () => {
    await audited(`
      create table item (n numeric, t timestamptz, c char(4), f float8, d date, i interval, b bytea, primary key (n, t, c, f, d, i, b));
      insert into item values (1.50, '2026-01-02 03:04:05.678901+00', 'ab', 0.30000000000000004, '2026-02-03', '1 mon', '\\x00ff')`);
    await path.session().unsafe(`
      set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set extra_float_digits = -10;
      set intervalstyle = 'iso_8601'; set bytea_output = 'escape';
      delete from item`);
    const values = {
      n: "1.50",
      t: "2026-01-02 03:04:05.678901+00",
      c: "ab  ",
      f: "0.30000000000000004",
      d: "2026-02-03",
      i: "1 mon",
      b: "\\x00ff",
    };
    await expectChanges(
      deleted(
        `[${Object.values(values)
          .map((text) => JSON.stringify(text))
          .join(", ")}]`,
        values,
      ),
    );
  });

  it("whose text changes though the value is equal are a change of key", async () => {
    await audited(
      "create table item (id numeric primary key, name text); insert into item values (1.0, 'a')",
    );
    await through("update item set id = 1.00", "update item set id = 1");
    await expectChanges(
      rekeyed("1.0", "1.00", { id: "1.0", name: "a" }, { id: "1.00" }),
      rekeyed("1.00", "1", { id: "1.00", name: "a" }, { id: "1" }),
    );
  });
});
