import type { Column, Row } from "./columns.ts";
import { bytesText, countText } from "./duration.ts";
import { timeText } from "./instant.ts";

/** What an archived segment holds of one table. */
export interface ArchivedTable {
  readonly segment: number;
  readonly retention: string;
  readonly schema: string;
  readonly table: string;
  readonly changes: number;
  readonly bytes: number;
  readonly files: number;
  readonly format: string;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
}

export const archivedTableColumns: readonly Column[] = [
  { title: "segment", align: "right" },
  { title: "retention", fixed: true },
  { title: "table" },
  { title: "changes", align: "right" },
  { title: "files", align: "right" },
  { title: "size", align: "right" },
  { title: "format", fixed: true },
  { title: "first", fixed: true },
  { title: "last", fixed: true },
];

/** One of them as a line of the table. */
export function archivedTableRow({
  zone,
  width,
}: {
  readonly zone: string;
  readonly width: number | undefined;
}): (table: ArchivedTable) => Row {
  return (row) => [
    countText(row.segment),
    row.retention,
    `${row.schema}.${row.table}`,
    countText(row.changes),
    countText(row.files),
    bytesText(row.bytes),
    row.format,
    timeText(row.firstAt, zone, width),
    timeText(row.lastAt, zone, width),
  ];
}

/** The same as JSON answers show it. */
export function archivedTableJson(row: ArchivedTable) {
  return {
    segment: row.segment,
    retention: row.retention,
    schema: row.schema,
    table: row.table,
    changes: String(row.changes),
    bytes: row.bytes,
    files: row.files,
    format: row.format,
    first_at: row.firstAt,
    last_at: row.lastAt,
  };
}
