import { failWith } from "./caret.ts";
import { escapeControls } from "./safe.ts";

/** Powers of 1024, as the server counts them. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
  ["TB", 1024 ** 4],
]);

/** Keeps the bytes within what both a number and the server's bigint hold exactly. */
const MOST_DIGITS = 4;

const SIZE_HINT = "Write a size such as 512MB or 10GB.";

/** Reads `512MB`, `10 GB` or `1TB` as bytes: a whole number and one of these units, no less than a megabyte. */
export function parseSize(text: string): number {
  const fail = failWith(text, "not a size", SIZE_HINT);
  if (text.trim() === "") fail(0, "it is empty");
  const [digits = ""] = /^\d*/.exec(text) ?? [];
  if (digits === "") fail(0, "a whole number comes first");
  const unitAt = digits.length + (/^ ?/.exec(text.slice(digits.length))?.[0].length ?? 0);
  const word = text.slice(unitAt);
  if (word === "") fail(0, `"${digits}" has no unit`);
  const bytes = UNITS.get(word);
  if (bytes === undefined) fail(unitAt, unknownUnit(word));
  if (digits.length > MOST_DIGITS) fail(0, `"${digits}" is too large a number`);
  if (Number(digits) === 0) fail(0, "it is nothing");
  return Number(digits) * Number(bytes);
}

/** A size as it is typed: `512MB`, in the greatest unit that leaves a whole number. Inverse of parseSize. */
export function sizeText(bytes: number): string {
  const [unit, length] = [...UNITS].reverse().find(([, size]) => bytes % size === 0) ?? ["B", 1];
  return `${bytes / length}${unit}`;
}

function unknownUnit(word: string): string {
  if (/^[.,]/.test(word)) return "only whole numbers are understood";
  if (UNITS.has(word.toUpperCase())) return `"${escapeControls(word)}" is written in capitals`;
  return `"${escapeControls(word)}" is not a unit of size; the units are MB, GB and TB`;
}
