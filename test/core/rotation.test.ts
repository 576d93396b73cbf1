import { describe, expect, it } from "vitest";
import { parseRotate, parseRotateSize, rotationText, whyRotate } from "../../src/core/rotation.ts";

describe("parseRotate", () => {
  it("reads an interval, and default", () => {
    expect(parseRotate("1 month")).toMatchObject({ text: "1 month", months: 1 });
    expect(parseRotate("36h")).toMatchObject({ text: "36 hours" });
    expect(parseRotate("default")).toBeNull();
  });

  it.each([
    ["", "it is empty"],
    ["forever", "a segment that is never rotated would never be dropped"],
    ["30m", "it is counted in minutes; an hour is the least"],
    ["10s", "it is counted in seconds; an hour is the least"],
    ["0d", "it is no time at all"],
    ["2000y", "it is longer than 1000 years"],
    ["often", "a number is missing here"],
    ["1d!", '"d!" is not a unit'],
  ])("refuses %j", (text, problem) => {
    expect(() => parseRotate(text)).toThrow(`"${text}" is not an interval of rotation: ${problem}`);
  });
});

it("reads a size, and none", () => {
  expect([parseRotateSize("1GB"), parseRotateSize("none")]).toEqual([1_073_741_824, null]);
  expect(() => parseRotateSize("default")).toThrow('"default" is not a size');
});

it.each([
  ["3 days", null, "after 3 days"],
  [null, 10_737_418_240, "at 10GB"],
  ["1 mon", 536_870_912, "after 1 mon or at 512MB"],
  [null, null, "never"],
])("says of %j and %j: %s", (age, bytes, text) => {
  expect(rotationText(age, bytes)).toBe(text);
});

describe("whyRotate", () => {
  const segment = { openedAt: "2026-11-01T00:00:00+00:00", bytes: 100 };

  it("goes by the instant, not by its text", () => {
    expect(whyRotate(segment, { before: "2026-11-01T01:00:00+02:00" })).toBeUndefined();
    expect(whyRotate(segment, { before: "2026-10-31T23:00:00-02:00" })).toBeDefined();
  });

  it("has no reason where nothing was set", () => {
    expect(whyRotate(segment, {})).toBeUndefined();
  });
});
