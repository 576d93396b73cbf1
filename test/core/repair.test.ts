import { describe, expect, it } from "vitest";
import {
  deviationsOf,
  inverted,
  isFeasible,
  keysOf,
  lostColumns,
  narrowed,
  type OwnedSequence,
  sequenceMoves,
} from "../../src/core/repair.ts";
import type { RowDifference } from "../../src/types.ts";

const hidden = { redacted: true } as const;
const inserted: RowDifference = { kind: "inserted", key: "1", new: { id: "1", a: "x" } };
const deleted: RowDifference = { kind: "deleted", key: "2", old: { id: "2", a: "y" } };
const changed: RowDifference = {
  ...{ kind: "changed", key: "3", old: { id: "3", a: "x", b: "1" }, new: { id: "3", a: "y", b: "1" } },
};
const moved: RowDifference = {
  ...{ kind: "changed", key: "5", oldKey: "4", old: { id: "4", a: "x" }, new: { id: "5", a: "y" } },
};

describe("inverted", () => {
  it("leads back, keys included", () => {
    expect([inserted, deleted, changed, moved].map(inverted)).toEqual([
      { kind: "deleted", key: "1", old: { id: "1", a: "x" } },
      { kind: "inserted", key: "2", new: { id: "2", a: "y" } },
      { kind: "changed", key: "3", old: { id: "3", a: "y", b: "1" }, new: { id: "3", a: "x", b: "1" } },
      { kind: "changed", key: "4", oldKey: "5", old: { id: "5", a: "y" }, new: { id: "4", a: "x" } },
    ]);
  });

  it("is itself taken back by itself", () => {
    for (const difference of [inserted, deleted, changed, moved])
      expect(inverted(inverted(difference))).toEqual(difference);
  });
});

describe("narrowed", () => {
  it("leaves rows alone that came or went, and those in which none of the columns changed", () => {
    expect([inserted, deleted].map((difference) => narrowed(difference, ["a"], ["id"]))).toEqual([
      ...[undefined, undefined],
    ]);
    expect(narrowed(changed, ["b"], ["id"])).toBeUndefined();
    expect(narrowed(changed, ["a"], ["id"])).toEqual({
      ...{ kind: "changed", key: "3", old: { a: "x" }, new: { a: "y" } },
    });
  });

  it("changes a key only where it is asked for", () => {
    expect(narrowed(moved, ["a"], ["id"])).toEqual({
      ...{ kind: "changed", key: "4", old: { a: "x" }, new: { a: "y" } },
    });
    expect(narrowed(moved, ["id"], ["id"])).toEqual({
      ...{ kind: "changed", key: "5", oldKey: "4", old: { id: "4" }, new: { id: "5" } },
    });
  });
});

it("isFeasible asks for a value that is known", () => {
  expect([inserted, deleted, changed, moved].every(isFeasible)).toBe(true);
  expect(isFeasible({ kind: "changed", key: "1", old: { a: hidden }, new: { a: hidden } })).toBe(false);
  expect(isFeasible({ kind: "changed", key: "1", old: { a: "1" }, new: {} })).toBe(false);
});

const column = { type: "text", generated: false, always: false, known: true, nullable: true };
const columns = [
  ...["id", "a", "late", "secret"].map((name) => ({ ...column, name })),
  { ...column, name: "made", generated: true },
];

describe("lostColumns", () => {
  const lost = (...differences: RowDifference[]) =>
    lostColumns({ columns, differences }, (name) => name === "secret");

  it("names what a row that is inserted needs, and what is hidden of one that is changed", () => {
    expect(lost(inserted)).toEqual(["secret"]);
    expect(lost(deleted, changed)).toEqual([]);
    const marked: RowDifference = { kind: "changed", key: "1", old: { a: hidden }, new: { a: hidden } };
    expect(lost(marked, inserted)).toEqual(["a", "secret"]);
  });
});

it("keysOf has each key once", () => {
  expect(keysOf([inserted, deleted, moved, moved, { kind: "deleted", key: null, old: {} }])).toEqual([
    ...["1", "2", "5", "4"],
  ]);
});

describe("deviationsOf", () => {
  const found = (...rows: Record<string, string | null>[]) => new Map(rows.map((row) => [row.id ?? "", row]));
  const differences = [inserted, deleted, changed, moved];
  const done = found({ id: "1", a: "x" }, { id: "3", a: "y", b: "1" }, { id: "5", a: "y", made: "9" });

  it("is empty where all came to what was asked for", () => {
    expect(deviationsOf({ columns, differences }, done)).toEqual([]);
  });

  it("tells of rows that are there, of those that are not, and of values", () => {
    const other = found({ id: "2" }, { id: "3", a: "z" }, { id: "4" }, { id: "5", a: "y" });
    expect(deviationsOf({ columns, differences }, other)).toEqual([
      { kind: "absent", key: "1" },
      { kind: "present", key: "2" },
      { kind: "value", key: "3", column: "a", wanted: "y", found: "z" },
      { kind: "present", key: "4" },
    ]);
  });

  it("leaves alone what is not known, what is made from others, and keys that another row took", () => {
    const odd: RowDifference[] = [
      { kind: "inserted", key: "1", new: { id: "1", a: hidden, made: "1" } },
      { kind: "deleted", key: "9", old: {} },
      { kind: "changed", key: "9", oldKey: "8", old: {}, new: { id: "9" } },
    ];
    expect(
      deviationsOf({ columns, differences: odd }, found({ id: "1", a: "?", made: "2" }, { id: "9" })),
    ).toEqual([]);
  });
});

describe("sequenceMoves", () => {
  const sequence: OwnedSequence = {
    ...{ schema: "public", name: "s", column: "id", last: "5", increment: "1", movable: true },
  };
  const ids = (...values: (string | null)[]): RowDifference[] =>
    values.map((id) => ({ kind: "inserted", key: id, new: { id } }));

  it("moves only forward, to the furthest value", () => {
    expect(sequenceMoves([sequence], ids("3", "5"))).toEqual([]);
    expect(sequenceMoves([sequence], [deleted, ...ids("9", "12", "7", null, "no")])).toEqual([
      { schema: "public", name: "s", from: "5", to: "12", movable: true },
    ]);
    expect(sequenceMoves([{ ...sequence, last: null }], ids("1"))).toMatchObject([{ from: null, to: "1" }]);
  });

  it("goes down where the sequence does", () => {
    const down = { ...sequence, last: "-5", increment: "-2" };
    expect(sequenceMoves([down], ids("-3", "-9"))).toMatchObject([{ to: "-9" }]);
  });
});
