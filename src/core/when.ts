import { type Fail, failWith } from "./caret.ts";
import { type Part, partText, readParts } from "./duration.ts";
import { escapeControls } from "./safe.ts";
import { didYouMean } from "./suggest.ts";

/** An instant as typed, understood but not yet resolved: only the server's clock and zone data can do that. */
export type When =
  | { readonly kind: "now"; readonly typed: string }
  | {
      readonly kind: "absolute";
      readonly typed: string;
      readonly date: string;
      /** As typed; undefined means the start of the day. */
      readonly time: string | undefined;
      /** As +HH:MM or +HH:MM:SS; undefined means local time in the zone. */
      readonly offset: string | undefined;
    }
  | { readonly kind: "relative"; readonly typed: string; readonly parts: readonly Part[] }
  | {
      readonly kind: "day";
      readonly typed: string;
      readonly day: "today" | "yesterday";
      /** As typed; undefined means the start of the day. */
      readonly time: string | undefined;
    }
  | Reference;

/** An instant that the log or a tag knows, and no clock. */
export type Reference =
  | { readonly kind: "tag"; readonly typed: string; readonly name: string }
  /** When a transaction was done, or right before that. */
  | { readonly kind: "tx"; readonly typed: string; readonly id: string; readonly before: boolean }
  /** When the transaction of a change was done. */
  | { readonly kind: "change"; readonly typed: string; readonly id: string };

/** What a clock can tell. */
export type ClockWhen = Exclude<When, Reference>;

/** What lies after `from`, up to and including `to`; an open side is undefined. */
export interface WhenRange {
  readonly from: When | undefined;
  readonly to: When | undefined;
}

/**
 * One expression for the server, over `clock.now` (its clock, read once) under the zone already set.
 * `instant`: a timestamptz. `local`: a timestamp, which may not exist in the zone or exist twice.
 * Parameters are text; their placeholders start at $2, $1 is the zone.
 */
export interface WhenSql {
  readonly kind: "instant" | "local";
  readonly text: string;
  readonly params: readonly string[];
}

interface Word {
  readonly text: string;
  readonly at: number;
}

/** Three valid examples; ends every complaint about an instant. */
export const WHEN_HINT = 'Write an instant such as "2026-11-20 17:00", "yesterday 17:00" or -2h.';

/** Ends every complaint about a range. */
const RANGE_HINT = 'Write it as A..B, A.. or ..B, such as "yesterday 17:00..now" or tag:before-import..';

const WORDS = ["now", "today", "yesterday", "ago"];
/** Longest first: the first that fits is meant. */
const REFERENCES = ["before:tx:", "change:", "tag:", "tx:"] as const;
/** Transactions and changes are numbered by 64 bits. */
const GREATEST_NUMBER = 2n ** 63n - 1n;
const LONGEST_TAG = 63;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** How instants are complained about: a caret under `position` of what was typed, and three examples (exit 2). */
export function failWhen(typed: string): Fail {
  return failWith(typed, "not an instant we can use", WHEN_HINT);
}

/**
 * Reads an instant by the one grammar used everywhere: an ISO 8601 date or timestamp (also as PostgreSQL
 * prints it), `-2h`, `1 hour 30 minutes ago`, `yesterday 17:00`, `today`, `now`, or a reference to what the log knows:
 * `tag:NAME`, `tx:ID`, `before:tx:ID`, `change:ID`. Nothing is guessed: whatever
 * could mean two things, or lies outside the calendar, throws a UserError with a caret.
 */
export function parseWhen(text: string): When {
  const fail: Fail = failWhen(text);
  const words = [...text.matchAll(/[^ ]+/g)].map((match) => ({ text: match[0], at: match.index }));
  const [first, second] = words;
  if (first === undefined) fail(0, "it is empty");

  if (first.text === "now") {
    refuseMore(words[1], fail);
    return { kind: "now", typed: text };
  }
  if (first.text === "today" || first.text === "yesterday") {
    const time = second && readTime(text, second, fail);
    if (second && time) refuseMore(rest(second, time.length), fail);
    refuseMore(words[2], fail);
    return { kind: "day", typed: text, day: first.text, time };
  }
  const prefix = REFERENCES.find((known) => first.text.startsWith(known));
  if (prefix !== undefined) {
    refuseMore(second, fail);
    return readReference(text, first, prefix, fail);
  }
  if (/^-\d/.test(first.text)) return readMinus(text, first, second, fail);
  if (/^\d{4}-\d\d-\d\d(?!\d)/.test(first.text)) return readAbsolute(text, first, words.slice(1), fail);
  if (/^\d/.test(first.text)) return readAgo(text, first, second, fail);
  return fail(first.at, unknownWord(first.text));
}

