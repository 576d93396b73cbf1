import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type NetChange, netOf } from "../../src/core/net.ts";
import { type RevertTask, revertTransactions } from "../../src/core/revert.ts";
import type { TransactionNet } from "../../src/core/tracks.ts";
import type { Image, RowDifference } from "../../src/types.ts";

type State = ReadonlyMap<string, Record<string, string | null>>;

const columns = ["id", "a", "b"];
const hidden = { redacted: true } as const;

const row = (id: string, a: string | null = "0", b: string | null = "0") => ({ id, a, b });
const rows = (...all: ReturnType<typeof row>[]): State => new Map(all.map((one) => [one.id, one]));
const insert = (key: string, image: Image | null): NetChange => ({
  ...{ op: "insert", key, oldKey: null, old: null, new: image },
});
const update = (key: string, old: Image, after: Image | null): NetChange => ({
  ...{ op: "update", key, oldKey: null, old, new: after },
});
const move = (oldKey: string, key: string, old: Image): NetChange => ({
  ...{ op: "update", key, oldKey, old, new: { id: key } },
});
const remove = (key: string, old: Image): NetChange => ({
  ...{ op: "delete", key, oldKey: null, old, new: null },
});
const truncation: NetChange = { op: "truncate", key: null, oldKey: null, old: null, new: null };

/** Transactions 1, 2 and so on, each with its changes. */
const history = (...all: NetChange[][]): TransactionNet[] =>
  all.map((changes, index) => ({
    tx: String(index + 1),
    net: netOf(changes),
    ...{ cleared: changes.includes(truncation), repairs: false },
  }));

const revert = (transactions: readonly TransactionNet[], present: State, options: Partial<RevertTask> = {}) =>
  revertTransactions({
    ...{ transactions, present, columns, keyColumns: ["id"], reverted: new Set(["1"]) },
    ...{ lost: new Set(), force: false, ...options },
  });

/** What differences make of rows. */
function apply(state: State, differences: readonly RowDifference[]): State {
  const after = new Map(state);
  for (const { kind, key, ...difference } of differences)
    if (kind !== "inserted") {
      const before = ("oldKey" in difference ? difference.oldKey : undefined) ?? key ?? "";
      expect(after.get(before)).toEqual("old" in difference ? difference.old : undefined);
      after.delete(before);
    }
  for (const difference of differences) {
    if (difference.kind === "deleted") continue;
    expect(after.has(difference.key ?? "")).toBe(false);
    after.set(difference.key ?? "", difference.new as Record<string, string | null>);
  }
  return after;
}

const sorted = (state: State) => [...state].sort(([one], [other]) => (one < other ? -1 : 1));

