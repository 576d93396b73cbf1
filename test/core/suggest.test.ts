import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean, suggest } from "../../src/core/suggest.ts";

describe("suggest", () => {
  it.each([
    ["a letter too many", "userss", ["users", "orders"], ["users"]],
    ["a letter too few", "user", ["users", "orders"], ["users"]],
    ["another letter", "usexs", ["users"], ["users"]],
    ["two letters swapped, as one slip", "suer", ["user"], ["user"]],
    ["another case for free", "USERS", ["users", "usera"], ["users", "usera"]],
    ["two slips in a long word", "hiar_colr", ["hair_color"], ["hair_color"]],
  ])("forgives %s", (_name, word, candidates, expected) => {
    expect(suggest(word, candidates)).toEqual(expected);
  });

  it.each([
    ["users", ["invoices"]],
    ["abc", ["xyz"]],
    ["x", ["y", "z"]],
    ["id", ["at"]],
    ["user", []],
  ])("finds nothing near %j in %j", (word, candidates) => {
    expect(suggest(word, candidates)).toEqual([]);
  });

  it("names the nearest first and three at most", () => {
    expect(suggest("comment", ["comma", "content", "Comment", "commit", "comments"])).toEqual([
      "Comment",
      "comments",
      "content",
    ]);
  });

  it("measures like the definition, in either direction", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(word, word, (left, right) => {
        const far = Math.max(left.length, right.length) / 3;
        const near =
          alignment(left, right) <= Math.max(1, Math.floor(far)) && alignment(left, right) < left.length;
        expect(suggest(left, [right])).toEqual(near ? [right] : []);
      }),
    );
  });
});

describe("didYouMean", () => {
  it.each([
    ["usr", ["user"], 'Did you mean "user"?'],
    ["usr", ["user", "usd"], 'Did you mean "user" or "usd"?'],
    ["usr", ["user", "usd", "us"], 'Did you mean "user", "usd" or "us"?'],
    ["usr", ["invoice"], ""],
  ])("asks about %s among %j", (word, candidates, expected) => {
    expect(didYouMean(word, candidates)).toBe(expected);
  });
});

/** The definition, without a table. */
function alignment(left: string, right: string): number {
  if (left === "" || right === "") return left.length + right.length;
  const [l, r] = [left.slice(1), right.slice(1)];
  const distances = [
    alignment(l, right) + 1,
    alignment(left, r) + 1,
    alignment(l, r) + (left[0] === right[0] ? 0 : 1),
  ];
  if (left.length > 1 && left[0] === right[1] && left[1] === right[0]) {
    distances.push(alignment(left.slice(2), right.slice(2)) + 1);
  }
  return Math.min(...distances);
}
