import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { isUnderWay, type Note, readTestimony } from "./journal.ts";
import { checkTokens, reckon, repeatedIds } from "./reckoning.ts";
import { replay } from "./replay.ts";

function anEntry(more: Partial<Entry> = {}): Entry {
  const { key = "1" } = more;
  return {
    xid: "7",
    table: "plain",
    op: "I",
    key,
    oldKey: null,
    old: null,
    new: { id: key, n: "0" },
    ...more,
  };
}

const update = anEntry({ op: "U", old: { n: "0" }, new: { n: "1" } });

describe("reckon", () => {
  it("finds nothing where truth and log are the same, in whatever order", () => {
    const second = anEntry({ key: "2" });
    expect(
      reckon([anEntry(), second, update], [update, second, anEntry({ new: { n: "0", id: "1" } })]),
    ).toEqual({
      matched: 3,
      missing: [],
      surplus: [],
      differing: [],
    });
  });

  it("names a change that is missing", () => {
    expect(reckon([anEntry(), update], [anEntry()])).toEqual({
      matched: 1,
      missing: ['transaction 7: U plain 1, old [["n","0"]], new [["n","1"]]'],
      surplus: [],
      differing: [],
    });
  });

  it("names a change that is too much, though it be there twice", () => {
    expect(reckon([anEntry()], [anEntry(), anEntry()])).toEqual({
      matched: 1,
      missing: [],
      surplus: ['transaction 7: I plain 1, old none, new [["id","1"],["n","0"]]'],
      differing: [],
    });
  });

  it.each([
    ["value", { new: { n: "2" } }],
    ["NULL", { new: { n: null } }],
    ["former value", { old: { n: "9" } }],
    ["column that is left out", { new: {} }],
    ["image that is left out", { old: null }],
  ])("names a change with another %s", (_, other) => {
    const { matched, missing, surplus, differing } = reckon([update], [{ ...update, ...other }]);
    expect({ matched, missing, surplus }).toEqual({ matched: 0, missing: [], surplus: [] });
    expect(differing).toHaveLength(1);
    expect(differing[0]).toContain(
      'U plain 1, old [["n","0"]], new [["n","1"]]\n  but the log has transaction 7: U plain 1',
    );
  });

  it.each([
    ["transaction", { xid: "8" }],
    ["table", { table: "pair" }],
    ["operation", { op: "D" as const }],
    ["key", { key: "2" }],
    ["former key", { oldKey: "2" }],
  ])("takes a change of another %s for missing here and surplus there", (_, other) => {
    const { matched, missing, surplus, differing } = reckon([update], [{ ...update, ...other }]);
    expect([matched, missing.length, surplus.length, differing.length]).toEqual([0, 1, 1, 0]);
  });
});

describe("checkTokens", () => {
  const change = { id: "1", xid: "7", token: "w1-9-1", actor: "w1" };
  const there = new Map([["w1-9-1", "7"]]);

  it.each(["committed", "prepared to commit", "begun"] as const)(
    "is content with one that was %s and is there",
    (fate) => {
      expect(checkTokens(new Map([["w1-9-1", fate]]), there, [change])).toEqual([]);
    },
  );

  it.each(["rolled back", "prepared to roll back", "begun"] as const)(
    "is content with one that was %s and is not there",
    (fate) => {
      expect(checkTokens(new Map([["w1-9-1", fate]]), new Map(), [])).toEqual([]);
    },
  );

  it.each(["committed", "prepared to commit"] as const)("names one that was %s and is lost", (fate) => {
    expect(checkTokens(new Map([["w1-9-1", fate]]), new Map(), [])).toEqual([
      `w1-9-1 was ${fate} and is lost`,
    ]);
  });

  it.each(["rolled back", "prepared to roll back"] as const)("names one that was %s and is there", (fate) => {
    expect(checkTokens(new Map([["w1-9-1", fate]]), there, [])).toEqual([`w1-9-1 was ${fate} and is there`]);
  });

  it("names one that nobody began", () => {
    expect(checkTokens(new Map(), there, [change])).toEqual(["w1-9-1 is there and nobody began it"]);
  });

  it.each([
    [
      "of a transaction that is not in the ledger",
      { token: "w1-9-2" },
      "change 1 of transaction 7 has the token w1-9-2",
    ],
    ["under another transaction", { xid: "8" }, "change 1 of transaction 8 has the token w1-9-1"],
    ["without a token", { token: null }, "change 1 of transaction 7 has the token null"],
    ["of another actor", { actor: "w2" }, "change 1 of w1-9-1 has the actor w2"],
  ])("names a change %s", (_, other, sentence) => {
    expect(checkTokens(new Map([["w1-9-1", "committed"]]), there, [{ ...change, ...other }])).toEqual([
      sentence,
    ]);
  });
});

describe("readTestimony", () => {
  it("takes a transaction for cut when its end was not noted and its writer went on", () => {
    const notes = [
      { kind: "begin", token: "a" },
      { kind: "begin", token: "b" },
      { kind: "commit", token: "b" },
      { kind: "begin", token: "c" },
    ] as const;
    expect([...readTestimony([notes], false).cut]).toEqual(["a"]);
    expect([...readTestimony([notes], true).cut]).toEqual(["a", "c"]);
  });
});

describe("isUnderWay", () => {
  it("is so from the first note of a transaction to its last", () => {
    const notes = ["begin", "undone", "commit"].map((kind) => ({ kind, token: "a" }) as Note);
    expect([0, 1, 2, 3].map((count) => isUnderWay(notes.slice(0, count)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("repeatedIds", () => {
  it("names an id once for each time it comes again", () => {
    expect(repeatedIds(["1", "2", "1", "1"].map((id) => ({ id })))).toEqual(["1", "1"]);
  });
});

describe("replay", () => {
  it("lets a change wait for the one that it followed", () => {
    const touched = anEntry({ op: "U", old: { n: "1" }, new: { n: "2" } });
    const { rows, unfitting } = replay([touched, update, anEntry()]);
    expect([...rows]).toEqual([["1", { id: "1", n: "2" }]]);
    expect(unfitting).toEqual([]);
  });

  it("names a change that fits nowhere", () => {
    const stray = anEntry({ op: "U", old: { n: "5" }, new: { n: "6" } });
    expect(replay([anEntry(), stray]).unfitting).toEqual([stray]);
    expect(replay([anEntry(), anEntry()]).unfitting).toEqual([anEntry()]);
    expect(replay([anEntry({ op: "D" })]).unfitting).toHaveLength(1);
  });
});