describe("revertTransactions", () => {
  it("puts a value back that is as it was written, whatever others did beside it", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [update("1", { b: "0" }, { b: "9" })]);
    const { differences, conflicts, later } = revert(told, rows(row("1", "1", "9")));
    expect(conflicts).toEqual([]);
    expect(differences).toEqual([
      { kind: "changed", key: "1", old: row("1", "1", "9"), new: row("1", "0", "9") },
    ]);
    expect([...later]).toEqual([["2", 1]]);
  });

  it("leaves a value alone that somebody changed, and says who; force overwrites it", () => {
    const told = history(
      [update("1", { a: "0", b: "0" }, { a: "1", b: "1" })],
      [update("1", { a: "1" }, { a: "2" })],
    );
    const present = rows(row("1", "2", "1"));
    const { differences, conflicts } = revert(told, present);
    expect(conflicts).toEqual([
      {
        ...{ kind: "value", tx: "1", key: "1", column: "a", by: ["2"] },
        ...{ written: "1", present: "2", wanted: "0", overwritten: false },
      },
    ]);
    expect(sorted(apply(present, differences))).toEqual(sorted(rows(row("1", "2", "0"))));
    const forced = revert(told, present, { force: true });
    expect(forced.conflicts).toMatchObject([{ column: "a", overwritten: true }]);
    expect(sorted(apply(present, forced.differences))).toEqual(sorted(rows(row("1", "0", "0"))));
  });

  it("does nothing where a value is back already", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [update("1", { a: "1" }, { a: "0" })]);
    expect(revert(told, rows(row("1")))).toMatchObject({ differences: [], conflicts: [] });
  });

  it("takes a row away that is as it was inserted, and no other", () => {
    const told = history(
      [insert("1", row("1")), insert("2", row("2"))],
      [update("2", { b: "0" }, { b: "1" })],
    );
    const present = rows(row("1"), row("2", "0", "1"));
    const { differences, conflicts } = revert(told, present);
    expect(differences).toEqual([{ kind: "deleted", key: "1", old: row("1") }]);
    expect(conflicts).toMatchObject([{ kind: "changed", key: "2", column: "b", present: "1", by: ["2"] }]);
    expect([...apply(present, revert(told, present, { force: true }).differences)]).toEqual([]);
  });

  it("knows a row whose key is empty when others insert rows", () => {
    const told = history([insert("", row(""))], [insert("2", row("2"))]);
    expect(revert(told, rows(row(""), row("2"))).differences).toEqual([
      { kind: "deleted", key: "", old: row("") },
    ]);
  });

  it("names who came to a key between two that are reverted, and nobody who came before", () => {
    const told = history(
      [remove("1", row("1"))],
      [insert("1", row("1", "5")), update("2", { a: "0" }, { a: "1" })],
      [remove("1", row("1", "5")), update("2", { b: "0" }, { b: "1" })],
    );
    const { conflicts, later } = revert(told, rows(row("2", "1", "1")), { reverted: new Set(["1", "3"]) });
    expect(conflicts).toMatchObject([{ kind: "taken", tx: "1", by: ["2"] }]);
    expect([...later]).toEqual([["2", 1]]);
  });

  it("has nothing to take away where the row is gone", () => {
    const told = history([insert("1", row("1"))], [remove("1", row("1"))]);
    expect(revert(told, rows())).toMatchObject({ differences: [], conflicts: [] });
  });

  it("brings a deleted row back, unless another is there by now", () => {
    const told = history([remove("1", row("1")), remove("2", row("2"))], [insert("2", row("2", "x"))]);
    const present = rows(row("2", "x"));
    const { differences, conflicts } = revert(told, present);
    expect(differences).toEqual([{ kind: "inserted", key: "1", new: row("1") }]);
    expect(conflicts).toMatchObject([{ kind: "taken", key: "2", tx: "1", by: ["2"] }]);
    const forced = revert(told, present, { force: true }).differences;
    expect(sorted(apply(present, forced))).toEqual(sorted(rows(row("1"), row("2"))));
  });

  it("does not take a row for another that has its key now", () => {
    const told = history(
      [update("1", { a: "0" }, { a: "1" })],
      [remove("1", row("1", "1"))],
      [insert("1", row("1", "1"))],
    );
    const present = rows(row("1", "1"));
    const { differences, conflicts } = revert(told, present);
    expect(differences).toEqual([]);
    expect(conflicts).toMatchObject([{ kind: "gone", key: "1", by: ["2"] }]);
    const forced = revert(told, present, { force: true });
    expect(forced.conflicts).toMatchObject([
      { kind: "gone", overwritten: false },
      { kind: "taken", overwritten: false },
    ]);
    expect(forced.differences).toEqual([]);
  });

  it("names of a row that is gone who deleted it, and none of those that changed it before", () => {
    const told = history(
      [update("1", { a: "0" }, { a: "1" })],
      [update("1", { b: "0" }, { b: "9" })],
      [remove("1", row("1", "1", "9"))],
    );
    const { conflicts, later } = revert(told, rows());
    expect(conflicts).toMatchObject([{ kind: "gone", by: ["3"] }]);
    expect([...later.keys()]).toEqual(["2", "3"]);
  });

  it("brings a row back by force that was changed and is gone, if its key is free", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [remove("1", row("1", "1", "9"))]);
    expect(revert(told, rows())).toMatchObject({ differences: [], conflicts: [{ kind: "gone", by: ["2"] }] });
    expect(revert(told, rows(), { force: true })).toMatchObject({
      ...{ differences: [{ kind: "inserted", key: "1", new: row("1", "0", "9") }] },
      ...{ conflicts: [{ kind: "gone", overwritten: true }] },
    });
  });

  it("takes a row that was put back for the one that was there", () => {
    const told = history([insert("1", row("1"))], [remove("1", row("1"))], [insert("1", row("1"))]);
    const again = told.map((one) => ({ ...one, repairs: one.tx !== "1" }));
    expect(revert(told, rows(row("1"))).differences).toEqual([]);
    expect(revert(again, rows(row("1"))).differences).toEqual([{ kind: "deleted", key: "1", old: row("1") }]);
  });

  it("cannot bring back by force what went without a trace", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [truncation]);
    expect(revert(told, rows(), { force: true })).toMatchObject({
      ...{ differences: [], conflicts: [{ kind: "gone", by: [] }] },
    });
  });

  it("follows a row to the key that it has now", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [move("1", "5", row("1", "1"))]);
    const { differences, conflicts, later } = revert(told, rows(row("5", "1")));
    expect(conflicts).toEqual([]);
    expect(differences).toEqual([{ kind: "changed", key: "5", old: row("5", "1"), new: row("5", "0") }]);
    expect([...later]).toEqual([["2", 1]]);
  });

  it("takes a key back if the row still has it and the former is free", () => {
    const told = history([move("1", "5", row("1"))]);
    expect(revert(told, rows(row("5"))).differences).toEqual([
      { kind: "changed", key: "1", oldKey: "5", old: row("5"), new: row("1") },
    ]);
    const further = history([move("1", "5", row("1"))], [move("5", "6", row("5"))]);
    expect(revert(further, rows(row("6")))).toMatchObject({
      ...{ differences: [], conflicts: [{ kind: "moved", key: "6", written: "5", wanted: "1", by: ["2"] }] },
    });
    expect(revert(further, rows(row("6")), { force: true }).differences).toMatchObject([
      { key: "1", oldKey: "6" },
    ]);
    const taken = history([move("1", "5", row("1"))], [insert("1", row("1", "x"))]);
    const present = rows(row("5"), row("1", "x"));
    expect(revert(taken, present)).toMatchObject({
      differences: [],
      conflicts: [{ kind: "taken", by: ["2"] }],
    });
    const forced = revert(taken, present, { force: true }).differences;
    expect(sorted(apply(present, forced))).toEqual(sorted(rows(row("1"))));
  });

  it("leaves a row at its key that moved since it was inserted", () => {
    const told = history([insert("1", row("1"))], [move("1", "2", row("1"))]);
    expect(revert(told, rows(row("2"))).conflicts.map(({ kind }) => kind)).toContain("changed");
  });

  it("has keys exchanged back", () => {
    const told = history([move("1", "2", row("1", "x")), move("2", "1", row("2", "y"))]);
    const present = rows(row("2", "x"), row("1", "y"));
    const { differences, conflicts } = revert(told, present);
    expect(conflicts).toEqual([]);
    expect(sorted(apply(present, differences))).toEqual(sorted(rows(row("1", "x"), row("2", "y"))));
  });

  it("takes several out, the newest first, and stops at what others wrote in between", () => {
    const changes = [
      [update("1", { a: "0" }, { a: "1" })],
      [update("1", { a: "1" }, { a: "2" })],
      [update("1", { a: "2" }, { a: "3" })],
    ];
    const present = rows(row("1", "3"));
    const all = revert(history(...changes), present, { reverted: new Set(["1", "2", "3"]) });
    expect(all).toMatchObject({ conflicts: [], differences: [{ new: row("1", "0") }] });
    const outer = revert(history(...changes), present, { reverted: new Set(["1", "3"]) });
    expect(outer.differences).toMatchObject([{ new: row("1", "2") }]);
    expect(outer.conflicts).toMatchObject([{ tx: "1", written: "1", present: "2", wanted: "0", by: ["2"] }]);
  });

  it("brings a row back through several that changed and deleted it", () => {
    const told = history([update("1", { a: "0" }, { a: "1" })], [remove("1", row("1", "1"))]);
    expect(revert(told, rows(), { reverted: new Set(["1", "2"]) })).toMatchObject({
      ...{ conflicts: [], differences: [{ kind: "inserted", key: "1", new: row("1", "0") }] },
    });
  });

  it("reckons with images that hold no new values", () => {
    const told = history([update("1", { a: "0" }, null)], [update("1", { b: "0" }, null)]);
    expect(revert(told, rows(row("1", "1", "9")))).toMatchObject({
      ...{ conflicts: [], differences: [{ new: row("1", "0", "9") }] },
    });
    const touched = history([update("1", { a: "0" }, null)], [update("1", { a: "1" }, null)]);
    expect(revert(touched, rows(row("1", "2"))).conflicts).toMatchObject([{ column: "a", by: ["2"] }]);
    const born = history([insert("1", null)], [update("1", { b: "0" }, null)]);
    expect(revert(born, rows(row("1", "1", "9"))).conflicts).toMatchObject([
      { kind: "changed", column: "b" },
    ]);
    const gone = history([move("1", "2", row("1"))], [update("2", { b: "0" }, { b: "9" })]).map((one) => ({
      ...one,
      net: one.net.map((difference) => ({ ...difference, ...(one.tx === "1" && { new: {} }) })),
    }));
    expect(revert(gone as TransactionNet[], rows(row("2", "0", "9")))).toMatchObject({
      ...{ conflicts: [], differences: [{ key: "1", oldKey: "2", new: row("1", "0", "9") }] },
    });
    expect(revert(history([insert("1", null)]), rows(row("1"))).differences).toMatchObject([
      { kind: "deleted" },
    ]);
  });

  it("names columns that cannot be put back, and leaves them as they are", () => {
    const marked = history([update("1", { a: hidden, b: "0" }, { a: hidden, b: "1" })]);
    expect(revert(marked, rows(row("1", "?", "1")))).toMatchObject({
      ...{ unknown: ["a"], conflicts: [], differences: [{ new: row("1", "?", "0") }] },
    });
    const told = history([update("1", { a: "0" }, { a: "1" }), remove("2", row("2"))]);
    const lost = revert(told, rows(row("1", "1")), { lost: new Set(["a"]) });
    expect(lost.unknown).toEqual(["a"]);
    expect(lost.differences).toEqual([{ kind: "inserted", key: "2", new: { id: "2", b: "0" } }]);
  });

  it("trusts no mark for a value that somebody wrote again", () => {
    const digest = { digest: "d", bytes: 9 };
    const born = insert("1", { id: "1", a: digest, b: "0" });
    expect(revert(history([born]), rows(row("1", "long"))).conflicts).toEqual([]);
    const again = history([born], [update("1", { a: digest }, { a: "short" })]);
    expect(revert(again, rows(row("1", "short"))).conflicts).toMatchObject([
      { kind: "changed", column: "a" },
    ]);
  });
});

