import type { Column, Look } from "./columns.ts";
import { countOf, countText } from "./duration.ts";
import { timeText } from "./instant.ts";
import { jsonDocument } from "./json.ts";
import { tableText } from "./table.ts";

/** A segment that came, or would come, back from an archive. */
export interface RestoredRow {
  readonly segment: number;
  readonly retention: string;
  readonly changes: number;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** Until when it is kept; null before it is there. */
  readonly until: string | null;
}

interface Said {
  readonly target: string;
  /** Whether the plan is only shown, or has been carried out. */
  readonly dryRun: boolean;
}

const columns: readonly Column[] = [
  { title: "segment", align: "right" },
  { title: "retention", fixed: true },
  { title: "changes", align: "right" },
  { title: "first", fixed: true },
  { title: "last", fixed: true },
  { title: "kept until", fixed: true },
];

/** The segments, then a line that says how much they are. */
export async function restoredText(
  rows: readonly RestoredRow[],
  options: Look & Said & { readonly zone: string },
): Promise<string> {
  const { zone, width, target, dryRun } = options;
  if (rows.length === 0)
    return `Nothing that is gone fits and lies in ${target}, so nothing is brought back.\n`;
  const cells = rows.map((row) => [
    countText(row.segment),
    row.retention,
    countText(row.changes),
    timeText(row.firstAt, zone, width),
    timeText(row.lastAt, zone, width),
    row.until === null ? "" : timeText(row.until, zone, width),
  ]);
  const changes = countOf(
    rows.reduce((total, row) => total + row.changes, 0),
    "change",
  );
  const verb = dryRun ? "would bring back" : "brought back";
  return `${await tableText(columns, cells, options)}\n${verb} ${countOf(rows.length, "segment")}, ${changes}\n`;
}

/** The same as a JSON document. */
export function restoredJson(rows: readonly RestoredRow[], { target, dryRun }: Said): string {
  return jsonDocument(
    rows.map((row) => ({
      segment: row.segment,
      retention: row.retention,
      changes: String(row.changes),
      first_at: row.firstAt,
      last_at: row.lastAt,
      kept_until: row.until,
    })),
    { target, dry_run: dryRun },
  );
}
