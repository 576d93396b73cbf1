import { describe, expect, it } from "vitest";
import { type PatchTable, planPatch, writesOf } from "../../src/core/patch.ts";
import { randomValue } from "../../src/core/takers.ts";
import type { Unique } from "../../src/core/uniques.ts";
import type { RowDifference } from "../../src/types.ts";

const inserted = (key: string): RowDifference => ({ kind: "inserted", key, new: { id: key } });
const deleted = (key: string): RowDifference => ({ kind: "deleted", key, old: { id: key } });
const changed = (key: string): RowDifference => ({
  ...{ kind: "changed", key, old: { id: key, a: "1" }, new: { id: key, a: "2" } },
});
const moved = (oldKey: string, key: string): RowDifference => ({
  ...{ kind: "changed", key, oldKey, old: { id: oldKey, a: oldKey }, new: { id: key, a: oldKey } },
});

const column = { name: "id", type: "integer", generated: false, always: false, known: true, nullable: true };

const plain = (...equal: string[]): Unique => ({
  ...{ equal, opaque: [], conditions: [], freeing: equal, scattering: equal, bound: [] },
});

function table(oid: number, differences: RowDifference[], more: Partial<PatchTable> = {}): PatchTable {
  return {
    ...{
      oid,
      schema: "public",
      table: `t${oid}`,
      columns: [column],
      key: ["id"],
      references: [],
      uniques: [],
      inherited: false,
      replaceable: true,
    },
    ...{ differences, ...more },
  };
}

const to = (...oids: number[]) => ({
  references: oids.map((oid) => ({ oid, deferrable: false, columns: ["ref"] })),
});

/** Steps as `table operation key key…`; a changed key as old>new, a parked column as key.column. */
function steps(...tables: PatchTable[]): string[] {
  return planPatch(tables).steps.map((step) =>
    [
      step.table.table,
      step.do,
      ...step.rows.map((row) => {
        if ("filler" in row) return `${row.key}.${row.column}=${row.filler}`;
        return row.kind === "changed" && row.oldKey !== undefined ? `${row.oldKey}>${row.key}` : row.key;
      }),
    ].join(" "),
  );
}

