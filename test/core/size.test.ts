import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSize, sizeText } from "../../src/core/size.ts";

describe("parseSize", () => {
  it.each([
    ["1MB", 1_048_576],
    ["512MB", 536_870_912],
    ["10 GB", 10_737_418_240],
    ["2TB", 2_199_023_255_552],
  ])("reads %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    ["", "it is empty"],
    ["GB", "a whole number comes first"],
    ["-1GB", "a whole number comes first"],
    ["512", '"512" has no unit'],
    ["512 ", '"512" has no unit'],
    ["1.5GB", "only whole numbers are understood"],
    ["10gb", '"gb" is written in capitals'],
    ["10kB", '"kB" is not a unit of size; the units are MB, GB and TB'],
    ["10GB more", '"GB more" is not a unit of size'],
    ["10  GB", '" GB" is not a unit of size'],
    ["10000GB", '"10000" is too large a number'],
    ["0MB", "it is nothing"],
  ])("refuses %j", (text, problem) => {
    expect(() => parseSize(text)).toThrow(`"${text}" is not a size: ${problem}`);
  });

  it("reads what sizeText writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.constantFrom("MB", "GB", "TB"), (count, unit) => {
        const bytes = parseSize(`${count}${unit}`);
        expect(parseSize(sizeText(bytes))).toBe(bytes);
      }),
    );
  });
});

it.each([
  [536_870_912, "512MB"],
  [1024 ** 3, "1GB"],
  [1025 * 1024 ** 2, "1025MB"],
  [1024 ** 4 * 3, "3TB"],
  [1000, "1000B"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
