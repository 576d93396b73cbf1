import { failWith } from "./caret.ts";
import { readAllParts } from "./duration.ts";
import { toMicroseconds } from "./instant.ts";
import { canonicalInterval, type Interval, MOST_YEARS, yearsOf } from "./interval.ts";
import { parseSize, sizeText } from "./size.ts";

/** When the segments of a class give way to new ones, where that was set for it. */
export interface Rotation {
  /** A segment opened before this is due. Computed by the server: calendar arithmetic is not ours to do. */
  readonly before?: string | undefined;
  /** The interval behind it, for people. */
  readonly age?: string | undefined;
  /** A segment that takes as much on disk, with its indexes, is due. */
  readonly bytes?: number | undefined;
}

/** What is asked of a segment that is written to. */
interface Grown {
  readonly openedAt: string;
  readonly bytes: number;
}

/** Why a segment is due for rotation, as a clause that follows its name; undefined while it is not. */
export function whyRotate({ openedAt, bytes }: Grown, rotation: Rotation): string | undefined {
  const { before, age, bytes: most } = rotation;
  if (before !== undefined && toMicroseconds(openedAt) < toMicroseconds(before)) {
    const due = `it was opened at ${openedAt} and is due for rotation`;
    return age === undefined ? due : `${due}, which comes after ${age}`;
  }
  if (most !== undefined && bytes >= most)
    return `it takes ${bytes} bytes and is due for rotation, which comes at ${sizeText(most)}`;
  return undefined;
}

/** Reads the value of --rotate: an interval, or `default`, which is null. */
export function parseRotate(text: string): Interval | null {
  if (text === "default") return null;
  const fail = failWith(
    text,
    "not an interval of rotation",
    "Write one such as 1d or '1 month', or default.",
  );
  if (text.trim() === "") fail(0, "it is empty");
  if (text === "forever") fail(0, "a segment that is never rotated would never be dropped");
  const parts = readAllParts(text, "an interval", fail);
  const short = parts.find(({ unit }) => unit === "minute" || unit === "second");
  if (short !== undefined) fail(0, `it is counted in ${short.unit}s; an hour is the least`);
  const interval = canonicalInterval(parts);
  if (interval.text === "") fail(0, "it is no time at all");
  if (yearsOf(interval) > MOST_YEARS) fail(0, `it is longer than ${MOST_YEARS} years`);
  return interval;
}

/** Reads the value of --rotate-size: a size, or `none`, which is null. */
export function parseRotateSize(text: string): number | null {
  return text === "none" ? null : parseSize(text);
}

/** When a class rotates, for people: `after 3 days or at 10GB`, or `never`. */
export function rotationText(age: string | null, bytes: number | null): string {
  const ways = [
    ...(age === null ? [] : [`after ${age}`]),
    ...(bytes === null ? [] : [`at ${sizeText(bytes)}`]),
  ];
  return ways.length === 0 ? "never" : ways.join(" or ");
}
