import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  belongs,
  learnTurns,
  lifeOf,
  mergeChanges,
  neededTurns,
  reachOf,
  type Stretch,
  startLife,
  type Turn,
} from "../../src/core/life.ts";

let tx = 0;

function insert(id: number, key: string): Turn {
  return { id: String(id), tx: String(++tx), op: "insert", key, oldKey: null };
}
function update(id: number, key: string): Turn {
  return { ...insert(id, key), op: "update" };
}
function move(id: number, oldKey: string, key: string): Turn {
  return { ...insert(id, key), op: "update", oldKey };
}
function remove(id: number, key: string): Turn {
  return { ...insert(id, key), op: "delete" };
}
function truncate(id: number, key: string | null): Turn {
  return { ...insert(id, ""), op: "truncate", key };
}
/** The same changes as one transaction's. */
function together(...changes: Turn[]): Turn[] {
  const shared = String(++tx);
  return changes.map((change) => ({ ...change, tx: shared }));
}

/** Runs the search over a whole log as a caller would: only what is asked for, until nothing is. */
function search(
  log: readonly Turn[],
  asked: string,
): { stretches: Stretch[]; ids: string[]; asks: string[] } {
  let life = startLife(asked);
  const asks: string[] = [];
  for (let requests = neededTurns(life); requests.length > 0; requests = neededTurns(life)) {
    for (const { key, need } of requests) {
      asks.push(`${key} ${need}`);
      const found = log.filter(
        (change) =>
          (change.oldKey !== null && (change.key === key || change.oldKey === key)) ||
          (need === "turns" && change.op !== "update" && (change.key === key || change.key === null)),
      );
      life = learnTurns(life, key, found);
    }
  }
  const stretches = lifeOf(life);
  return { stretches, asks, ids: log.filter((change) => belongs(stretches, change)).map(({ id }) => id) };
}

