import { describe, expect, it } from "vitest";
import { type PatchColumn, type PatchStep, type PatchTable, planPatch } from "../../src/core/patch.ts";
import { groupOf, type Unique } from "../../src/core/uniques.ts";
import type { Image, RowDifference } from "../../src/types.ts";
import { type Random, randomFrom } from "../model/random.ts";

type Row = Readonly<Record<string, string | null>>;
type State = Map<string, Row>;

const column = { type: "text", generated: false, always: false, known: true, nullable: false };

/** An index, and whether two rows collide in it. */
interface Kind {
  readonly unique: Unique;
  readonly collide: (one: Row, other: Row) => boolean;
  /** What the columns may have. */
  readonly values: Readonly<Record<string, readonly (string | null)[]>>;
  readonly columns?: Readonly<Record<string, Partial<PatchColumn>>>;
}

const none: Unique = {
  ...{ equal: [], opaque: [], conditions: [], freeing: [], scattering: [], bound: [] },
};

const lower = (text: string | null | undefined) => text?.toLowerCase();
const isMain = ({ main }: Row) => main === "true";

const kinds: Readonly<Record<string, Kind>> = {
  "a column": {
    unique: { ...none, equal: ["mail"], freeing: ["mail"], scattering: ["mail"] },
    collide: (one, other) => one.mail === other.mail,
    values: { mail: ["a", "b", "c", "d", "e", "f"] },
  },
  "an expression": {
    unique: { ...none, opaque: ["mail"], freeing: ["mail"], scattering: ["mail"] },
    collide: (one, other) => lower(one.mail) === lower(other.mail),
    values: { mail: ["a", "A", "b", "B", "c", "C", "d", "D", "e", "f"] },
  },
  "an expression that may be NULL": {
    unique: { ...none, opaque: ["mail"], freeing: ["mail"], scattering: [] },
    collide: (one, other) => one.mail !== null && lower(one.mail) === lower(other.mail),
    values: { mail: ["a", "A", "b", "B", "c", "C", null] },
    columns: { mail: { nullable: true } },
  },
  "an expression that nothing can stand in for": {
    unique: { ...none, opaque: ["mail"], freeing: ["mail"] },
    collide: (one, other) => lower(one.mail) === lower(other.mail),
    values: { mail: ["a", "A", "b", "B", "c", "C", "d", "D", "e", "f"] },
  },
  "an expression within a group": {
    unique: {
      ...{ ...none, equal: ["team"], opaque: ["mail"] },
      ...{ freeing: ["team", "mail"], scattering: ["mail"] },
    },
    collide: (one, other) => one.team === other.team && lower(one.mail) === lower(other.mail),
    values: { team: ["x", "y"], mail: ["a", "A", "b", "B", "c", "C"] },
    columns: { team: { type: "point" } },
  },
  "a condition": {
    unique: {
      ...{ ...none, equal: ["team"], freeing: ["team"], scattering: ["team"] },
      conditions: [{ column: "main", is: "equal", value: "true" }],
    },
    collide: (one, other) => isMain(one) && isMain(other) && one.team === other.team,
    values: { team: ["x", "y", "z"], main: ["true", "false"] },
    columns: { main: { type: "boolean" } },
  },
  "a condition that is not understood": {
    unique: { ...none, equal: ["team"], opaque: ["main"], freeing: ["team"], scattering: ["team"] },
    collide: (one, other) => isMain(one) && isMain(other) && one.team === other.team,
    values: { team: ["x", "y", "z"], main: ["true", "false"] },
    columns: { main: { type: "boolean" } },
  },
};

/** Rows of which none collide, under some of six keys. */
function randomState({ values, collide }: Kind, random: Random): State {
  const state: State = new Map();
  for (const id of ["1", "2", "3", "4", "5", "6"]) {
    const row: Row = {
      id,
      ...Object.fromEntries(Object.entries(values).map(([name, all]) => [name, random.pick(all)])),
    };
    if (random.chance(0.8) && ![...state.values()].some((other) => collide(row, other))) state.set(id, row);
  }
  return state;
}

function differencesOf(before: State, after: State): RowDifference[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key): RowDifference[] => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old && now)
      return JSON.stringify(old) === JSON.stringify(now) ? [] : [{ kind: "changed", key, old, new: now }];
    if (now) return [{ kind: "inserted", key, new: now }];
    return old ? [{ kind: "deleted", key, old }] : [];
  });
}

function tableOf({ unique, values, columns }: Kind, differences: readonly RowDifference[]): PatchTable {
  return {
    ...{ oid: 1, schema: "public", table: "t", key: ["id"], references: [], uniques: [unique] },
    columns: ["id", ...Object.keys(values)].map((name) => ({ ...column, name, ...columns?.[name] })),
    ...{ inherited: false, replaceable: true, differences },
  };
}

/** Carries steps out row by row, as the server would; fails where rows collide on the way. */
function carriedOut(steps: readonly PatchStep[], before: State, { collide }: Kind): State {
  const state: State = new Map(before);
  let fillers = 0;
  const put = (key: string, row: Row) => {
    for (const [other, there] of state)
      if (other !== key && collide(row, there))
        throw new Error(`${JSON.stringify(row)} collides with ${JSON.stringify(there)}`);
    state.set(key, row);
  };
  for (const step of steps) {
    if (step.do === "replace") for (const { key } of step.rows) state.delete(key ?? "");
    for (const row of step.rows) {
      const key = row.key ?? "";
      if ("filler" in row)
        put(key, {
          ...state.get(key),
          [row.column]: row.filler === "null" ? null : `random ${fillers++}`,
        });
      else if (row.kind === "deleted") state.delete(key);
      else if (row.kind === "inserted" || step.do === "replace") put(key, row.new as Row);
      else put(key, { ...state.get(key), ...writtenBy(row.old, row.new) });
    }
  }
  return state;
}