describe("planPatch", () => {
  it("has nothing to do where nothing differs", () => {
    expect(planPatch([])).toEqual({ steps: [], circle: [], parted: [] });
    expect(steps(table(1, []))).toEqual([]);
  });

  it("deletes children before parents, and inserts parents before children", () => {
    const child = table(1, [inserted("1"), deleted("2")], to(2));
    const parent = table(2, [inserted("3"), deleted("4")], to(3));
    const grandparent = table(3, [inserted("5"), deleted("6")]);
    expect(steps(child, parent, grandparent)).toEqual([
      ...["t1 delete 2", "t2 delete 4", "t3 delete 6", "t3 insert 5", "t2 insert 3", "t1 insert 1"],
    ]);
  });

  it("deletes last where rows may be turned away from what goes", () => {
    const child = table(1, [changed("1"), deleted("2")], to(2));
    const parent = table(2, [inserted("3"), deleted("4")], to(3));
    const grandparent = table(3, [deleted("6")]);
    expect(steps(child, parent, grandparent)).toEqual([
      ...["t1 delete 2", "t2 insert 3", "t1 update 1", "t2 delete 4", "t3 delete 6"],
    ]);
  });

  it("changes keys when they are free", () => {
    const differences = [moved("1", "2"), moved("2", "3"), deleted("3"), changed("9"), inserted("1")];
    expect(steps(table(1, differences))).toEqual(["t1 delete 3", "t1 update 2>3 1>2 9", "t1 insert 1"]);
  });

  it("writes rows by key where keys are exchanged", () => {
    const [step, ...others] = planPatch([table(1, [moved("1", "2"), moved("2", "1")])]).steps;
    expect(others).toEqual([]);
    expect(step?.do).toBe("update");
    expect(step?.rows).toEqual([
      { kind: "changed", key: "1", old: { id: "1", a: "1" }, new: { id: "1", a: "2" } },
      { kind: "changed", key: "2", old: { id: "2", a: "2" }, new: { id: "2", a: "1" } },
    ]);
  });

  it("writes rows by key where a foreign key or an identity column holds the key", () => {
    const child = table(1, [changed("1")], to(2));
    expect(steps(child, table(2, [moved("1", "2"), deleted("2")]))).toEqual([
      ...["t2 update 2", "t1 update 1", "t2 delete 1"],
    ]);
    const always = { columns: [{ ...column, always: true }] };
    expect(steps(table(1, [moved("1", "2")], always))).toEqual(["t1 delete 1", "t1 insert 2"]);
  });

  it("keeps rows whole whose columns are not all known, as far as it can", () => {
    const hidden = { columns: [column, { ...column, name: "hidden", known: false }] };
    const child = table(1, [changed("1")], to(2));
    expect(steps(child, table(2, [moved("1", "2")], hidden))).toEqual(["t2 update 1>2", "t1 update 1"]);
    const exchanged = table(3, [moved("1", "2"), moved("2", "1")], hidden);
    expect(planPatch([exchanged]).parted).toEqual([exchanged]);
    // A row that refers to others of its table may go only after these were turned away from it.
    const late = table(4, [moved("1", "2"), deleted("2")], { ...hidden, ...to(4) });
    expect(steps(late)).toEqual(["t4 update 2", "t4 delete 1"]);
    expect(planPatch([late]).parted).toEqual([late]);
  });

  it("replaces rows in which a column changed that no UPDATE can set, where all of them is known", () => {
    const columns = [column, { ...column, name: "no", always: true }];
    const replaced: RowDifference = {
      ...{ kind: "changed", key: "1", old: { id: "1", no: "1" }, new: { id: "1", no: "2" } },
    };
    const partly: RowDifference = { kind: "changed", key: "2", old: { no: "1" }, new: { no: "2" } };
    const other: RowDifference = {
      ...{ kind: "changed", key: "3", old: { id: "3", no: "3" }, new: { id: "3", no: "3" } },
    };
    const differences = [replaced, partly, other];
    expect(steps(table(1, differences, { columns }))).toEqual(["t1 update 2 3", "t1 replace 1"]);
    expect(steps(table(1, differences, { columns, replaceable: false }))).toEqual(["t1 update 1 2 3"]);
  });

  it("inserts first and deletes last in a table that refers to itself", () => {
    expect(steps(table(1, [inserted("1"), changed("2"), deleted("3")], to(1)))).toEqual([
      ...["t1 insert 1", "t1 update 2", "t1 delete 3"],
    ]);
  });

  it("says which tables refer to each other in a circle", () => {
    const tables = [table(1, [inserted("1")], to(2)), table(2, [inserted("2")], to(1))];
    const { steps: planned, circle } = planPatch(tables);
    expect(planned.map((step) => step.table.oid)).toEqual([1, 2]);
    expect(circle).toEqual([tables[0]]);
  });

  it("sets references around a circle when all rows are there, and takes them away before any goes", () => {
    const ref = { ...column, name: "ref" };
    const tables = [
      table(
        1,
        [
          { kind: "inserted", key: "1", new: { id: "1", ref: "2" } },
          { kind: "deleted", key: "8", old: { id: "8", ref: "9" } },
          { kind: "changed", key: "5", old: { id: "5", ref: null }, new: { id: "5", ref: "2" } },
          { kind: "inserted", key: "6", new: { id: "6", ref: null } },
        ],
        { ...to(2), columns: [column, ref] },
      ),
      table(2, [inserted("2"), deleted("9")], to(1)),
    ];
    expect(steps(...tables)).toEqual([
      ...["t1 update 8", "t1 update 5", "t1 insert 1 6", "t2 insert 2"],
      ...["t1 update 1 5", "t2 delete 9", "t1 delete 8"],
    ]);
    const { steps: planned } = planPatch(tables);
    expect(planned[0]?.rows).toEqual([{ kind: "changed", key: "8", old: { ref: "9" }, new: { ref: null } }]);
    expect(planned[2]?.rows[0]).toMatchObject({ new: { id: "1", ref: null } });
    const fixed = { columns: [column, { ...ref, nullable: false }], ...to(2) };
    expect(steps(table(1, [inserted("1")], fixed), table(2, [inserted("2")], to(1)))).toEqual([
      ...["t1 insert 1", "t2 insert 2"],
    ]);
  });
});

