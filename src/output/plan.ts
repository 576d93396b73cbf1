import type { HorizonRise } from "../db/horizons.ts";
import type { Column, Look } from "./columns.ts";
import { bytesText, countOf, countText } from "./duration.ts";
import { timeText } from "./instant.ts";
import { jsonDocument } from "./json.ts";
import type { Paint, Style } from "./style.ts";
import { remarkedTable } from "./table.ts";

/** What prune does with one segment, and why. */
export interface PrunePlanRow {
  readonly segment: number;
  readonly retention: string;
  readonly act: "archive" | "drop" | "delete" | "keep" | "rotate" | "close";
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
  const lines = bySegment(rows).map((group) => {
    const row = group.find(({ act }) => removes(act)) ?? group[0];
    const acts = group.map(({ act }) => act).filter((act) => act !== "keep" || group.length === 1);
    return { row, text: acts.join(", "), paint: actPaint(row.act, style) };
  });
  const cells = lines.map(({ row, text, paint }) => [
    countText(row.segment),
    row.retention,
    { text, paint },
    countText(row.changes),
    bytesText(row.bytes),
    timeText(row.firstAt, zone, width),
    timeText(row.lastAt, zone, width),
  ]);
  const reasons = lines.map(({ row }) =>
    row.reason.replace(isoInstant, (instant) => timeText(instant, zone, width)),
  );
  const remarks = { title: "why", texts: reasons };
  const table = rows.length === 0 ? "" : `${await remarkedTable(planColumns, cells, remarks, options)}\n`;
  return `${table}${totals(rows, options.dryRun)}\n`;
}

const isoInstant = /\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-][\d:]+)/g;

function removes(act: PrunePlanRow["act"]): boolean {
  return act === "drop" || act === "delete";
}

/** What one run does with a segment, such as rotate and close, is one line: the act that removes tells why. */
function bySegment(rows: readonly PrunePlanRow[]): [PrunePlanRow, ...PrunePlanRow[]][] {
  const groups: [PrunePlanRow, ...PrunePlanRow[]][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last?.[0].segment === row.segment) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

const planColumns: readonly Column[] = [
  { title: "segment", align: "right" },
  { title: "retention", fixed: true },
  { title: "act", fixed: true },
  { title: "changes", align: "right" },
  { title: "size", align: "right" },
  { title: "first", fixed: true },
  { title: "last", fixed: true },
];

function actPaint(act: PrunePlanRow["act"], style: Style): Paint {
  if (act === "drop") return style.red;
  return act === "keep" ? style.dim : style.yellow;
}

function totals(rows: readonly PrunePlanRow[], dryRun: boolean): string {
  const dropped = rows.filter(({ act }) => act === "drop");
  const deleted = rows.filter(({ act }) => act === "delete");
  const archived = rows.filter(({ act }) => act === "archive");
  const parts: string[] = [];
  if (archived.length > 0)
    parts.push(
      `${dryRun ? "would archive" : "archived"} ${countOf(archived.length, "segment")}, ${changesOf(archived)}`,
    );
  if (dropped.length > 0) {
    const bytes = bytesText(dropped.reduce((total, row) => total + row.bytes, 0));
    const verb = dryRun ? "would drop" : "dropped";
    parts.push(`${verb} ${countOf(dropped.length, "segment")}, ${changesOf(dropped)}, ${bytes}`);
  }
  if (deleted.length > 0) parts.push(`${dryRun ? "would delete" : "deleted"} ${changesOf(deleted)}`);
  return parts.join("; ") || "nothing to drop";
}

function changesOf(rows: readonly PrunePlanRow[]): string {
  return countOf(
    rows.reduce((total, row) => total + BigInt(row.changes), 0n),
    "change",
  );
}

/**
 * The same as a JSON document; `dry_run` says whether it was carried out, `complete` whether all was done that was due,
 * `horizons` of which tables less of the past can be rebuilt than before.
 */
export function prunePlanJson(
  rows: readonly PrunePlanRow[],
  {
    dryRun,
    complete,
    horizons,
  }: Pick<PrunePlanTextOptions, "dryRun"> & {
    readonly complete: boolean;
    readonly horizons: readonly HorizonRise[];
  },
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
    { dry_run: dryRun, complete, horizons },
  );
}