/** What a transaction tries to do; what is not possible it does not do. */
type Move =
  | { do: "insert" | "delete"; key: string; value: string }
  | { do: "a" | "b"; key: string; value: string }
  | { do: "move"; key: string; value: string };

const moves = fc.array(
  fc.record({
    do: fc.constantFrom("insert", "delete", "a", "b", "move"),
    key: fc.constantFrom("1", "2", "3", "4"),
    value: fc.constantFrom("1", "2", "3", "4"),
  }) as fc.Arbitrary<Move>,
  { minLength: 1, maxLength: 5 },
);

/** Lets transactions happen: the states between them, and what was recorded. */
function happen(start: State, transactions: readonly (readonly Move[])[]) {
  const states: State[] = [start];
  const recorded: NetChange[][] = [];
  for (const tries of transactions) {
    const state = new Map(states.at(-1));
    const changes: NetChange[] = [];
    for (const { do: what, key, value } of tries) {
      const there = state.get(key);
      if (what === "insert" && !there) {
        const image = row(key, value, value);
        changes.push(insert(key, image));
        state.set(key, image);
      } else if (what === "delete" && there) {
        changes.push(remove(key, there));
        state.delete(key);
      } else if ((what === "a" || what === "b") && there && there[what] !== value) {
        changes.push(update(key, { [what]: there[what] ?? null }, { [what]: value }));
        state.set(key, { ...there, [what]: value });
      } else if (what === "move" && there && !state.has(value)) {
        changes.push(move(key, value, there));
        state.delete(key);
        state.set(value, { ...there, id: value });
      }
    }
    states.push(state);
    recorded.push(changes);
  }
  return { states, told: history(...recorded) };
}

