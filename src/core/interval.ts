import { type Fail, failWith } from "./caret.ts";
import { type Part, partText, readAllParts, UNITS, type Unit } from "./duration.ts";

/** A length of time to keep changes for. Calendar parts stay apart: months and days have no fixed length. */
export interface Interval {
  /** For PostgreSQL and for people, such as `90 days` or `1 year 6 months`. */
  readonly text: string;
  /** Canonical short form, such as `90d` or `1y6mo`; equal intervals have equal names. */
  readonly name: string;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

/** What --retain was given. A class is looked up by its name, an interval makes the class it names. */
export type Retain =
  | { readonly kind: "class"; readonly name: string }
  | { readonly kind: "interval"; readonly name: string; readonly keep: Interval | undefined };

const SHORT: Readonly<Record<Unit, string>> = {
  year: "y",
  month: "mo",
  week: "w",
  day: "d",
  hour: "h",
  minute: "m",
  second: "s",
};

/** Leaves room for the class's name within the names of the objects made for it (63 bytes). */
const MOST_CLASS_LETTERS = 40;

/** Nobody keeps anything longer; the server's calendar ends far behind it. */
export const MOST_YEARS = 1000;
const INTERVAL_HINT = 'Write a retention such as 90d, "18 months" or forever.';
const RETAIN_HINT = 'Give a class such as standard, or an interval such as 90d, "18 months" or forever.';

/**
 * Reads a retention interval: `90d`, `7y`, `18 months`, `1 year 6 months`, or `forever`, which is undefined.
 * Refuses zero, bare and negative numbers, and minutes and seconds: prune runs from cron and rotates ten
 * times per interval, so that less than an hour could not be held to.
 */
export function parseInterval(text: string): Interval | undefined {
  return readInterval(text, failWith(text, "not a retention interval", INTERVAL_HINT));
}

/** Reads the argument of --retain: the name of a class (`[a-z_][a-z0-9_-]*`) or an interval. */
export function parseRetain(text: string): Retain {
  const fail: Fail = failWith(text, "neither a retention class nor an interval", RETAIN_HINT);
  if (text !== "forever" && /^[A-Za-z_]/.test(text)) {
    const odd = text.search(/[^a-z0-9_-]/);
    if (odd >= 0) fail(odd, "the name of a class is made of a to z, 0 to 9, _ and -");
    if (text.length > MOST_CLASS_LETTERS) {
      fail(MOST_CLASS_LETTERS, `the name of a class has no more than ${MOST_CLASS_LETTERS} letters`);
    }
    return { kind: "class", name: text };
  }
  const keep = readInterval(text, fail);
  return { kind: "interval", name: keep?.name ?? "forever", keep };
}

function readInterval(text: string, fail: Fail): Interval | undefined {
  if (text === "forever") return undefined;
  if (text.trim() === "") fail(0, "it is empty");
  if (text.startsWith("-")) fail(0, "changes cannot be kept for less than no time");
  const parts = readAllParts(text, "an interval", fail);
  const short = parts.find(({ unit }) => unit === "minute" || unit === "second");
  if (short !== undefined) {
    fail(
      0,
      `it is counted in ${short.unit}s, and prune, which runs from cron and drops changes by the segment, cannot hold to less than an hour${
        short.unit === "minute" ? '; months are written "mo"' : ""
      }`,
    );
  }
  const interval = canonicalInterval(parts);
  if (interval.text === "") fail(0, "it would keep nothing");
  if (yearsOf(interval) > MOST_YEARS) {
    fail(0, `it is longer than ${MOST_YEARS} years; write forever`);
  }
  return interval;
}

/** About how many years an interval has. */
export function yearsOf({ months, days, hours }: Interval): number {
  return months / 12 + days / 365 + hours / 8760;
}

/** The interval that parts make, in as few units as say the same; its text is empty where they come to nothing. */
export function canonicalInterval(parts: readonly Part[]): Interval {
  const count = (unit: Unit) => parts.find((part) => part.unit === unit)?.count ?? 0;
  const months = count("year") * 12 + count("month");
  const days = count("week") * 7 + count("day");
  const hours = count("hour");
  const counts: Readonly<Record<Unit, number>> = {
    year: Math.floor(months / 12),
    month: months % 12,
    week: 0,
    day: days,
    hour: hours,
    minute: 0,
    second: 0,
  };
  const units = UNITS.filter((unit) => counts[unit] > 0);
  return {
    text: units.map((unit) => partText({ count: counts[unit], unit })).join(" "),
    name: units.map((unit) => `${counts[unit]}${SHORT[unit]}`).join(""),
    months,
    days,
    hours,
  };
}