describe("a life followed through key changes", () => {
  it("is the key's own changes when it never moved, over all incarnations", () => {
    const log = [
      insert(1, "42"),
      insert(2, "7"),
      update(3, "42"),
      remove(4, "42"),
      insert(5, "42"),
      update(6, "7"),
    ];
    expect(search(log, "42")).toEqual({
      stretches: [{ key: "42", first: undefined, last: undefined }],
      asks: ["42 moves"],
      ids: ["1", "3", "4", "5"],
    });
  });

  it("goes back to the key it came from, and no further than its birth there", () => {
    const log = [
      insert(1, "7"),
      remove(2, "7"),
      insert(3, "7"),
      update(4, "7"),
      move(5, "7", "42"),
      insert(6, "7"),
    ];
    const { stretches, ids, asks } = search(log, "42");
    expect(ids).toEqual(["3", "4", "5"]);
    expect(stretches.slice(1)).toMatchObject([{ key: "7", first: 3n, last: 5n }]);
    expect(asks).toEqual(["42 moves", "7 turns"]);
  });

  it("goes on under the key it left for, and no further than its end there", () => {
    const log = [insert(1, "42"), move(2, "42", "7"), update(3, "7"), remove(4, "7"), insert(5, "7")];
    expect(search(log, "42").ids).toEqual(["1", "2", "3", "4"]);
  });

  it("is the same from either key", () => {
    const log = [insert(1, "7"), move(2, "7", "42"), update(3, "42"), move(4, "42", "9"), truncate(5, "9")];
    for (const key of ["7", "42", "9"]) expect(search(log, key).ids).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("comes back to the asked key without asking twice", () => {
    const log = [insert(1, "42"), move(2, "42", "7"), update(3, "7"), move(4, "7", "42"), update(5, "42")];
    const { ids, asks } = search(log, "42");
    expect(ids).toEqual(["1", "2", "3", "4", "5"]);
    expect(asks).toEqual(["42 moves", "7 turns"]);
  });

  it("ends at a truncate that names no key", () => {
    const log = [insert(1, "42"), move(2, "42", "7"), truncate(3, null), insert(4, "7")];
    expect(search(log, "42").ids).toEqual(["1", "2", "3"]);
  });

  it("tells two rows apart that swap keys in one statement", () => {
    const log = [
      insert(1, "a"),
      insert(2, "b"),
      insert(3, "5"),
      move(4, "5", "c"),
      remove(5, "b"),
      move(6, "c", "b"),
      ...together(move(7, "a", "b"), move(8, "b", "a")),
      update(9, "a"),
      update(10, "b"),
    ];
    expect(search(log, "5").ids).toEqual(["3", "4", "6", "8", "9"]);
  });

  it("starts where the log does for a row older than the audit, but not before another's end", () => {
    expect(search([update(1, "7"), move(2, "7", "42")], "42").ids).toEqual(["1", "2"]);
    const log = [insert(1, "7"), remove(2, "7"), update(4, "7"), move(5, "7", "42")];
    expect(search(log, "42").stretches.at(-1)).toMatchObject({ key: "7", first: 3n, last: 5n });
  });

  it("ends before the next row of the key when its own end was not recorded", () => {
    const log = [
      insert(1, "42"),
      move(2, "42", "7"),
      update(3, "7"),
      insert(6, "7"),
      update(7, "7"),
      remove(8, "7"),
    ];
    expect(search(log, "42").stretches.at(-1)).toMatchObject({ key: "7", first: 2n, last: 5n });
    expect(search(log, "42").ids).toEqual(["1", "2", "3"]);
  });

  it("has what was recorded before the row's own arrival, by what the writing statement called", () => {
    const log = [
      update(1, "7"),
      remove(2, "7"),
      ...together(update(3, "7"), update(4, "7"), insert(5, "7")),
      update(6, "7"),
      move(7, "7", "42"),
    ];
    expect(search(log, "42").ids).toEqual(["3", "4", "5", "6", "7"]);
  });

  it("leaves to others what was recorded before the arrival by their transactions, or while they were there", () => {
    const log = [
      update(1, "7"),
      insert(2, "7"),
      ...together(update(3, "7"), remove(4, "7"), update(5, "7"), insert(6, "7")),
      move(7, "7", "42"),
    ];
    expect(search(log, "42").ids).toEqual(["5", "6", "7"]);
  });

  it("tells a row that a trigger brought back from one older than the log, although its insert was recorded first", () => {
    const log = [...together(insert(1, "7"), remove(2, "7")), update(3, "7"), move(4, "7", "42")];
    expect(search(log, "42").ids).toEqual(["1", "3", "4"]);
  });

  it("goes back to an arrival that was recorded after the row had left", () => {
    const [leaving, arrival, between] = together(move(2, "7", "42"), insert(3, "7"), update(1, "7"));
    const order = [arrival, leaving].filter((turn) => turn !== undefined);
    const life = learnTurns(learnTurns(startLife("42"), "42", order), "7", order);
    expect(lifeOf(life).at(-1)).toMatchObject({ key: "7", first: 3n, last: 2n });
    expect(lifeOf(life).map(reachOf).at(-1)).toEqual({ first: 0n, last: 3n });
    expect([...order, between].every((turn) => turn && belongs(lifeOf(life), turn))).toBe(true);
    expect(belongs(lifeOf(life), update(4, "7"))).toBe(false);
  });

  it("goes by what is known of each row's updates where two shared a key", () => {
    const first = insert(1, "7");
    const [early, arrival, late, leaving] = together(
      update(2, "7"),
      insert(3, "7"),
      update(4, "7"),
      move(5, "7", "42"),
    );
    if (!early || !arrival || !late || !leaving) throw new Error("a change is missing");
    const turns: Turn[] = [
      first,
      { ...leaving, updates: { before: [early.id], after: [] } },
      { ...arrival, updates: { before: [], after: [late.id] } },
    ];
    const life = learnTurns(learnTurns(startLife("42"), "42", [leaving]), "7", turns);
    const log = [first, early, arrival, late, leaving, update(6, "7"), update(7, "42")];
    const own = log.filter((change) => belongs(lifeOf(life), change));
    expect(own.map(({ id }) => id)).toEqual(["1", "2", "5", "7"]);
  });

  it("takes a row for unseen rather than for older than the log where that would leave another gap", () => {
    const log = [
      ...together(insert(1, "7"), remove(2, "7")),
      update(3, "7"),
      remove(4, "7"),
      move(5, "7", "42"),
    ];
    expect(search(log, "42").ids).toEqual(["5"]);
  });

  it("does without a key whose turns do not hold the move", () => {
    const life = learnTurns(startLife("42"), "42", [move(2, "7", "42")]);
    expect(lifeOf(learnTurns(life, "7", []))).toHaveLength(1);
  });

  it("is not changed by what a caller fetched beyond the turns", () => {
    const log = [insert(1, "7"), update(2, "7"), move(3, "7", "42"), insert(4, "8")];
    const life = learnTurns(learnTurns(startLife("42"), "42", log), "7", log);
    expect(neededTurns(life)).toEqual([]);
    expect(lifeOf(life).at(-1)).toMatchObject({ key: "7", first: 1n, last: 3n });
  });
});

it("merges lists by id as numbers, each change once", () => {
  const merged = mergeChanges([
    [{ id: "10" }, { id: "9" }],
    [{ id: "9" }, { id: "100000000000000000001" }],
    [],
  ]);
  expect(merged.map(({ id }) => id)).toEqual(["9", "10", "100000000000000000001"]);
});

describe("against a model of a table that knows each row", () => {
  const keys = ["1", "2", "3", "4"];
  const key = fc.constantFrom(...keys);
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ act: fc.constantFrom("insert", "update", "delete", "move"), key, to: key }),
    },
    { weight: 2, arbitrary: fc.record({ act: fc.constantFrom("swap", "shift"), key, to: key }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constantFrom("truncate", "capture"), key, to: key }) },
  );

  it("shows exactly the lives of the rows that were ever under the key", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), key, (steps, asked) => {
        const log = modelled(steps);
        const rows = new Set(
          log
            .filter(({ change }) => change.key === asked || change.oldKey === asked)
            .flatMap(({ rows }) => rows),
        );
        const expected = log.filter(
          ({ change, rows: of }) => change.key === null || of.some((row) => rows.has(row)),
        );
        expect(
          search(
            log.map(({ change }) => change),
            asked,
          ).ids,
        ).toEqual(expected.map(({ change }) => change.id));
      }),
      { numRuns: 1000 },
    );
  });

  interface Logged {
    readonly change: Turn;
    readonly rows: readonly number[];
  }

  /** Plays the steps on a table and returns the log, each change with the rows it is about. */
  function modelled(steps: readonly { act: string; key: string; to: string }[]): Logged[] {
    const log: Logged[] = [];
    const table = new Map<string, number>();
    let born = 0;
    let id = 0;
    const write = (xid: number, op: Turn["op"], at: string | null, oldKey: string | null, rows: number[]) => {
      id += 1;
      log.push({ change: { id: String(id), tx: String(xid), op, key: at, oldKey }, rows });
    };
    for (const [xid, { act, key: at, to }] of steps.entries()) {
      const row = table.get(at);
      const other = table.get(to);
      if (act === "truncate") {
        write(xid, "truncate", null, null, [...table.values()]);
        table.clear();
      } else if (act === "capture") {
        for (const [present, its] of table) write(xid, "truncate", present, null, [its]);
        table.clear();
      } else if (act === "shift") {
        const moved = [...table].map(([from, its]) => ({ from, to: String(Number(from) + 1), its }));
        table.clear();
        for (const { from, to: next, its } of moved) {
          write(xid, "update", next, from, [its]);
          table.set(next, its);
        }
      } else if (act === "insert" && row === undefined) {
        born += 1;
        table.set(at, born);
        write(xid, "insert", at, null, [born]);
      } else if (row === undefined) {
        // Nothing under this key: the statement would touch no row.
      } else if (act === "update") {
        write(xid, "update", at, null, [row]);
      } else if (act === "delete") {
        table.delete(at);
        write(xid, "delete", at, null, [row]);
      } else if (act === "move" && other === undefined) {
        table.delete(at);
        table.set(to, row);
        write(xid, "update", to, at, [row]);
      } else if (act === "swap" && other !== undefined && to !== at) {
        table.set(at, other).set(to, row);
        write(xid, "update", to, at, [row]);
        write(xid, "update", at, to, [other]);
      }
    }
    return log;
  }
});