/** What recorded changes make of other rows than they were recorded of; undefined where they cannot happen, or overwrite what `net` wrote. */
function replayed(
  state: State,
  later: readonly TransactionNet[],
  net: readonly RowDifference[],
): State | undefined {
  const after = new Map(state);
  const written = new Set(
    net.flatMap((difference) =>
      Object.keys("new" in difference ? difference.new : {}).map((column) => `${difference.key} ${column}`),
    ),
  );
  for (const difference of later.flatMap((one) => one.net)) {
    const { kind, key } = difference;
    if (kind === "inserted") {
      if (after.has(key ?? "")) return undefined;
      after.set(key ?? "", difference.new as ReturnType<typeof row>);
    } else if (kind === "deleted") {
      // It may have been a row that would not have been there.
      if (net.some((own) => own.key === key) || !after.delete(key ?? "")) return undefined;
    } else {
      const before = after.get(difference.oldKey ?? key ?? "");
      if (before === undefined || difference.oldKey !== undefined) return undefined;
      for (const [column, value] of Object.entries(difference.new)) {
        if (difference.old[column] === value) continue;
        if (written.has(`${key} ${column}`)) return undefined;
        after.set(key ?? "", { ...before, ...after.get(key ?? ""), [column]: value as string });
      }
    }
  }
  return after;
}

