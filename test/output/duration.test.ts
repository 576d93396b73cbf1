import { describe, expect, it } from "vitest";
import { ago, bytesText, countOf, countText, spanText } from "../../src/output/duration.ts";

const now = new Date("2026-11-22T12:00:00Z");

describe("ago", () => {
  it.each([
    ["2026-11-22T12:00:00Z", "just now"],
    ["2026-11-22T11:59:51Z", "just now"],
    ["2026-11-22T12:00:09Z", "just now"],
    ["2026-11-22T11:59:50Z", "10 seconds ago"],
    ["2026-11-22T11:59:00Z", "1 minute ago"],
    ["2026-11-22T11:55:00Z", "5 minutes ago"],
    ["2026-11-22T11:00:01Z", "59 minutes ago"],
    ["2026-11-22T11:00:00Z", "1 hour ago"],
    ["2026-11-22T10:00:00Z", "2 hours ago"],
    ["2026-11-21T12:00:00Z", "1 day ago"],
    ["2026-11-19T12:00:00Z", "3 days ago"],
    ["2026-10-01T12:00:00Z", "52 days ago"],
    ["2026-07-22T12:00:00Z", "4 months ago"],
    ["2025-01-01T12:00:00Z", "22 months ago"],
    ["2016-11-01T12:00:00Z", "10 years ago"],
    ["2026-11-22T12:02:00Z", "in 2 minutes"],
    ["2026-11-23T13:00:00Z", "in 1 day"],
  ])("says of %s: %s", (from, text) => {
    expect(ago(new Date(from), now)).toBe(text);
  });
});

describe("bytesText", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 kB"],
    [1536, "1.5 kB"],
    [512 * 1024 ** 2, "512 MB"],
    [1024 ** 2 - 1, "1 MB"],
    [3.25 * 1024 ** 3, "3.3 GB"],
    [2n * 1024n ** 4n, "2 TB"],
    [5000 * 1024 ** 5, "5,000 PB"],
  ])("shows %s as %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});

describe("countText", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1203344.4, "1,203,344"],
    [-12345, "-12,345"],
    ["9223372036854775807", "9,223,372,036,854,775,807"],
    [9223372036854775807n, "9,223,372,036,854,775,807"],
  ])("shows %s as %s", (count, text) => {
    expect(countText(count)).toBe(text);
  });

  it("goes with its noun", () => {
    expect([countOf(1n, "segment"), countOf(0, "segment"), countOf("1200", "change")]).toEqual([
      "1 segment",
      "0 segments",
      "1,200 changes",
    ]);
  });
});

describe("spanText", () => {
  it.each([
    [1000, "1 s"],
    [1549, "1.5 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h"],
    [12_000_000, "3 h 20 min"],
    [3_600_000_000, "1,000 h"],
  ])("says of %i ms: %s", (milliseconds, text) => {
    expect(spanText(milliseconds)).toBe(text);
  });
});
