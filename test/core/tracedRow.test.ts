import { describe, expect, it } from "vitest";
import { traceRow } from "../../src/core/tracedRow.ts";
import type { Change, OperationName } from "../../src/types.ts";

let tx = 0;

/** "insert 1", "update 2<1", "delete 1", "truncate": each in a transaction of its own, but those that begin with "+". */
function lifeOf(...words: string[]): Change[] {
  return words.map((word, index) => {
    const [op = "", place] = word.replace("+", "").split(" ");
    const [key, oldKey] = place?.split("<") ?? [];
    if (!word.startsWith("+")) tx++;
    return {
      id: String(index + 1),
      tx: String(tx),
      at: "2026-11-22T10:00:00.000000+00:00",
      schema: "public",
      table: "users",
      op: op as OperationName,
      key: key ?? null,
      oldKey: oldKey ?? null,
      old: null,
      new: null,
      actor: null,
      dbUser: "shop",
      role: null,
      application: null,
      clientAddr: null,
      context: null,
    };
  });
}

function traced(key: string, ...words: string[]) {
  const { key: place, changes, end } = traceRow(lifeOf(...words), key);
  return [place, changes.map(({ id }) => Number(id)), end === undefined ? undefined : Number(end.id)];
}

describe("traceRow", () => {
  it.each<[string, string, string[], unknown[]]>([
    ["a row of which nothing is known", "1", [], ["1", [], undefined]],
    ["all changes of a row", "1", ["insert 1", "update 1"], ["1", [1, 2], undefined]],
    ["a row that was there before", "1", ["update 1", "update 1"], ["1", [1, 2], undefined]],
    [
      "a new incarnation alone",
      "1",
      ["insert 1", "delete 1", "insert 1", "update 1"],
      ["1", [3, 4], undefined],
    ],
    ["the last row of a key that is free now", "1", ["insert 1", "delete 1"], ["1", [1, 2], 2]],
    ["a row whose beginning is not in the log", "1", ["delete 1"], ["1", [1], 1]],
    ["a row where it came from", "2", ["insert 1", "update 2<1", "update 2"], ["2", [1, 2, 3], undefined]],
    ["a row where it went", "1", ["insert 1", "update 2<1", "update 2"], ["2", [1, 2, 3], undefined]],
    ["a row that went and was deleted", "1", ["insert 1", "update 2<1", "delete 2"], ["2", [1, 2, 3], 3]],
    [
      "the row that took the key of one that went",
      "1",
      ["insert 1", "update 2<1", "insert 1"],
      ["1", [3], undefined],
    ],
    [
      "rows that exchange their keys",
      "1",
      ["insert 1", "insert 2", "update 2<1", "+update 1<2"],
      ["1", [2, 4], undefined],
    ],
    [
      "the other of these",
      "2",
      ["insert 1", "insert 2", "update 2<1", "+update 1<2"],
      ["2", [1, 3], undefined],
    ],
    [
      "the one that came when another left unseen",
      "1",
      ["insert 1", "insert 1", "update 1", "delete 1"],
      ["1", [2, 3, 4], 4],
    ],
    [
      "a row that went with a TRUNCATE of which no row was kept",
      "1",
      ["insert 1", "truncate"],
      ["1", [1, 2], 2],
    ],
    ["a row kept by a TRUNCATE", "1", ["insert 1", "truncate 1"], ["1", [1, 2], 2]],
    ["a row after a TRUNCATE", "1", ["insert 1", "truncate", "insert 1"], ["1", [3], undefined]],
  ])("finds %s", (_, key, words, expected) => {
    expect(traced(key, ...words)).toEqual(expected);
  });
});