/** What the server has to evaluate for it; see WhenSql. */
export function whenToSql(when: ClockWhen): WhenSql {
  switch (when.kind) {
    case "now":
      return { kind: "instant", text: "clock.now", params: [] };
    case "relative":
      return {
        kind: "instant",
        text: "clock.now - $2::text::interval",
        params: [when.parts.map(partText).join(" ")],
      };
    case "day":
      return {
        kind: "local",
        text: "(clock.now::date - $2::text::integer) + $3::text::time",
        params: [when.day === "today" ? "0" : "1", when.time ?? "00:00"],
      };
    case "absolute": {
      const local = `${when.date} ${when.time ?? "00:00"}`;
      if (when.offset === undefined) return { kind: "local", text: "$2::text::timestamp", params: [local] };
      return { kind: "instant", text: "$2::text::timestamptz", params: [local + when.offset] };
    }
  }
}

/**
 * Reads a range, `A..B`, `A..` or `..B`, each side an instant by the one grammar: what lies after A, up to and
 * including B.
 */
export function parseRange(text: string): WhenRange {
  const fail = failWith(text, "not a range we can use", RANGE_HINT);
  const dots = text.indexOf("..");
  if (dots < 0) fail(text.length, "its two dots are missing");
  const from = text.slice(0, dots).trim();
  const to = text.slice(dots + 2).trim();
  if (to.includes("..")) fail(text.indexOf("..", dots + 2), "it has more than two sides");
  if (from === "" && to === "") fail(dots, "both of its sides are open");
  return { from: from === "" ? undefined : parseWhen(from), to: to === "" ? undefined : parseWhen(to) };
}

/** What a tag may be called; throws (exit 2) with a caret under the first character that will not do. */
export function checkTagName(name: string): void {
  tagNameFault(name, 0, failWith(name, "not a name for a tag", 'Write it as release-42 or "before_import".'));
}

function tagNameFault(name: string, at: number, fail: Fail): void {
  if (name === "") fail(at, "it is empty");
  const odd = /^[^\p{L}\p{N}_]/u.test(name) ? 0 : name.search(/[^\p{L}\p{N}_.:/@+-]/u);
  if (odd >= 0) {
    const character = escapeControls(String.fromCodePoint(name.codePointAt(odd) ?? 0));
    fail(at + odd, `"${character}" cannot ${odd === 0 ? "begin" : "be part of"} the name of a tag`);
  }
  if (name.includes("..")) fail(at + name.indexOf(".."), "two dots make a range");
  if (Buffer.byteLength(name) > LONGEST_TAG) fail(at, `it is longer than ${LONGEST_TAG} bytes`);
}

function readReference(text: string, word: Word, prefix: (typeof REFERENCES)[number], fail: Fail): Reference {
  const name = word.text.slice(prefix.length);
  const at = word.at + prefix.length;
  if (prefix === "tag:") {
    tagNameFault(name, at, fail);
    return { kind: "tag", typed: text, name };
  }
  const what = prefix === "change:" ? "change" : "transaction";
  if (name === "") fail(at, `the number of a ${what} is missing here`);
  if (!/^\d+$/.test(name)) fail(at, `"${escapeControls(name)}" is not the number of a ${what}`);
  if (BigInt(name) > GREATEST_NUMBER) fail(at, `no ${what} has a number of that size`);
  const id = String(BigInt(name));
  if (prefix === "change:") return { kind: "change", typed: text, id };
  return { kind: "tx", typed: text, id, before: prefix === "before:tx:" };
}

function readMinus(text: string, first: Word, second: Word | undefined, fail: Fail): When {
  const { parts, end } = readParts(text, first.at + 1, { spaced: false }, fail);
  refuseMore(rest(first, end - first.at), fail);
  refuseMore(second, fail);
  return { kind: "relative", typed: text, parts };
}

function readAgo(text: string, first: Word, second: Word | undefined, fail: Fail): When {
  const doubt = doubtfulNumber(first.text, second === undefined);
  if (doubt !== undefined) fail(first.at, doubt);
  const { parts, end } = readParts(text, first.at, { spaced: true }, fail);
  const [ago, extra] = [...text.slice(end).matchAll(/[^ ]+/g)];
  if (ago === undefined) fail(first.at, `say in which direction: write -${first.text} or end with "ago"`);
  if (ago[0] !== "ago") fail(end + ago.index, unknownWord(ago[0]));
  refuseMore(extra && { text: extra[0], at: end + extra.index }, fail);
  return { kind: "relative", typed: text, parts };
}

