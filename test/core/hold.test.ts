import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { releaseDone } from "../../src/core/hold.ts";

const changes = (text: string) => [...text].map((tx) => ({ tx }));
const text = (list: readonly { tx: string }[]) => list.map(({ tx }) => tx).join("");

describe("releaseDone", () => {
  it.each([
    ["AABB", 4, "", "AABB"],
    ["AABBCC", 2, "AABB", "CC"],
    ["AABBAC", 2, "", "AABBAC"],
    ["AABCBD", 1, "AABCB", "D"],
    ["ABACDC", 2, "ABA", "CDC"],
    // C goes on, and it lies between the changes of B.
    ["ABCBDC", 1, "A", "BCBDC"],
    ["", 0, "", ""],
    ["AB", 0, "AB", ""],
  ])("%s with %i fresh ones", (all, fresh, ready, held) => {
    const released = releaseDone(changes(all), fresh);
    expect([text(released.ready), text(released.held)]).toEqual([ready, held]);
  });

  it("gives out all once too many are held", () => {
    expect(text(releaseDone(changes("AAAA"), 1, 3).ready)).toBe("AAAA");
  });

  it("tears no transaction, and keeps each that is still fresh", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(..."ABCDEFG"), { maxLength: 40 }), fc.nat(40), (txs, some) => {
        const fresh = Math.min(some, txs.length);
        const { ready, held } = releaseDone(changes(txs.join("")), fresh);
        expect(text(ready) + text(held)).toBe(txs.join(""));
        const kept = new Set(held.map(({ tx }) => tx));
        expect(ready.some(({ tx }) => kept.has(tx))).toBe(false);
        expect(txs.slice(txs.length - fresh).every((tx) => kept.has(tx))).toBe(true);
      }),
    );
  });
});
