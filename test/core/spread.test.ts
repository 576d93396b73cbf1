import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { narrowPages, spreadPages } from "../../src/core/spread.ts";

describe("spreadPages", () => {
  it.each([
    [{ first: 0, end: 0 }, 4, []],
    [{ first: 7, end: 10 }, 4, [7, 8, 9]],
    [{ first: 0, end: 4 }, 4, [0, 1, 2, 3]],
    [{ first: 0, end: 100 }, 4, [0, 33, 66, 99]],
  ])("of %j at most %i", (range, most, pages) => {
    expect(spreadPages(range, most)).toEqual(pages);
  });

  it("narrows to any page in few steps", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(), (length, chosen) => {
        const wanted = chosen % (length + 1);
        let range = { first: 0, end: length + 1 };
        let steps = 0;
        for (;;) {
          const pages = spreadPages(range, 64);
          const found = pages.findLast((page) => page <= wanted) ?? range.first;
          steps++;
          if (pages.length === range.end - range.first) return found === wanted && steps <= 4;
          range = narrowPages(range, pages, found);
        }
      }),
    );
  });
});
