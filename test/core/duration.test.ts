import { expect, it } from "vitest";
import { failWith } from "../../src/core/caret.ts";
import { partText, readParts, unitOf } from "../../src/core/duration.ts";

it("knows no upper-case unit", () => {
  expect(unitOf("m")).toBe("minute");
  expect(unitOf("M")).toBeUndefined();
});

it.each([
  [{ count: 1, unit: "day" } as const, "1 day"],
  [{ count: 0, unit: "day" } as const, "0 days"],
  [{ count: 2, unit: "month" } as const, "2 months"],
])("writes %j as %s", (part, expected) => {
  expect(partText(part)).toBe(expected);
});

it("stops where no number follows and says where", () => {
  const text = "1h 30m ago";
  const fail = failWith(text, "wrong");
  expect(readParts(text, 0, { spaced: true }, fail)).toEqual({
    parts: [
      { count: 1, unit: "hour" },
      { count: 30, unit: "minute" },
    ],
    end: 6,
  });
  expect(readParts(text, 0, { spaced: false }, fail)).toEqual({
    parts: [{ count: 1, unit: "hour" }],
    end: 2,
  });
});