function readAbsolute(text: string, first: Word, others: readonly Word[], fail: Fail): When {
  const [second, third] = others;
  const date = first.text.slice(0, 10);
  checkDate(date, first, fail);
  const absolute = { kind: "absolute", typed: text, date } as const;

  const joined = rest(first, date.length);
  if (joined === undefined && second === undefined)
    return { ...absolute, time: undefined, offset: undefined };
  if (joined !== undefined && (!joined.text.startsWith("T") || joined.text === "T")) {
    fail(joined.at, `"${escapeControls(joined.text)}" cannot follow a date; a time comes after T or a space`);
  }
  const clock = joined === undefined ? second : rest(joined, 1);
  if (clock === undefined) fail(text.length, "a time is missing here");
  if (!/^\d/.test(clock.text)) fail(clock.at, unknownWord(clock.text));
  const time = readTime(text, clock, fail);
  const zone = rest(clock, time.length);
  const offset = zone && readOffset(zone, fail);
  refuseMore(joined === undefined ? third : second, fail);
  return { ...absolute, time, offset };
}

function checkDate(date: string, word: Word, fail: Fail): void {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  if (year === 0) fail(word.at, "there is no year 0000");
  if (month < 1 || month > 12) fail(word.at, `there is no month ${date.slice(5, 7)}`);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  if (day < 1 || day > days) fail(word.at, `${date.slice(0, 7)} has no day ${date.slice(8)}`);
}

function readTime(text: string, word: Word, fail: Fail): string {
  const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?![\d:.])/.exec(text.slice(word.at));
  if (match === null) {
    const unknown = /^\d/.test(word.text)
      ? "a time is written HH:MM, HH:MM:SS or HH:MM:SS.ffffff"
      : unknownWord(word.text);
    fail(word.at, unknown);
  }
  const [time, hour, minute, second = "00", fraction = ""] = match;
  if (Number(hour) > 23) fail(word.at, `there is no hour ${hour}`);
  if (Number(minute) > 59) fail(word.at, `there is no minute ${minute}`);
  if (Number(second) > 59) fail(word.at, `there is no second ${second}`);
  if (fraction.length > 6) fail(word.at, "PostgreSQL keeps no more than 6 digits of a second");
  return time;
}

function readOffset(word: Word, fail: Fail): string {
  if (word.text === "Z") return "+00:00";
  const match = /^([+-]\d\d)(?::?(\d\d)(?::(\d\d))?)?$/.exec(word.text);
  if (match === null) {
    fail(
      word.at,
      `"${escapeControls(word.text)}" is not an offset; write Z, +00, +05:30, or name a zone with --tz`,
    );
  }
  const [, hour = "", minute = "00", second] = match;
  if (Math.abs(Number(hour)) > 15 || Number(minute) > 59 || Number(second ?? 0) > 59) {
    fail(word.at, `no zone is ${word.text} away from UTC`);
  }
  return second === undefined ? `${hour}:${minute}` : `${hour}:${minute}:${second}`;
}

function rest(word: Word, taken: number): Word | undefined {
  if (taken >= word.text.length) return undefined;
  return { text: word.text.slice(taken), at: word.at + taken };
}

function refuseMore(word: Word | undefined, fail: Fail): void {
  if (word !== undefined) fail(word.at, `"${escapeControls(word.text)}" is one word too many`);
}

function doubtfulNumber(word: string, alone: boolean): string | undefined {
  if (/^\d+(\.\d+)?$/.test(word) && alone) return "a bare number could be seconds, days, a year or an id";
  if (/^\d+[/.]\d+[/.]\d+$/.test(word)) return "which part is the day and which the month cannot be known";
  if (/^\d{4}-\d{3}$/.test(word)) return "days of the year are not understood; a date is written YYYY-MM-DD";
  if (/^\d+[-/]/.test(word)) return "a date is written YYYY-MM-DD";
  if (/^\d{8}T/.test(word)) return "a date is written YYYY-MM-DD, with the dashes";
  if (/^\d+:/.test(word)) return "a time alone does not say which day; write today or yesterday before it";
  return undefined;
}

function unknownWord(word: string): string {
  const quoted = `"${escapeControls(word)}"`;
  if (word === "tomorrow" || word.startsWith("+"))
    return `${quoted} lies in the future, and only the past is recorded`;
  if (/^-/.test(word)) return `${quoted} is not a number with its unit, such as -2h`;
  if (WORDS.includes(word.toLowerCase()))
    return `${quoted} is not expected here, or not written in lower case`;
  const suggestion = didYouMean(word, WORDS);
  return `${quoted} is an unknown word${suggestion && ` (${lowerFirst(suggestion)})`}`;
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
