import { createHash } from "node:crypto";
import { usageError } from "../errors.ts";
import { escapeControls } from "./safe.ts";

/** What a history view is called where nothing else is said. */
export const VIEW_PATTERN = "{table}_history";

/** NAMEDATALEN - 1. */
const MOST_BYTES = 63;

/** Tells names apart that are cut to the same beginning. */
const MARK_LETTERS = 8;

/** Refuses (exit 2) what no view can be named by: an unknown placeholder, nothing at all, a NUL. */
export function checkViewPattern(pattern: string): void {
  const unknown = [...pattern.matchAll(/\{([^{}]*)\}/g)].find(
    ([, name]) => name !== "schema" && name !== "table",
  );
  const hint = "Write it as '{table}_history'; {schema} and {table} stand for the table's own names.";
  if (unknown) throw usageError(`--view-name: "${escapeControls(unknown[0])}" stands for nothing.`, hint);
  if (pattern.trim() === "") throw usageError("--view-name: a view cannot be without a name.", hint);
  if (/\0|\p{Cs}/u.test(pattern))
    throw usageError("--view-name: it contains a character that no name can hold.", hint);
}

/**
 * The name of a table's history view by a pattern. Where it would be too long it is cut, and ends in a mark made of
 * the table's name, so that names stay apart.
 */
export function viewNameOf(pattern: string, { schema, table }: { schema: string; table: string }): string {
  checkViewPattern(pattern);
  const name = pattern.replace(/\{(schema|table)\}/g, (_, part) => (part === "schema" ? schema : table));
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  const hash = createHash("sha256")
    .update(JSON.stringify([schema, table, pattern]))
    .digest("hex");
  const mark = `_${hash.slice(0, MARK_LETTERS)}`;
  let kept = "";
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > MOST_BYTES - mark.length) break;
    kept += character;
  }
  return kept + mark;
}

/** Names that our own objects have or may come to have. */
export function isReservedName(name: string): boolean {
  return name.startsWith("_") || /^change_\d+$/.test(name);
}
