import fc from "fast-check";
import { expect, it } from "vitest";
import { fromMicroseconds, toMicroseconds } from "../../src/core/instant.ts";

it.each([
  ["1970-01-01T00:00:00+00:00", 0n],
  ["1970-01-01 00:00:00.000001Z", 1n],
  ["1970-01-01T00:00:00.1+00", 100_000n],
  ["1970-01-01T05:30:00+05:30", 0n],
  ["1969-12-31T20:30:00-0330", 0n],
  ["1969-12-31T23:59:59.999999+00:00", -1n],
  ["1880-01-01T00:53:28+00:53:28", toMicroseconds("1880-01-01T00:00:00Z")],
  ["0001-01-01T00:00:00Z", -62_135_596_800_000_000n],
  ["10000-01-01T00:00:00Z", 253_402_300_800_000_000n],
])("reads %s exactly", (iso, expected) => {
  expect(toMicroseconds(iso)).toBe(expected);
});

it.each(["2026-11-22T10:00:00", "infinity", "2026-11-22", "2026-11-22T10:00:00.1234567Z", ""])(
  "calls %j a bug of the caller",
  (iso) => {
    expect(() => toMicroseconds(iso)).toThrow(RangeError);
  },
);

it.each([
  [-1n, "1969-12-31T23:59:59.999999+00:00"],
  [253_402_300_800_000_000n, "10000-01-01T00:00:00.000000+00:00"],
])("writes %s as %s", (microseconds, expected) => {
  expect(fromMicroseconds(microseconds)).toBe(expected);
});

it("comes back from its text exactly, and orders as the instants do", () => {
  const instants = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_800_000_000n });
  fc.assert(
    fc.property(instants, (microseconds) => {
      expect(toMicroseconds(fromMicroseconds(microseconds))).toBe(microseconds);
    }),
  );
});
