import type { Column, Look } from "./columns.ts";
import { bytesText, countOf, countText } from "./duration.ts";
import { timeText } from "./instant.ts";
import { jsonDocument } from "./json.ts";
import type { Paint, Style } from "./style.ts";
import { tableText } from "./table.ts";

/** What prune does with one segment, and why. */
export interface PrunePlanRow {
  readonly segment: number;
  readonly retention: string;
  readonly act: "drop" | "delete" | "keep" | "rotate" | "close";
  /** bigint as text. */
  readonly changes: string;
  readonly bytes: number;
  /** ISO 8601; null for an empty segment. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly reason: string;
}

export interface PrunePlanTextOptions extends Look {
  readonly zone: string;
  /** Whether the plan is only shown, or has been carried out. */
  readonly dryRun: boolean;
}

/** The segments with what happens to them and why, then a line that says what goes. */
export async function prunePlanText(
  rows: readonly PrunePlanRow[],
  options: PrunePlanTextOptions,
): Promise<string> {
  const { style, width, zone } = options;
  const cells = rows.map((row) => [
    countText(row.segment),
    row.retention,
    { text: row.act, paint: actPaint(row.act, style) },
    countText(row.changes),
    bytesText(row.bytes),
    timeText(row.firstAt, zone, width),
    timeText(row.lastAt, zone, width),
    row.reason,
  ]);
  const table = rows.length === 0 ? "" : `${await tableText(planColumns, cells, options)}\n`;
  return `${table}${totals(rows, options.dryRun)}\n`;
}

const planColumns: readonly Column[] = [
  { title: "segment", align: "right" },
  { title: "retention", fixed: true },
  { title: "act", fixed: true },
  { title: "changes", align: "right" },
  { title: "size", align: "right" },
  { title: "first", fixed: true },
  { title: "last", fixed: true },
  // Rather wrapped than cut: a reason half read is none.
  { title: "why", fixed: true },
];

function actPaint(act: PrunePlanRow["act"], style: Style): Paint {
  if (act === "drop") return style.red;
  return act === "keep" ? style.dim : style.yellow;
}

function totals(rows: readonly PrunePlanRow[], dryRun: boolean): string {
  const dropped = rows.filter(({ act }) => act === "drop");
  if (dropped.length === 0) return "nothing to drop";
  const changes = dropped.reduce((total, row) => total + BigInt(row.changes), 0n);
  const bytes = dropped.reduce((total, row) => total + row.bytes, 0);
  const verb = dryRun ? "would drop" : "dropped";
  return `${verb} ${countOf(dropped.length, "segment")}, ${countOf(changes, "change")}, ${bytesText(bytes)}`;
}

/** The same as a JSON document; `dry_run` says whether it was carried out. */
export function prunePlanJson(
  rows: readonly PrunePlanRow[],
  { dryRun }: Pick<PrunePlanTextOptions, "dryRun">,
): string {
  return jsonDocument(
    rows.map((row) => ({
      segment: row.segment,
      retention: row.retention,
      act: row.act,
      changes: row.changes,
      bytes: row.bytes,
      first_at: row.firstAt,
      last_at: row.lastAt,
      reason: row.reason,
    })),
    { dry_run: dryRun },
  );
}