describe("revertTransactions of random histories", () => {
  const start = rows(row("1"), row("2"), row("3"));
  const histories = fc.array(moves, { minLength: 1, maxLength: 6 });
  const chosen = (told: readonly TransactionNet[], place: number) => {
    const first = place % told.length;
    return { first, tx: String(first + 1) };
  };

  it("is the exact inverse where nobody came later, of one and of several", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (transactions, place) => {
        const { states, told } = happen(start, transactions);
        const { first } = chosen(told, place);
        const reverted = new Set(told.slice(first).map(({ tx }) => tx));
        const present = states.at(-1) ?? start;
        const result = revert(told.slice(first), present, { reverted });
        expect(result.conflicts).toEqual([]);
        expect(result.later.size).toBe(0);
        expect(sorted(apply(present, result.differences))).toEqual(sorted(states[first] ?? start));
      }),
      { numRuns: 500 },
    );
  });

  it("touches nothing that a conflict is about", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (transactions, place) => {
        const { states, told } = happen(start, transactions);
        const { first, tx } = chosen(told, place);
        const present = states.at(-1) ?? start;
        const { differences, conflicts } = revert(told.slice(first), present, { reverted: new Set([tx]) });
        const after = apply(present, differences);
        for (const { kind, key, column } of conflicts) {
          if (kind === "value") {
            const now = differences.find(({ kind: how, ...difference }) =>
              how === "changed" && "oldKey" in difference ? difference.oldKey === key : false,
            );
            const reached = now && "key" in now ? (now.key ?? key) : key;
            expect(after.get(reached)?.[column ?? ""]).toBe(present.get(key)?.[column ?? ""]);
          } else if (kind === "changed") expect(after.get(key)).toEqual(present.get(key));
          // The row that another wanted to take the place of may have values to be put back itself.
          else if (kind !== "gone") expect(after.has(key)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("comes to what later transactions make of the rows without it, where that can be told", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (transactions, place) => {
        const { states, told } = happen(start, transactions);
        const { first, tx } = chosen(told, place);
        const present = states.at(-1) ?? start;
        const { differences, conflicts } = revert(told.slice(first), present, { reverted: new Set([tx]) });
        fc.pre(conflicts.length === 0);
        const net = told[first]?.net ?? [];
        // Row by row: what later transactions recorded can happen to the rows as they were without it, and comes to the same.
        const without = replayed(states[first] ?? start, told.slice(first + 1), net);
        fc.pre(without !== undefined);
        expect(sorted(apply(present, differences))).toEqual(sorted(without ?? new Map()));
      }),
      { numRuns: 500 },
    );
  });

  it("comes to an end by force: once it was done, nothing is left to be done", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (transactions, place) => {
        const { states, told } = happen(start, transactions);
        const { first, tx } = chosen(told, place);
        const present = states.at(-1) ?? start;
        const options = { reverted: new Set([tx]), force: true };
        const { differences, conflicts } = revert(told.slice(first), present, options);
        // Of rows that went under other keys, and come back all alike, nothing tells which is which.
        const moves = transactions.flat().some(({ do: what }) => what === "move");
        fc.pre(!moves || conflicts.every(({ kind }) => kind !== "gone"));
        const after = apply(present, differences);
        const own: TransactionNet = { tx: "revert", net: differences, cleared: false, repairs: true };
        expect(revert([...told.slice(first), own], after, options).differences).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("is taken back by reverting the revert", () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.boolean(), (transactions, place, force) => {
        const { states, told } = happen(start, transactions);
        const { first, tx } = chosen(told, place);
        const present = states.at(-1) ?? start;
        const { differences } = revert(told.slice(first), present, { reverted: new Set([tx]), force });
        const after = apply(present, differences);
        const own: TransactionNet = { tx: "revert", net: differences, cleared: false, repairs: true };
        const undone = revert([own], after, { reverted: new Set(["revert"]) });
        expect(undone.conflicts).toEqual([]);
        expect(sorted(apply(after, undone.differences))).toEqual(sorted(present));
      }),
      { numRuns: 500 },
    );
  });
});
