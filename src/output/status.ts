import { tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import type { Capture, Images, Kind, OnTruncate } from "../types.ts";
import type { Cell, Column, Look } from "./columns.ts";
import { ago, bytesText, countOf, countText } from "./duration.ts";
import { timeText } from "./instant.ts";
import { jsonDocument } from "./json.ts";
import type { Paint, Style } from "./style.ts";
import { fitsTerminal, remarkedTable } from "./table.ts";

/** What `audit status` knows of one table. Instants are ISO 8601. */
export interface StatusRow {
  readonly schema: string;
  readonly table: string;
  /** The registry's number: it outlives the table. */
  readonly relation: number;
  readonly since: string | null;
  readonly until: string | null;
  readonly state: "on" | "off" | "broken" | "dropped";
  /** generated: kept in step by event triggers. guarded: looks at each row whether it still fits. */
  readonly capture: Capture;
  /** statement: INSERT and DELETE are captured once per statement. row: all goes row by row. */
  readonly kind: Kind;
  readonly images: Images;
  readonly excluded: readonly string[];
  readonly redacted: readonly string[];
  /** Whether the triggers fire in replica role, too. */
  readonly always: boolean;
  /** Whether rows can be told apart; without a key there is neither row history nor past. */
  readonly keyed: boolean;
  readonly retention: string;
  readonly onTruncate: OnTruncate;
  /** An estimate. */
  readonly changes: number | bigint;
  readonly bytes: number;
  readonly lastChangeAt: string | null;
  /** As far back as at-time reaches. */
  readonly oldestInstant: string | null;
  /** What is wrong, in whole sentences. */
  readonly problems: readonly string[];
}

export interface StatusTextOptions extends Look {
  readonly now: Date;
  readonly zone: string;
}

/** One line per table, then what is wrong with them, then the totals. */
export async function statusText(rows: readonly StatusRow[], options: StatusTextOptions): Promise<string> {
  if (rows.length === 0) return "No table is audited yet. Start with: audit enable <table>\n";
  const wide = rows.map((row) => statusCells(row, options));
  const fits = fitsTerminal(statusColumns, wide, options.width);
  // The class is the column to do without: most tables are kept for ever, and the others' can be a note.
  const columns = fits ? statusColumns : statusColumns.slice(0, -1);
  const cells = fits ? wide : wide.map((row) => row.slice(0, -1));
  const notes = rows.map((row) =>
    fits || row.retention === defaultRetention
      ? notesOf(row, options)
      : [`retention ${row.retention}`, notesOf(row, options)].filter((note) => note !== "").join("; "),
  );
  const problems = rows.flatMap((row) =>
    row.problems.map((problem) => `${options.style.red(labelOf(row))}: ${safeText(problem)}\n`),
  );
  const table = await remarkedTable(columns, cells, { title: "notes", texts: notes }, options);
  return [table, problems.join(""), `${totals(rows)}\n`].filter((part) => part !== "").join("\n");
}

const namedColumns = 3;

/** The class of tables that were given none. */
const defaultRetention = "forever";

const statusColumns: readonly Column[] = [
  { title: "table", fixed: true },
  { title: "state", fixed: true },
  { title: "since", fixed: true },
  { title: "changes", align: "right" },
  { title: "size", align: "right" },
  { title: "last change", fixed: true },
  { title: "retention", fixed: true },
];

function statusCells(row: StatusRow, { now, style, width, zone }: StatusTextOptions): Cell[] {
  const onTerminal = width !== undefined && row.lastChangeAt !== null;
  return [
    labelOf(row),
    { text: row.state, paint: statePaint(row.state, style) },
    timeText(row.since, zone, width),
    `~${countText(row.changes)}`,
    bytesText(row.bytes),
    onTerminal ? ago(new Date(row.lastChangeAt), now) : timeText(row.lastChangeAt, zone, width),
    row.retention,
  ];
}

function statePaint(state: StatusRow["state"], style: Style): Paint {
  if (state === "on") return style.green;
  return state === "broken" ? style.red : style.dim;
}

/** A dropped table's name may be taken anew, so it goes by its number as well. */
function labelOf({ schema, table, relation, state }: StatusRow): string {
  const label = tableLabel({ schema, table });
  return state === "dropped" ? `${label} (relation:${relation})` : label;
}

/** Whatever is not as by default. */
function notesOf(row: StatusRow, { zone, width }: StatusTextOptions): string {
  const notes: string[] = [];
  if (row.until !== null) notes.push(`until ${timeText(row.until, zone, width)}`);
  if (row.oldestInstant !== null && row.oldestInstant !== row.since) {
    notes.push(`reaches back to ${timeText(row.oldestInstant, zone, width)}`);
  }
  if (row.excluded.length > 0) notes.push(`without ${excludedText(row.excluded, width)}`);
  if (row.redacted.length > 0) notes.push(`redacted ${excludedText(row.redacted, width)}`);
  if (!row.keyed) notes.push("no key");
  if (row.images !== "changes") notes.push(`images: ${row.images}`);
  if (row.always) notes.push("always");
  if (row.onTruncate !== "capture") notes.push(`truncate: ${row.onTruncate}`);
  if (row.capture === "guarded") notes.push("guarded");
  return notes.join("; ");
}

/** On a terminal a long list is only counted; elsewhere nothing is left out. */
function excludedText(excluded: readonly string[], width: number | undefined): string {
  const tooMany = width !== undefined && excluded.length > namedColumns;
  return tooMany ? countOf(excluded.length, "column") : excluded.join(", ");
}

function totals(rows: readonly StatusRow[]): string {
  const states = (["on", "broken", "off", "dropped"] as const).flatMap((state) => {
    const count = rows.filter((row) => row.state === state).length;
    return count === 0 ? [] : [`${countText(count)} ${state}`];
  });
  const changes = rows.reduce((total, row) => total + BigInt(row.changes), 0n);
  const bytes = rows.reduce((total, row) => total + row.bytes, 0);
  return `${countOf(rows.length, "table")}: ${states.join(", ")}; ~${countOf(changes, "change")}, ${bytesText(bytes)}`;
}

/** The same as a JSON document. */
export function statusJson(rows: readonly StatusRow[]): string {
  return jsonDocument(
    rows.map((row) => ({
      schema: row.schema,
      table: row.table,
      relation: row.relation,
      state: row.state,
      since: row.since,
      until: row.until,
      oldest_instant: row.oldestInstant,
      last_change_at: row.lastChangeAt,
      changes_estimate: String(row.changes),
      bytes: row.bytes,
      retention: row.retention,
      capture: row.capture,
      kind: row.kind,
      images: row.images,
      excluded: row.excluded,
      redacted: row.redacted,
      always: row.always,
      keyed: row.keyed,
      on_truncate: row.onTruncate,
      problems: row.problems,
    })),
  );
}
