import { addCounts, type DifferenceCounts, noDifferences, type TableCounts } from "../core/diffCounts.ts";
import { displayWidth, safeText } from "../core/safe.ts";
import type { Column, Look, Row } from "./columns.ts";
import { countOf, countText } from "./duration.ts";
import { tableLabel } from "./name.ts";

/** What a bar gets at most, and where no terminal gives a width. */
const longestBar = 40;
const shortestBar = 5;

/** Column names line up to this width. */
const namesUpTo = 30;

/**
 * What differs in one table: a line for its rows, and below it one per column with how many rows changed it and a bar,
 * which tells the parts of `most` where it cannot be one mark per row.
 */
export function statText({ schema, table, rows, columns }: TableCounts, look: Look): string {
  const { style, width } = look;
  const sorted = [...columns].sort(
    ([one, rowsOfOne], [other, rowsOfOther]) => rowsOfOther - rowsOfOne || (one < other ? -1 : 1),
  );
  const most = sorted[0]?.[1] ?? 0;
  const names = sorted.map(([name]) => safeText(name, namesUpTo));
  const widest = Math.max(0, ...names.map((name) => displayWidth(name)));
  const digits = countText(most).length;
  const room = Math.min(
    longestBar,
    (width ?? Number.POSITIVE_INFINITY) - widest - digits - " |  ".length - 2,
  );
  const longest = Math.max(shortestBar, room);
  const lines = sorted.map(([, count], index) => {
    const name = names[index] ?? "";
    const bar = "~".repeat(most <= longest ? count : Math.max(1, Math.round((count / most) * longest)));
    const padding = " ".repeat(widest - displayWidth(name));
    return `  ${style.cyan(name)}${padding} | ${countText(count).padStart(digits)} ${style.yellow(bar)}\n`;
  });
  return `${style.bold(tableLabel(schema, table))}  ${countsText(rows, look)}\n${lines.join("")}`;
}

/** `3 inserted, 1 deleted, 12 changed`, without what there is none of. */
function countsText({ inserted, deleted, changed }: DifferenceCounts, { style }: Look): string {
  const parts = [
    inserted > 0 ? style.green(`${countText(inserted)} inserted`) : "",
    deleted > 0 ? style.red(`${countText(deleted)} deleted`) : "",
    changed > 0 ? style.yellow(`${countText(changed)} changed`) : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** One line per table, and one for all of them. */
export function summaryText(tables: readonly TableCounts[], look: Look): string {
  if (tables.length === 0) return "";
  const names = tables.map(({ schema, table }) => tableLabel(schema, table));
  const total = tables.map(({ rows }) => rows).reduce(addCounts, noDifferences);
  const last = countOf(tables.length, "table");
  const widest = Math.max(...[...names, last].map((name) => displayWidth(name)));
  const line = (name: string, rows: DifferenceCounts) =>
    `${name}${" ".repeat(widest - displayWidth(name))}  ${countsText(rows, look)}\n`;
  return tables.map(({ rows }, index) => line(names[index] ?? "", rows)).join("") + line(last, total);
}

/** A table's counts as JSON answers show them. */
export function statJson({ schema, table, rows, columns }: TableCounts) {
  return {
    schema,
    table,
    ...rows,
    columns: [...columns].map(([name, changed]) => ({ name, changed })),
  };
}

/** A table's counts as JSON answers to --summary show them. */
export function summaryJson({ schema, table, rows }: TableCounts) {
  return { schema, table, ...rows };
}

export const statColumns: readonly Column[] = [
  { title: "schema" },
  { title: "table" },
  { title: "inserted", align: "right" },
  { title: "deleted", align: "right" },
  { title: "changed", align: "right" },
];

/** A table's counts as a row of statColumns. */
export function statRow({ schema, table, rows }: TableCounts): Row {
  return [schema, table, String(rows.inserted), String(rows.deleted), String(rows.changed)];
}
