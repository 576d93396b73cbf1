import type { RowDifference } from "../types.ts";
import { columnValue, sameValue } from "./image.ts";

/** How many rows differ, by kind. */
export type DifferenceCounts = Readonly<Record<RowDifference["kind"], number>>;

/** Before the first row. */
export const noDifferences: DifferenceCounts = { inserted: 0, deleted: 0, changed: 0 };

/** The counts with one row more: a stream of differences is a loop of this. */
export function countDifference(counts: DifferenceCounts, { kind }: RowDifference): DifferenceCounts {
  return { ...counts, [kind]: counts[kind] + 1 };
}

/** The counts of several tables as one. */
export function addCounts(one: DifferenceCounts, other: DifferenceCounts): DifferenceCounts {
  return {
    inserted: one.inserted + other.inserted,
    deleted: one.deleted + other.deleted,
    changed: one.changed + other.changed,
  };
}

/** Of one table: how many rows differ, and how many of the changed ones in each column. */
export interface TableCounts {
  readonly schema: string;
  readonly table: string;
  readonly rows: DifferenceCounts;
  readonly columns: ReadonlyMap<string, number>;
}

/** Counts with one row more; the map of columns is added to in place, for it is many rows' common count. */
export function countRow(counts: TableCounts, difference: RowDifference): TableCounts {
  const columns = counts.columns as Map<string, number>;
  if (difference.kind === "changed") {
    const { old, new: after } = difference;
    for (const column of new Set([...Object.keys(old), ...Object.keys(after)]))
      if (!sameValue(columnValue(old, column), columnValue(after, column)))
        columns.set(column, (columns.get(column) ?? 0) + 1);
  }
  return { ...counts, rows: countDifference(counts.rows, difference) };
}
