import type { Row } from "./pgoutput.ts";
import { type CrashTable, recordedColumns } from "./tables.ts";

/** A change in the form in which truth and log are compared. */
export interface Entry {
  readonly xid: string;
  readonly table: string;
  readonly op: "I" | "U" | "D" | "T";
  readonly key: string;
  readonly oldKey: string | null;
  readonly old: Row | null;
  readonly new: Row | null;
}

/** The key of a row as one text. */
export function keyOf({ key }: CrashTable, row: Row): string {
  const texts = key.map((name) => row[name] ?? null);
  return texts.length === 1 ? String(texts[0]) : JSON.stringify(texts);
}

/** The columns of a row that are recorded. */
export function recorded(table: CrashTable, row: Row): Row {
  return Object.fromEntries(recordedColumns(table).map((name) => [name, row[name] ?? null]));
}

/** What the two have in common is left out of both. */
export function difference(table: CrashTable, old: Row, after: Row): { old: Row; new: Row } {
  const changed = recordedColumns(table).filter((name) => old[name] !== after[name]);
  const only = (row: Row) => Object.fromEntries(changed.map((name) => [name, row[name] ?? null]));
  return { old: only(old), new: only(after) };
}

/** An entry in words. */
export function entryText(entry: Entry): string {
  const { xid, table, op, key, oldKey, old, new: after } = entry;
  const from = oldKey === null ? "" : ` from ${oldKey}`;
  return `transaction ${xid}: ${op} ${table} ${key}${from}, old ${imageText(old)}, new ${imageText(after)}`;
}

/** The same text for the same values, in whatever order. */
export function imageText(image: Row | null): string {
  return image === null
    ? "none"
    : JSON.stringify(Object.entries(image).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
