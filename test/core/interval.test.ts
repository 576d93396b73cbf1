import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInterval, parseRetain } from "../../src/core/interval.ts";
import { ExitCode } from "../../src/errors.ts";
import { caretOf, userErrorOf } from "../helpers/userError.ts";

describe("parseInterval", () => {
  it.each([
    ["90d", { text: "90 days", name: "90d", months: 0, days: 90, hours: 0 }],
    ["7y", { text: "7 years", name: "7y", months: 84, days: 0, hours: 0 }],
    ["18 months", { text: "1 year 6 months", name: "1y6mo", months: 18, days: 0, hours: 0 }],
    ["1 year 6 months", { text: "1 year 6 months", name: "1y6mo", months: 18, days: 0, hours: 0 }],
    ["12mo", { text: "1 year", name: "1y", months: 12, days: 0, hours: 0 }],
    ["2w", { text: "14 days", name: "14d", months: 0, days: 14, hours: 0 }],
    ["1 week 1 day", { text: "8 days", name: "8d", months: 0, days: 8, hours: 0 }],
    ["1h", { text: "1 hour", name: "1h", months: 0, days: 0, hours: 1 }],
    ["1mo2d3h", { text: "1 month 2 days 3 hours", name: "1mo2d3h", months: 1, days: 2, hours: 3 }],
    ["1 day 0 hours ", { text: "1 day", name: "1d", months: 0, days: 1, hours: 0 }],
    ["1000y", { text: "1000 years", name: "1000y", months: 12_000, days: 0, hours: 0 }],
  ])("reads %j", (text, expected) => {
    expect(parseInterval(text)).toEqual(expected);
  });

  it("reads forever as no end", () => {
    expect(parseInterval("forever")).toBeUndefined();
  });

  it.each([
    ["", 0, "it is empty"],
    [" ", 0, "it is empty"],
    ["90", 0, '"90" has no unit'],
    ["0d", 0, "it would keep nothing"],
    ["0 years 0h", 0, "it would keep nothing"],
    ["-90d", 0, "less than no time"],
    ["90m", 0, 'less than an hour; months are written "mo"'],
    ["1h 30s", 0, "it is counted in seconds"],
    ["90 days ago", 8, "an interval ends before this"],
    ["1001y", 0, "write forever"],
    ["1000000d", 0, "too large a number"],
    ["1.5y", 1, "only whole numbers"],
    ["5M", 1, "minutes or months"],
    ["1d 2d", 4, "a second time"],
    ["for ever", 0, "a number is missing"],
    ["P90D", 0, "a number is missing"],
  ])("refuses %j with a caret at %i: %s", (text, position, problem) => {
    const error = userErrorOf(() => parseInterval(text));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
    expect(error.hint).toContain("90d");
  });

  it("gives names and texts that read back as the same interval", () => {
    const parts = fc
      .tuple(fc.nat(998), fc.nat(11), fc.nat(300), fc.nat(300))
      .filter((counts) => counts.some(Boolean));
    fc.assert(
      fc.property(parts, ([years, months, days, hours]) => {
        const interval = parseInterval(`${years}y${months}mo${days}d${hours}h`);
        expect(parseInterval(interval?.name ?? "")).toEqual(interval);
        expect(parseInterval(interval?.text ?? "")).toEqual(interval);
      }),
    );
  });
});

describe("parseRetain", () => {
  it.each([
    ["standard", { kind: "class", name: "standard" }],
    ["_gdpr-7y", { kind: "class", name: "_gdpr-7y" }],
    ["a".repeat(40), { kind: "class", name: "a".repeat(40) }],
    ["forever", { kind: "interval", name: "forever", keep: undefined }],
    ["18 months", { kind: "interval", name: "1y6mo", keep: { text: "1 year 6 months" } }],
    ["90d", { kind: "interval", name: "90d", keep: { text: "90 days" } }],
  ])("reads %j", (text, expected) => {
    expect(parseRetain(text)).toMatchObject(expected);
  });

  it.each([
    ["Standard", 0, "the name of a class is made of"],
    ["my class", 2, "the name of a class is made of"],
    ["a".repeat(41), 40, "no more than 40 letters"],
    ["", 0, "it is empty"],
    ["0d", 0, "it would keep nothing"],
    ["-1d", 0, "less than no time"],
    ["é", 0, "a number is missing"],
  ])("refuses %j with a caret at %i: %s", (text, position, problem) => {
    const error = userErrorOf(() => parseRetain(text));
    expect(error.message).toContain("is neither a retention class nor an interval");
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
  });
});
