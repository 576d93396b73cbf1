import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeSequences } from "../../src/core/sequence.ts";

describe("mergeSequences", () => {
  it.each([
    ["abc", [], "abc"],
    ["abc", ["ca"], "bca"],
    ["abcd", ["da", "dc"], "bdac"],
    ["abcd", ["cab", "da"], "cdab"],
    // Contradictions end in the order of the items.
    ["ab", ["ab", "ba"], "ab"],
    ["abc", ["ba", "ab", "ca"], "cab"],
    ["", [], ""],
  ])("orders %s by %j as %s", (items, sequences, merged) => {
    expect(
      mergeSequences(
        [...items],
        sequences.map((sequence) => [...sequence]),
      ).join(""),
    ).toBe(merged);
  });

  it("keeps every sequence that is cut out of one order, and loses nothing", () => {
    const items = [..."abcdefgh"];
    const order = fc.shuffledSubarray(items, { minLength: items.length });
    const parts = fc.array(fc.subarray(items));
    fc.assert(
      fc.property(order, parts, (hidden, chosen) => {
        const sequences = chosen.map((part) => hidden.filter((item) => part.includes(item)));
        const merged = mergeSequences(items, sequences);
        expect(merged.toSorted()).toEqual(items);
        for (const sequence of sequences)
          expect(merged.filter((item) => sequence.includes(item))).toEqual(sequence);
      }),
    );
  });
});
