import type { Fail } from "./caret.ts";
import { escapeControls } from "./safe.ts";

/** Largest first. */
export const UNITS = ["year", "month", "week", "day", "hour", "minute", "second"] as const;

export type Unit = (typeof UNITS)[number];

/** A whole number of one unit. */
export interface Part {
  readonly count: number;
  readonly unit: Unit;
}

const SPELLINGS: ReadonlyMap<string, Unit> = new Map(
  (
    [
      ["second", ["s", "sec", "secs", "second", "seconds"]],
      ["minute", ["m", "min", "mins", "minute", "minutes"]],
      ["hour", ["h", "hour", "hours"]],
      ["day", ["d", "day", "days"]],
      ["week", ["w", "week", "weeks"]],
      ["month", ["mo", "month", "months"]],
      ["year", ["y", "year", "years"]],
    ] as const
  ).flatMap(([unit, words]) => words.map((word) => [word, unit] as const)),
);

/** Six digits are 11 days of seconds or more years than anyone keeps; they also stay within the server's integers. */
const MOST_DIGITS = 6;

/** The unit a word stands for. Lower case only: `M` would be minutes to some and months to others. */
export function unitOf(word: string): Unit | undefined {
  return SPELLINGS.get(word);
}

/** `1 day`, `2 days`: as people write it and PostgreSQL reads it. */
export function partText({ count, unit }: Part): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * Reads `2h`, `1h30m`, and when `spaced` also `1 hour 30 minutes`, from `start` until something follows that
 * is no number. Every unit comes once. Returns the parts as written and the index where reading stopped.
 */
export function readParts(
  text: string,
  start: number,
  options: { spaced: boolean },
  fail: Fail,
): { parts: Part[]; end: number } {
  const space = options.spaced ? / */y : /(?:)/y;
  const parts: Part[] = [];
  let end = start;
  for (;;) {
    const numberAt = end + take(space, text, end).length;
    const digits = take(/\d+/y, text, numberAt);
    if (digits === "") {
      if (parts.length === 0) fail(numberAt, "a number is missing here");
      return { parts, end };
    }
    if (digits.length > MOST_DIGITS) fail(numberAt, `"${digits}" is too large a number`);
    const afterNumber = numberAt + digits.length;
    const unitAt = afterNumber + take(space, text, afterNumber).length;
    const word = take(/[^\s\d]+/y, text, unitAt);
    if (word === "") fail(numberAt, `"${digits}" has no unit`);
    const unit = unitOf(word);
    if (unit === undefined) fail(unitAt, unknownUnit(word));
    if (parts.some((part) => part.unit === unit)) fail(unitAt, `"${word}" gives the ${unit}s a second time`);
    parts.push({ count: Number(digits), unit });
    end = unitAt + word.length;
  }
}

/** Reads a text that is nothing but parts, spaces allowed. What follows them is refused: `what` (an interval) ends before it. */
export function readAllParts(text: string, what: string, fail: Fail): Part[] {
  const { parts, end } = readParts(text, 0, { spaced: true }, fail);
  const extra = text.slice(end).search(/[^ ]/);
  if (extra >= 0) fail(end + extra, `${what} ends before this`);
  return parts;
}

function unknownUnit(word: string): string {
  if (word === "M") return `"M" could be minutes or months; write "m" or "mo"`;
  if (unitOf(word.toLowerCase()) !== undefined) return `"${word}" is written in lower case`;
  if (/^[.,]/.test(word)) return "only whole numbers are understood";
  return `"${escapeControls(word)}" is not a unit; the units are s, m, h, d, w, mo and y, or their names in full`;
}

function take(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? "";
}
