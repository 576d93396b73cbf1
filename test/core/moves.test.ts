import { describe, expect, it } from "vitest";
import { inFreeOrder, isMove, type Move, withoutIdleChains } from "../../src/core/moves.ts";
import type { Image, RowDifference } from "../../src/types.ts";
import { randomFrom } from "../model/random.ts";

/** A row that brings `a` from one key to another, where `found` stands now. */
const moved = (oldKey: string, key: string, found: string, a: string, more: Image = {}): Move => ({
  ...{ kind: "changed", key, oldKey },
  ...{ old: { id: oldKey, a: found, ...more }, new: { id: key, a, ...more } },
});
const keys = (order: readonly RowDifference[] | undefined) =>
  order?.map((row) => (isMove(row) ? `${row.oldKey}>${row.key}` : row.key));

describe("inFreeOrder", () => {
  it("has each row come to a key that is free by then", () => {
    const moves = [moved("2", "3", "", ""), moved("1", "2", "", ""), moved("3", "4", "", "")];
    expect(keys(inFreeOrder(moves))).toEqual(["3>4", "2>3", "1>2"]);
  });

  it("knows of none in a circle, wherever it begins", () => {
    const circle = [moved("1", "2", "", ""), moved("2", "3", "", ""), moved("3", "1", "", "")];
    for (const moves of [circle, [...circle].reverse()])
      expect(inFreeOrder([moved("8", "9", "", ""), ...moves])).toBeUndefined();
  });

  it("holds for rows in any order, and is quick for many", () => {
    const random = randomFrom(7);
    const many = Array.from({ length: 50_000 }, (_, n) => moved(`${n}`, `${n + 1}`, "", ""));
    const order = inFreeOrder(random.sample(many, many.length)) ?? [];
    expect(order).toHaveLength(many.length);
    const left = new Set<string>();
    for (const { key, oldKey } of order as Move[]) {
      expect(key === "50000" || left.has(key ?? "")).toBe(true);
      left.add(oldKey);
    }
  });
});

describe("withoutIdleChains", () => {
  it("leaves out rows that only seem to have exchanged their keys", () => {
    const idle = [moved("4", "5", "x", "y"), moved("5", "4", "y", "x")];
    const other: RowDifference = { kind: "inserted", key: "9", new: { id: "9", a: "z" } };
    expect(withoutIdleChains([idle[0] as Move, other, idle[1] as Move])).toEqual([other]);
    expect(
      withoutIdleChains([moved("1", "2", "x", "y"), moved("2", "3", "y", "z"), moved("3", "1", "z", "x")]),
    ).toEqual([]);
  });

  it("leaves out rows that were written anew from where one came to where one went", () => {
    const came: RowDifference = { kind: "inserted", key: "4", new: { id: "4", a: "x" } };
    const went: RowDifference = { kind: "deleted", key: "6", old: { id: "6", a: "z" } };
    const chain = [moved("5", "6", "y", "z"), moved("4", "5", "x", "y")];
    expect(withoutIdleChains([went, ...chain, came])).toEqual([]);
    expect(withoutIdleChains([went, ...chain])).toEqual([went, ...chain]);
    expect(withoutIdleChains([...chain, came])).toEqual([...chain, came]);
    const other: RowDifference = { kind: "deleted", key: "6", old: { id: "6", a: "w" } };
    expect(withoutIdleChains([other, ...chain, came])).toEqual([other, ...chain, came]);
  });

  it("keeps a circle of which any row brings something else", () => {
    const circle = [moved("1", "2", "x", "y"), moved("2", "3", "y", "z"), moved("3", "1", "z", "w")];
    expect(withoutIdleChains(circle)).toEqual(circle);
  });

  it("keeps rows that move into the room of one that goes elsewhere", () => {
    const chain = [moved("1", "2", "x", "y"), moved("2", "3", "y", "y")];
    expect(withoutIdleChains(chain)).toEqual(chain);
  });

  it("keeps values of which the log cannot tell whether they are the same", () => {
    const hidden = (digest?: string): Image => ({
      pin: digest === undefined ? { redacted: true } : { digest, bytes: 4 },
    });
    const unlike = [moved("4", "5", "x", "y", hidden()), moved("5", "4", "y", "x", hidden())];
    expect(withoutIdleChains(unlike)).toEqual(unlike);
    const alike = [moved("4", "5", "x", "y", hidden("d")), moved("5", "4", "y", "x", hidden("d"))];
    expect(withoutIdleChains(alike)).toEqual([]);
  });
});