/** What an UPDATE sets: only what differs. */
function writtenBy(old: Image, after: Image): Row {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => old[name] !== value)) as Row;
}

function inOrder(state: State): [string, Row][] {
  return [...state].sort(([one], [other]) => one.localeCompare(other));
}

describe("orderTakers", () => {
  it.each(Object.entries(kinds))("lets no rows collide on the way: %s", (_, kind) => {
    for (let seed = 0; seed < 300; seed++) {
      const random = randomFrom(seed);
      const [before, after] = [randomState(kind, random), randomState(kind, random)];
      const { steps } = planPatch([tableOf(kind, differencesOf(before, after))]);
      expect(inOrder(carriedOut(steps, before, kind)), `seed ${seed}`).toEqual(inOrder(after));
    }
  });

  it.each(Object.entries(kinds).filter(([, { unique }]) => unique.scattering.length > 0))(
    "lets no rows collide where inserts come first, and deletes last: %s",
    (_, kind) => {
      for (let seed = 0; seed < 300; seed++) {
        const random = randomFrom(seed);
        const [before, after] = [randomState(kind, random), randomState(kind, random)];
        const table = tableOf(kind, differencesOf(before, after));
        const references = [{ oid: 1, deferrable: false, columns: ["boss"] }];
        const { steps } = planPatch([{ ...table, references }]);
        expect(inOrder(carriedOut(steps, before, kind)), `seed ${seed}`).toEqual(inOrder(after));
      }
    },
  );

  const doings = (kind: Kind, differences: readonly RowDifference[], more: Partial<PatchTable> = {}) =>
    planPatch([{ ...tableOf(kind, differences), ...more }]).steps.map((step) =>
      [
        step.do,
        ...step.rows.map((row) => ("filler" in row ? `${row.key}.${row.column}=${row.filler}` : row.key)),
      ].join(" "),
    );
  const mailed = (key: string, old: string | null, now: string | null): RowDifference => ({
    ...{ kind: "changed", key, old: { id: key, mail: old }, new: { id: key, mail: now } },
  });
  const expression = kinds["an expression"] as Kind;
  const nullable = kinds["an expression that may be NULL"] as Kind;
  const fixed = kinds["an expression that nothing can stand in for"] as Kind;

  it("parks no more than it has to", () => {
    expect(doings(expression, [mailed("1", "a", "b")])).toEqual(["update 1"]);
    const early: RowDifference[] = [
      { kind: "deleted", key: "1", old: { id: "1", mail: "a" } },
      { kind: "inserted", key: "2", new: { id: "2", mail: "A" } },
    ];
    expect(doings(expression, early)).toEqual(["delete 1", "insert 2"]);
    expect(doings(expression, [mailed("1", "a", "b"), mailed("2", "b", "A")])).toEqual([
      ...["park 2.mail=random", "update 1 2"],
    ]);
    expect(doings(nullable, [mailed("1", "a", "b"), mailed("2", "b", "A")])).toEqual([
      ...["park 2.mail=null", "update 1 2"],
    ]);
    expect(doings(nullable, [mailed("1", null, "b"), mailed("2", "b", null)])).toEqual(["update 2 1"]);
    const aside: RowDifference = {
      ...{ kind: "changed", key: "3", old: { id: "3", mail: "c", n: "1" } },
      new: { id: "3", mail: "c", n: "2" },
    };
    expect(doings(fixed, [mailed("1", "a", "b"), mailed("2", "b", "A"), aside])).toEqual([
      ...["update 3", "replace 1 2"],
    ]);
  });

  it("parks only where nothing else has something against it", () => {
    const swap = [mailed("1", "a", "b"), mailed("2", "b", "a")];
    const bound = { ...expression.unique, bound: ["mail"] };
    expect(doings(expression, swap, { uniques: [bound] })).toEqual(["replace 1 2"]);
    expect(doings(expression, swap, { uniques: [bound], replaceable: false })).toEqual([
      ...["park 2.mail=random", "update 1 2"],
    ]);
    const other = { ...none, opaque: ["mail"] };
    expect(doings(nullable, swap, { uniques: [nullable.unique, other] })).toEqual(["replace 1 2"]);
  });

  it("leaves it to the server where nothing helps", () => {
    const swap = [mailed("1", "a", "b"), mailed("2", "b", "a")];
    expect(doings(fixed, swap, { replaceable: false })).toEqual(["update 1 2"]);
    const unknown = [mailed("1", "a", "b"), mailed("2", "b", "a")].map((difference) => ({
      ...difference,
      new: { mail: difference.kind === "changed" ? (difference.new.mail ?? null) : null },
    }));
    expect(doings(fixed, unknown)).toEqual(["update 1 2"]);
  });
});

describe("groupOf", () => {
  it("knows no group where a row cannot collide, or what it has is not known", () => {
    const { unique } = kinds["a condition"] as Kind;
    expect(groupOf(unique, { team: "x", main: "true" })).toBe('["x"]');
    expect(groupOf(unique, { team: "x", main: "false" })).toBeUndefined();
    expect(groupOf(unique, { team: null, main: "true" })).toBeUndefined();
    expect(groupOf(unique, { main: "true" })).toBeUndefined();
    expect(groupOf({ ...unique, freeing: [] }, { team: null, main: "true" })).toBe("[null]");
    expect(groupOf(unique, { team: "x" })).toBe('["x"]');
  });
});
