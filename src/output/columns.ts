import { displayWidth, safeText } from "../core/safe.ts";
import type { Paint, Style } from "./style.ts";

/** How tables and views are dressed. */
export interface Look {
  readonly style: Style;
  /**
   * Cells of a line on the terminal. Infinity: on a terminal, but nothing is truncated. Undefined: no terminal,
   * so nothing is truncated and there are no relative times.
   */
  readonly width: number | undefined;
}

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Never truncated. Right-aligned columns are fixed anyway: half a number is a wrong number. */
  readonly fixed?: boolean;
}

/** Raw text (escaped on its way out), NULL, or text with its colour. */
export type Cell = string | null | { readonly text: string; readonly paint: Paint };

export type Row = readonly Cell[];

/** Widths of the columns, and the cells left free at the end of a line. */
export interface Layout {
  readonly widths: readonly number[];
  readonly spare: number;
}

/** Between two columns. */
export const gap = "  ";

/** Without a bound cells are padded up to this width; longer ones stick out rather than blow up every line. */
const paddedUpTo = 60;

/** What every shrinking column keeps. */
const narrowest = 6;

/** Widths that hold the titles and the given rows, shrunk to the terminal: the widest column gives first. */
export function layoutColumns(
  columns: readonly Column[],
  rows: readonly Row[],
  width: number | undefined,
): Layout {
  const bound = isBounded(width) ? width : paddedUpTo;
  const widths = columns.map((column, index) => {
    let widest = displayWidth(safeText(column.title));
    for (const row of rows) {
      const text = safeText(cellText(row[index] ?? null), bound);
      widest = Math.max(widest, displayWidth(text));
    }
    return widest;
  });
  if (!isBounded(width)) return { widths, spare: 0 };
  const room = width - gap.length * (columns.length - 1);
  const shrinking = columns.flatMap((column, index) => (isFixed(column) ? [] : [index]));
  let excess = sum(widths) - room;
  while (excess > 0) {
    const widest = Math.max(...shrinking.map((index) => widths[index] ?? 0));
    if (widest <= narrowest) break;
    for (const index of shrinking) {
      if (excess === 0) break;
      if (widths[index] !== widest) continue;
      widths[index] = widest - 1;
      excess--;
    }
  }
  return { widths, spare: Math.max(0, room - sum(widths)) };
}

/** Whether lines end at a terminal's edge. */
export function isBounded(width: number | undefined): width is number {
  return width !== undefined && width !== Number.POSITIVE_INFINITY;
}

/** A cell ready for its place: what is shown, how wide that is, and the same painted. */
export interface FittedCell {
  readonly width: number;
  readonly painted: string;
}

/**
 * The cells of one line: escaped, truncated to their columns on a terminal, painted, not padded. A cell wider
 * than its column may use what is free at the end of the line, since the layout may have seen other rows.
 */
export function fitCells(columns: readonly Column[], layout: Layout, row: Row, look: Look): FittedCell[] {
  let spare = layout.spare;
  return columns.map((column, index) => {
    const cell = row[index] ?? null;
    const columnWidth = layout.widths[index] ?? 0;
    const limit = !isBounded(look.width) || isFixed(column) ? undefined : columnWidth + spare;
    const text = safeText(cellText(cell), limit);
    const width = displayWidth(text, columnWidth + spare);
    spare -= Math.min(spare, Math.max(0, width - columnWidth));
    return { width, painted: paintOf(cell, look.style)(text) };
  });
}

/** One line of a table, with its newline and without trailing blanks. */
export function lineText(columns: readonly Column[], layout: Layout, row: Row, look: Look): string {
  const cells = fitCells(columns, layout, row, look);
  const padded = cells.map(({ width, painted }, index) => {
    const padding = " ".repeat(Math.max(0, (layout.widths[index] ?? 0) - width));
    return columns[index]?.align === "right" ? padding + painted : painted + padding;
  });
  return `${trimLine(padded.join(gap))}\n`;
}

/** The titles as a row. */
export function titleRow(columns: readonly Column[], style: Style): Row {
  return columns.map(({ title }) => ({ text: title, paint: style.bold }));
}

/** Without blanks at the end; a loop, because the regular expression for it is quadratic. */
export function trimLine(line: string): string {
  let end = line.length;
  while (line[end - 1] === " ") end--;
  return line.slice(0, end);
}

/** What a cell holds, without its colour. */
export function plainText(cell: Cell): string | null {
  return cell === null || typeof cell === "string" ? cell : cell.text;
}

function cellText(cell: Cell): string {
  return plainText(cell) ?? "null";
}

function paintOf(cell: Cell, style: Style): Paint {
  if (cell === null) return style.dim;
  return typeof cell === "string" ? (text) => text : cell.paint;
}

function isFixed(column: Column): boolean {
  return column.fixed ?? column.align === "right";
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
