import type { Column, Look } from "./columns.ts";
import { bytesText, countOf, countText } from "./duration.ts";
import { timeText } from "./instant.ts";
import { jsonDocument } from "./json.ts";
import { tableText } from "./table.ts";

/** What became of a segment that was to be archived. */
export interface ArchivedRow {
  readonly segment: number;
  readonly retention: string;
  /** found: it was there already, complete, and the database did not know it. */
  readonly act: "archive" | "found";
  readonly changes: number;
  /** What its files take, and how many they are; null before they are written. */
  readonly bytes: number | null;
  readonly files: number | null;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface ArchivedTextOptions extends Look {
  readonly zone: string;
  readonly target: string;
  /** Whether the plan is only shown, or has been carried out. */
  readonly dryRun: boolean;
}

const columns: readonly Column[] = [
  { title: "segment", align: "right" },
  { title: "retention", fixed: true },
  { title: "act", fixed: true },
  { title: "changes", align: "right" },
  { title: "files", align: "right" },
  { title: "size", align: "right" },
  { title: "first", fixed: true },
  { title: "last", fixed: true },
];

/** The segments with what became of them, then a line that says how much there is now. */
export async function archivedText(
  rows: readonly ArchivedRow[],
  options: ArchivedTextOptions,
): Promise<string> {
  const { zone, width, target, dryRun } = options;
  if (rows.length === 0)
    return `There is nothing to archive: all that audit prune has closed lies in ${target}.\n`;
  const cells = rows.map((row) => [
    countText(row.segment),
    row.retention,
    row.act,
    countText(row.changes),
    row.files === null ? "" : countText(row.files),
    row.bytes === null ? "" : bytesText(row.bytes),
    timeText(row.firstAt, zone, width),
    timeText(row.lastAt, zone, width),
  ]);
  const changes = countOf(
    rows.reduce((total, row) => total + row.changes, 0),
    "change",
  );
  const bytes = rows.reduce((total, row) => total + (row.bytes ?? 0), 0);
  const verb = dryRun ? "would archive" : "archived and read back";
  const size = dryRun ? "" : `, ${bytesText(bytes)}`;
  return `${await tableText(columns, cells, options)}\n${verb} ${countOf(rows.length, "segment")}, ${changes}${size}\n`;
}

/** The same as a JSON document. */
export function archivedJson(
  rows: readonly ArchivedRow[],
  {
    target,
    dryRun,
    complete,
  }: { readonly target: string; readonly dryRun: boolean; readonly complete: boolean },
): string {
  return jsonDocument(
    rows.map((row) => ({
      segment: row.segment,
      retention: row.retention,
      act: row.act,
      changes: String(row.changes),
      bytes: row.bytes,
      files: row.files,
      first_at: row.firstAt,
      last_at: row.lastAt,
    })),
    { target, dry_run: dryRun, complete },
  );
}
