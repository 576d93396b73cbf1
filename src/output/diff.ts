import type { DifferenceCounts } from "../core/diffCounts.ts";
import { displayWidth, safeText, truncateTo } from "../core/safe.ts";
import type { Change, Image, RowDifference, Value, Withheld } from "../types.ts";
import type { Cell, Column, Look, Row } from "./columns.ts";
import { countText } from "./duration.ts";
import { changedTexts, columnValue, sameValue, valueText } from "./value.ts";

const gap = "  ";

/** Beyond this width values of `<` and `>` no longer line up. */
const alignedUpTo = 40;

/** What a value gets however many columns share the line. */
const shortestValue = 20;

/**
 * One differing row: `+` with its values when inserted, `-` when deleted, and when changed `<` and `>` with the
 * old and new values of the changed columns, the rest only counted. The key comes first on every line.
 */
export function differenceText(difference: RowDifference, look: Look): string {
  const { style } = look;
  if (difference.kind === "inserted")
    return `${style.green(rowText("+", difference.key, difference.new, look))}\n`;
  if (difference.kind === "deleted")
    return `${style.red(rowText("-", difference.key, difference.old, look))}\n`;
  return changedText(difference, look);
}

function rowText(mark: string, key: string | null, image: Image, { width }: Look): string {
  const values = Object.entries(image).map(
    ([column, value]) => `${safeText(column)}=${valueText(value, width)}`,
  );
  const line = [key === null ? mark : `${mark} ${valueText(key)}`, ...values].join(gap);
  return width === undefined ? line : truncateTo(line, width);
}

function changedText(
  { key, oldKey, old, new: after }: RowDifference & { kind: "changed" },
  { style, width }: Look,
): string {
  const { columns, changed } = columnsOf({ old, new: after });
  const keys = {
    before: key === null ? "" : valueText(oldKey ?? key),
    now: key === null ? "" : valueText(key),
  };
  const widestKey = Math.max(displayWidth(keys.before), displayWidth(keys.now));
  const before = [key === null ? "<" : `< ${pad(keys.before, widestKey)}`];
  const now = [key === null ? ">" : `> ${pad(keys.now, widestKey)}`];
  const room = width === undefined ? undefined : width - widestKey - 2;
  for (const column of changed) {
    const name = safeText(column);
    const limit =
      room === undefined
        ? undefined
        : Math.max(shortestValue, Math.floor(room / changed.length) - displayWidth(name) - 1 - gap.length);
    const texts = sidesText(columnValue(old, column), columnValue(after, column), limit);
    const widest = Math.max(displayWidth(texts.before, alignedUpTo), displayWidth(texts.after, alignedUpTo));
    const padded = column === changed.at(-1) || widest > alignedUpTo ? 0 : widest;
    before.push(`${name}=${pad(texts.before, padded)}`);
    now.push(`${name}=${pad(texts.after, padded)}`);
  }
  const folded = columns.length - changed.length;
  const rest = folded === 0 ? "" : gap + style.dim(`(${folded} unchanged)`);
  return `${style.red(before.join(gap))}\n${style.green(now.join(gap))}${rest}\n`;
}

/** Which columns there are on either side, and which of them differ. */
function columnsOf({ old, new: after }: { readonly old: Image; readonly new: Image }) {
  const columns = [...new Set([...Object.keys(old), ...Object.keys(after)])];
  const changed = columns.filter(
    (column) => !sameValue(columnValue(old, column), columnValue(after, column)),
  );
  return { columns, changed };
}

/** Not kept, so not known (lean images). */
const unknown = "?";

type Side = Value | Withheld | undefined;

function sidesText(before: Side, after: Side, limit: number | undefined) {
  if (before === undefined || after === undefined)
    return { before: sideText(before, limit), after: sideText(after, limit) };
  return changedTexts(before, after, limit === undefined ? undefined : { before: limit, after: limit });
}

function sideText(value: Side, limit: number | undefined): string {
  return value === undefined ? unknown : valueText(value, limit);
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text, width)));
}

/** The last line: `3 inserted, 1 deleted, 2 changed`, or `no differences`. */
export function differenceSummary(counts: DifferenceCounts): string {
  const { inserted, deleted, changed } = counts;
  if (inserted + deleted + changed === 0) return "no differences\n";
  return `${countText(inserted)} inserted, ${countText(deleted)} deleted, ${countText(changed)} changed\n`;
}

/** A differing row and its table; with the change that made it, where every change is shown. */
export interface DifferenceItem {
  readonly schema: string;
  readonly table: string;
  readonly difference: RowDifference;
  readonly change?: Pick<Change, "id" | "tx" | "at"> | undefined;
}

/** A differing row as JSON answers show it; the side that does not exist is null. */
export function differenceJson({ schema, table, difference, change }: DifferenceItem) {
  return {
    kind: difference.kind,
    schema,
    table,
    key: difference.key,
    old_key: difference.kind === "changed" ? (difference.oldKey ?? null) : null,
    old: difference.kind === "inserted" ? null : difference.old,
    new: difference.kind === "deleted" ? null : difference.new,
    ...(change && { id: change.id, tx: change.tx, at: change.at }),
  };
}

/** One column of one differing row: what a line of a spreadsheet shows. */
export interface ColumnDifference extends Omit<DifferenceItem, "difference"> {
  readonly kind: RowDifference["kind"];
  readonly key: string | null;
  readonly column: string | null;
  readonly old: Cell;
  readonly new: Cell;
}

/** The columns of a spreadsheet of differences. */
export const columnDifferenceColumns: readonly Column[] = [
  ...["kind", "schema", "table", "key", "column", "old", "new"].map((title) => ({ title })),
];

/** A differing row column by column: those that changed, or all of a row that came or went. A row of which nothing is known has one line. */
export function columnDifferences(item: DifferenceItem): ColumnDifference[] {
  const { difference, ...place } = item;
  const { kind, key } = difference;
  const old = kind === "inserted" ? {} : difference.old;
  const after = kind === "deleted" ? {} : difference.new;
  const { columns, changed } = columnsOf({ old, new: after });
  const shown = kind === "changed" ? changed : columns;
  const line = { ...place, kind, key };
  if (shown.length === 0) return [{ ...line, column: null, old: null, new: null }];
  return shown.map((column) => ({
    ...line,
    column,
    old: kind === "inserted" ? null : cellOf(columnValue(old, column)),
    new: kind === "deleted" ? null : cellOf(columnValue(after, column)),
  }));
}

function cellOf(value: Side): Cell {
  if (value === undefined) return unknown;
  return value !== null && typeof value === "object" ? valueText(value) : value;
}

/** The same as a row of columnDifferenceColumns. */
export function columnDifferenceRow(item: ColumnDifference): Row {
  return [item.kind, item.schema, item.table, item.key, item.column, item.old, item.new];
}
