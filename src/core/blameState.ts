import type { Image } from "../types.ts";
import { type BlameColumn, type Gap, gapAfter } from "./blame.ts";
import { nameInImage, type ShapeVersion, versionAt } from "./columnNames.ts";
import type { TracedRow } from "./tracedRow.ts";

/** A row's columns and values, as far as they can be read. */
export interface RowState {
  readonly columns: readonly BlameColumn[];
  readonly image: Image | undefined;
  /** Whether the table has the row; unknown where it cannot be asked. */
  readonly presence: "there" | "absent" | "unknown";
}

/** Where the table and the log disagree about the row: it came back, or went, without a change that says so. */
export interface Existence {
  readonly came?: "gap" | "around" | undefined;
  readonly went?: "gap" | "around" | undefined;
  /** The time without auditing that explains it. */
  readonly gap?: Gap | undefined;
}

/** Holds what the table has against what the log knows of the row. */
export function judgeExistence(row: TracedRow, { presence }: RowState, gaps: readonly Gap[]): Existence {
  const last = row.changes.at(-1);
  if (last === undefined) return {};
  const gap = gapAfter(gaps, last.id);
  const why = gap ? "gap" : "around";
  if (presence === "there" && row.end) return { came: why, gap };
  if (presence === "absent" && !row.end) return { went: why, gap };
  return {};
}

/** The columns and values that the log kept of a row when it ended, called as `present` calls them where they are still there. */
export function lastState(
  { changes, end }: TracedRow,
  versions: readonly ShapeVersion[],
  present: readonly BlameColumn[],
): Pick<RowState, "columns" | "image"> {
  const last = end ?? changes.at(-1);
  const version = last ? versionAt(versions, last.id) : versions.at(-1);
  const old = end?.old ?? null;
  const values: [string, Image[string]][] = [];
  const columns = [...(version?.columns ?? [])].map(([attnum, { name: then, recorded }]): BlameColumn => {
    const now = present.find((column) => column.attnum === attnum);
    const name = now?.name ?? then;
    const called = last && nameInImage(old, last.id, attnum, versions, name);
    const value = called === undefined ? undefined : old?.[called];
    if (value !== undefined) values.push([name, value]);
    if (now) return now;
    return { attnum, name, withheld: recorded || value !== undefined ? undefined : "excluded" };
  });
  // Not by assignment: a column may be called __proto__.
  return { columns, image: old === null ? undefined : Object.fromEntries(values) };
}