describe("values that must be unique", () => {
  const mail = { ...column, name: "mail", type: "text", nullable: false };
  const unique = { columns: [column, mail], uniques: [plain("mail")] };
  const mailed = (key: string, old: string, now: string): RowDifference => ({
    ...{ kind: "changed", key, old: { id: key, mail: old }, new: { id: key, mail: now } },
  });

  it("are taken when they are free", () => {
    const chain = [mailed("1", "a", "b"), mailed("2", "b", "c"), mailed("3", "c", "d")];
    expect(steps(table(1, chain, unique))).toEqual(["t1 update 3 2 1"]);
    const moves: RowDifference[] = [
      { kind: "changed", key: "2", oldKey: "1", old: { id: "1", mail: "a" }, new: { id: "2", mail: "a" } },
      { kind: "changed", key: "3", oldKey: "2", old: { id: "2", mail: "b" }, new: { id: "3", mail: "c" } },
    ];
    expect(steps(table(1, moves, unique))).toEqual(["t1 update 2>3 1>2"]);
  });

  it("are parked where they are exchanged, or go only later", () => {
    const swap = [mailed("1", "a", "b"), mailed("2", "b", "a")];
    expect(steps(table(1, swap, unique))).toEqual(["t1 park 2.mail=random", "t1 update 1 2"]);
    const empty = { columns: [column, { ...mail, nullable: true }], uniques: [plain("mail")] };
    expect(steps(table(1, swap, empty))).toEqual(["t1 park 2.mail=null", "t1 update 1 2"]);
    expect(steps(table(1, swap, { ...unique, uniques: [plain("id", "mail")] }))).toEqual(["t1 update 1 2"]);
    const late: RowDifference[] = [
      { kind: "deleted", key: "3", old: { id: "3", mail: "x" } },
      { kind: "inserted", key: "4", new: { id: "4", mail: "x" } },
      { kind: "inserted", key: "5", new: { id: "5", mail: "y" } },
    ];
    expect(steps(table(1, late, unique))).toEqual(["t1 delete 3", "t1 insert 4 5"]);
    expect(steps(table(2, [changed("1")], to(1)), table(1, late, unique))).toEqual([
      ...["t1 park 3.mail=random", "t1 insert 4 5", "t2 update 1", "t1 delete 3"],
    ]);
  });

  it("are parked each by itself where a row has several", () => {
    const both = {
      columns: [column, mail, { ...mail, name: "nick" }],
      uniques: [plain("mail"), plain("nick")],
    };
    const named = (key: string, [old, now]: [string, string]): RowDifference => ({
      ...{ kind: "changed", key, old: { id: key, mail: old, nick: old } },
      new: { id: key, mail: now, nick: now },
    });
    expect(steps(table(1, [named("1", ["a", "b"]), named("2", ["b", "a"])], both))).toEqual([
      ...["t1 park 2.mail=random 2.nick=random", "t1 update 1 2"],
    ]);
  });

  it("are written in one statement, or left to the server, where the row cannot be parked", () => {
    const held = { columns: [column, { ...mail, type: "point" }], uniques: [plain("mail")] };
    const odd = { ...held, replaceable: false };
    const swap = [mailed("1", "a", "b"), mailed("2", "b", "a")];
    expect(steps(table(1, swap, odd))).toEqual(["t1 update 1 2"]);
    expect(steps(table(1, swap, held))).toEqual(["t1 replace 1 2"]);
    const always = { columns: [column, { ...mail, always: true }], uniques: [plain("mail")] };
    expect(steps(table(1, swap, { ...always, replaceable: true }))).toEqual(["t1 replace 1 2"]);
    expect(steps(table(1, [mailed("1", "a", "b")], unique))).toEqual(["t1 update 1"]);
  });

  it("stand aside as values of their type", () => {
    expect(randomValue("character varying(5)")).toBe(
      "pg_catalog.gen_random_uuid()::text::character varying(5)",
    );
    expect(randomValue("uuid")).toBe("pg_catalog.gen_random_uuid()");
    expect(randomValue("smallint")).toBe("(-1 - pg_catalog.floor(pg_catalog.random() * 32766))::smallint");
    expect(randomValue("tstzrange")).toBe("'empty'::tstzrange");
    expect(randomValue("int4multirange")).toBe("'{}'::int4multirange");
    expect(randomValue("box")).toBeUndefined();
  });
});

describe("writesOf", () => {
  const writes = (of: PatchTable) => [...writesOf(planPatch([of, table(2, [inserted("1")])]), of.oid)].sort();

  it("tells what is written to the table itself", () => {
    expect(writes(table(1, []))).toEqual([]);
    expect(writes(table(1, [changed("1"), deleted("2")]))).toEqual(["delete", "update"]);
  });

  it("tells that rows are inserted and deleted where keys are exchanged beside others that change", () => {
    expect(writes(table(1, [moved("3", "4")]))).toEqual(["update"]);
    expect(writes(table(1, [moved("1", "2"), moved("2", "1"), moved("3", "4")]))).toEqual([
      ...["delete", "insert", "update"],
    ]);
  });

  it("tells that rows are deleted and inserted where no UPDATE can set a column", () => {
    const columns = [column, { ...column, name: "a", always: true }];
    expect(writes(table(1, [changed("1")], { columns }))).toEqual(["delete", "insert"]);
  });
});
