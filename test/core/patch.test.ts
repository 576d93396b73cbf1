import { describe, expect, it } from "vitest";
import { type PatchTable, planPatch } from "../../src/core/patch.ts";
import type { RowDifference } from "../../src/types.ts";

const inserted = (key: string): RowDifference => ({ kind: "inserted", key, new: { id: key } });
const deleted = (key: string): RowDifference => ({ kind: "deleted", key, old: { id: key } });
const changed = (key: string): RowDifference => ({
  ...{ kind: "changed", key, old: { id: key, a: "1" }, new: { id: key, a: "2" } },
});
const moved = (oldKey: string, key: string): RowDifference => ({
  ...{ kind: "changed", key, oldKey, old: { id: oldKey, a: oldKey }, new: { id: key, a: oldKey } },
});

const column = { name: "id", type: "integer", generated: false, always: false, known: true };

function table(oid: number, differences: RowDifference[], more: Partial<PatchTable> = {}): PatchTable {
  return {
    ...{
      oid,
      schema: "public",
      table: `t${oid}`,
      columns: [column],
      key: ["id"],
      references: [],
      replaceable: true,
    },
    ...{ differences, ...more },
  };
}

const to = (...oids: number[]) => ({ references: oids.map((oid) => ({ oid, deferrable: false })) });

/** Steps as `table operation key key…`; a changed key as old>new. */
function steps(...tables: PatchTable[]): string[] {
  return planPatch(tables).steps.map((step) =>
    [
      step.table.table,
      step.do,
      ...step.rows.map((row) =>
        row.kind === "changed" && row.oldKey !== undefined ? `${row.oldKey}>${row.key}` : row.key,
      ),
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
});
