import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClockWhen,
  checkTagName,
  parseRange,
  parseWhen,
  WHEN_HINT,
  whenToSql,
} from "../../src/core/when.ts";
import { ExitCode, UserError } from "../../src/errors.ts";
import { caretOf, userErrorOf } from "../helpers/userError.ts";

describe("parseWhen", () => {
  it.each([
    ["now", { kind: "now" }],
    [" now ", { kind: "now" }],
    ["today", { kind: "day", day: "today", time: undefined }],
    ["today 09:30", { kind: "day", day: "today", time: "09:30" }],
    ["yesterday", { kind: "day", day: "yesterday", time: undefined }],
    ["yesterday  17:00:01.5", { kind: "day", day: "yesterday", time: "17:00:01.5" }],
    ["2026-11-22", { kind: "absolute", date: "2026-11-22", time: undefined, offset: undefined }],
    ["2026-11-22T10:00", { kind: "absolute", date: "2026-11-22", time: "10:00", offset: undefined }],
    ["2026-11-22 10:00:59", { kind: "absolute", date: "2026-11-22", time: "10:00:59", offset: undefined }],
    ["2026-11-22T10:00Z", { kind: "absolute", date: "2026-11-22", time: "10:00", offset: "+00:00" }],
    [
      "2026-11-22 10:00:00.123456+00",
      { kind: "absolute", date: "2026-11-22", time: "10:00:00.123456", offset: "+00:00" },
    ],
    [
      "2026-11-22 10:00:00.1+05:30",
      { kind: "absolute", date: "2026-11-22", time: "10:00:00.1", offset: "+05:30" },
    ],
    ["2026-11-22T10:00-0330", { kind: "absolute", date: "2026-11-22", time: "10:00", offset: "-03:30" }],
    [
      "1880-01-01 00:00:00+00:53:28",
      { kind: "absolute", date: "1880-01-01", time: "00:00:00", offset: "+00:53:28" },
    ],
    ["2024-02-29", { kind: "absolute", date: "2024-02-29", time: undefined, offset: undefined }],
    ["2000-02-29", { kind: "absolute", date: "2000-02-29", time: undefined, offset: undefined }],
    ["-2h", { kind: "relative", parts: [{ count: 2, unit: "hour" }] }],
    ["-90m", { kind: "relative", parts: [{ count: 90, unit: "minute" }] }],
    ["-1mo", { kind: "relative", parts: [{ count: 1, unit: "month" }] }],
    [
      "-1h30m",
      {
        kind: "relative",
        parts: [
          { count: 1, unit: "hour" },
          { count: 30, unit: "minute" },
        ],
      },
    ],
    ["2 days ago", { kind: "relative", parts: [{ count: 2, unit: "day" }] }],
    ["2d ago", { kind: "relative", parts: [{ count: 2, unit: "day" }] }],
    [
      "1 hour 30 minutes ago",
      {
        kind: "relative",
        parts: [
          { count: 1, unit: "hour" },
          { count: 30, unit: "minute" },
        ],
      },
    ],
    ["tag:before-import", { kind: "tag", name: "before-import" }],
    ["tag:release/42", { kind: "tag", name: "release/42" }],
    [" tag:Größe:2 ", { kind: "tag", name: "Größe:2" }],
    ["tx:12", { kind: "tx", id: "12", before: false }],
    ["before:tx:0012", { kind: "tx", id: "12", before: true }],
    ["tx:9223372036854775807", { kind: "tx", id: "9223372036854775807", before: false }],
    ["change:7", { kind: "change", id: "7" }],
  ])("understands %j", (typed, expected) => {
    expect(parseWhen(typed)).toEqual({ typed, ...expected });
  });

  it.each(
    Object.entries({
      second: ["s", "sec", "second", "seconds"],
      minute: ["m", "min", "minute", "minutes"],
      hour: ["h", "hour", "hours"],
      day: ["d", "day", "days"],
      week: ["w", "week", "weeks"],
      month: ["mo", "month", "months"],
      year: ["y", "year", "years"],
    }).flatMap(([unit, words]) => words.map((word) => [word, unit])),
  )("takes %s for the unit %s", (word, unit) => {
    expect(parseWhen(`3 ${word} ago`)).toMatchObject({ parts: [{ count: 3, unit }] });
    expect(parseWhen(`-3${word}`)).toMatchObject({ parts: [{ count: 3, unit }] });
  });

  it.each([
    ["", 0, "it is empty"],
    ["   ", 0, "it is empty"],
    ["90", 0, "a bare number"],
    ["1763800000.5", 0, "a bare number"],
    ["20261122", 0, "a bare number"],
    ["20261122T100000", 0, "with the dashes"],
    ["01/02/2026", 0, "which part is the day"],
    ["1.2.2026", 0, "which part is the day"],
    ["2026-305", 0, "days of the year"],
    ["2026-1-2", 0, "YYYY-MM-DD"],
    ["2026/11/22", 0, "which part is the day"],
    ["2026-11-222", 0, "YYYY-MM-DD"],
    ["12:30", 0, "which day"],
    ["noon", 0, '"noon" is an unknown word.'],
    ["whenever", 0, '"whenever" is an unknown word.'],
    ["\u001b[2J", 0, '"\\x1b[2J" is an unknown word'],
    ["tomorrow", 0, "lies in the future"],
    ["+2h", 0, "lies in the future"],
    ["Yesterday", 0, "not written in lower case"],
    ["ago", 0, "is not expected here"],
    ["yesterdy", 0, 'did you mean "yesterday"'],
    ["2026-02-30", 0, "2026-02 has no day 30"],
    ["2026-11-00", 0, "2026-11 has no day 00"],
    ["2025-02-29", 0, "2025-02 has no day 29"],
    ["1900-02-29", 0, "1900-02 has no day 29"],
    ["2026-13-01", 0, "no month 13"],
    ["2026-00-01", 0, "no month 00"],
    ["0000-01-01", 0, "no year 0000"],
    ["2026-11-22 25:00", 11, "no hour 25"],
    ["2026-11-22 24:00", 11, "no hour 24"],
    ["2026-11-22T10:60", 11, "no minute 60"],
    ["2026-11-22 23:59:60", 11, "no second 60"],
    ["2026-11-22 10:00:00.1234567", 11, "no more than 6 digits"],
    ["2026-11-22 9:30", 11, "a time is written HH:MM"],
    ["2026-11-22 10:00:0", 11, "a time is written HH:MM"],
    ["2026-11-22 10:00:00.", 11, "a time is written HH:MM"],
    ["2026-11-22 10", 11, "a time is written HH:MM"],
    ["2026-11-22 noon", 11, '"noon" is an unknown word'],
    ["2026-11-22T", 10, '"T" cannot follow a date'],
    ["2026-11-22T 10:00", 10, '"T" cannot follow a date'],
    ["2026-11-22Tx", 11, '"x" is an unknown word'],
    ["2026-11-22t10:00", 10, '"t10:00" cannot follow a date'],
    ["2026-11-22Z", 10, '"Z" cannot follow a date'],
    ["2026-11-22 10:00z", 16, '"z" is not an offset'],
    ["2026-11-22 10:00+2", 16, '"+2" is not an offset'],
    ["2026-11-22 10:00+16", 16, "no zone is +16 away"],
    ["2026-11-22 10:00+02:60", 16, "no zone is +02:60 away"],
    ["2026-11-22 10:00+02:00:60", 16, "no zone is +02:00:60 away"],
    ["2026-11-22 10:00 UTC", 17, '"UTC" is one word too many'],
    ["2026-11-22T10:00 +01", 17, '"+01" is one word too many'],
    ["now please", 4, '"please" is one word too many'],
    ["today 09:30 sharp", 12, '"sharp" is one word too many'],
    ["today 09:30Z", 11, '"Z" is one word too many'],
    ["yesterday evening", 10, '"evening" is an unknown word'],
    ["-2h ago", 4, '"ago" is one word too many'],
    ["-2", 1, '"2" has no unit'],
    ["-2 hours", 1, '"2" has no unit'],
    ["-h", 0, "is not a number with its unit"],
    ["-2h-3m", 2, '"h-" is not a unit'],
    ["-1234567s", 1, "too large a number"],
    ["2h", 0, 'write -2h or end with "ago"'],
    ["2 hours", 0, 'end with "ago"'],
    ["2 hours ago today", 12, '"today" is one word too many'],
    ["1 hour and 30 minutes ago", 7, '"and" is an unknown word'],
    ["2 hours from now", 8, '"from" is an unknown word'],
    ["1.5 hours ago", 1, "only whole numbers"],
    ["1 hour 2 h ago", 9, "gives the hours a second time"],
    ["-5M", 2, "minutes or months"],
    ["5 Days ago", 2, '"Days" is written in lower case'],
    ["5 fortnights ago", 2, '"fortnights" is not a unit'],
    ["2 10:00", 0, '"2" has no unit'],
    ["now\n", 0, '"now\\n" is an unknown word'],
    ["infinity", 0, "is an unknown word"],
    ["tag:", 4, "it is empty"],
    ["tag:a b", 6, '"b" is one word too many'],
    ["tag:-a", 4, '"-" cannot begin the name of a tag'],
    ['tag:a"b', 5, '""" cannot be part of the name of a tag'],
    ["tag:a..b", 5, "two dots make a range"],
    [`tag:${"é".repeat(32)}`, 4, "it is longer than 63 bytes"],
    ["tx:", 3, "the number of a transaction is missing here"],
    ["tx:-1", 3, '"-1" is not the number of a transaction'],
    ["tx:1e3", 3, '"1e3" is not the number of a transaction'],
    ["tx:9223372036854775808", 3, "no transaction has a number of that size"],
    ["before:tx:x", 10, '"x" is not the number of a transaction'],
    ["before:change:1", 0, "is an unknown word"],
    ["change:", 7, "the number of a change is missing here"],
    ["change:1 now", 9, '"now" is one word too many'],
    ["Tag:x", 0, "is an unknown word"],
  ] as [string, number, string][])("refuses %j with a caret at %i: %s", (typed, position, problem) => {
    const error = userErrorOf(() => parseWhen(typed));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain(problem);
    if (!/\p{Cc}/u.test(typed)) expect(caretOf(error)).toBe(position);
    expect(error.hint).toBe(WHEN_HINT);
  });

  it("gives hints that are valid themselves", () => {
    expect(() => ["2026-11-20 17:00", "yesterday 17:00", "-2h"].map(parseWhen)).not.toThrow();
  });

  it("either understands a text or throws a UserError, whatever it is", () => {
    const bits = fc.constantFrom(
      ..."0 1 2 9 - + : . T Z h m d mo ago now today yesterday days 2026 11 22 10:00 2026-11-22 / é".split(
        " ",
      ),
      " ",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(bits).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseWhen(text);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("takes every real calendar day and no other", () => {
    const days = fc.tuple(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
    );
    fc.assert(
      fc.property(days, ([year, month, day]) => {
        const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
        const date = new Date(`${text}T00:00:00Z`);
        const real = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
        if (real) expect(parseWhen(text)).toMatchObject({ kind: "absolute", date: text });
        else expect(() => parseWhen(text)).toThrow(UserError);
      }),
    );
  });
});

describe("parseRange", () => {
  const noon = parseWhen("2026-11-22 12:00");
  const tag = parseWhen("tag:one");

  it.each([
    ["2026-11-22 12:00..tag:one", { from: noon, to: tag }],
    [" 2026-11-22 12:00 .. tag:one ", { from: noon, to: tag }],
    ["2026-11-22 12:00..", { from: noon, to: undefined }],
    ["..tag:one", { from: undefined, to: tag }],
  ])("understands %j", (typed, expected) => {
    expect(parseRange(typed)).toEqual(expected);
  });

  it.each([
    ["", 0, "its two dots are missing"],
    ["now", 3, "its two dots are missing"],
    ["..", 0, "both of its sides are open"],
    ["-2h..-1h..now", 8, "it has more than two sides"],
  ] as [string, number, string][])("refuses %j with a caret at %i: %s", (typed, position, problem) => {
    const error = userErrorOf(() => parseRange(typed));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
  });

  it("complains of a side as of any instant", () => {
    expect(userErrorOf(() => parseRange("-2h..soon")).message).toContain('"soon" is an unknown word');
  });
});

describe("checkTagName", () => {
  it("takes what an instant can name", () => {
    for (const name of ["a", "before-import", "2026", "release/42", "v1.2", "_x", "日本"]) {
      expect(() => checkTagName(name)).not.toThrow();
      expect(parseWhen(`tag:${name}`)).toMatchObject({ name });
    }
  });

  it.each([
    ["", 0, "it is empty"],
    ["two words", 3, '" " cannot be part of'],
    [".hidden", 0, '"." cannot begin'],
    ["a..b", 1, "two dots make a range"],
  ])("refuses %j", (name, position, problem) => {
    const error = userErrorOf(() => checkTagName(name));
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
  });
});

describe("whenToSql", () => {
  it.each([
    ["now", { kind: "instant", text: "clock.now", params: [] }],
    ["-1h30m", { kind: "instant", text: "clock.now - $2::text::interval", params: ["1 hour 30 minutes"] }],
    [
      "today",
      {
        kind: "local",
        text: "(clock.now::date - $2::text::integer) + $3::text::time",
        params: ["0", "00:00"],
      },
    ],
    ["yesterday 17:00", { kind: "local", params: ["1", "17:00"] }],
    ["2026-11-22", { kind: "local", text: "$2::text::timestamp", params: ["2026-11-22 00:00"] }],
    [
      "2026-11-22T10:00+0530",
      { kind: "instant", text: "$2::text::timestamptz", params: ["2026-11-22 10:00+05:30"] },
    ],
  ])("asks the server for %j with parameters only", (typed, expected) => {
    expect(whenToSql(parseWhen(typed) as ClockWhen)).toMatchObject(expected);
  });
});
