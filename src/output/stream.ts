import {
  type Column,
  type Layout,
  type Look,
  layoutColumns,
  lineText,
  type Row,
  titleRow,
} from "./columns.ts";

/**
 * A table of any length, one chunk of text per batch, in constant memory and linear time. The first rows set
 * the columns' widths. An empty answer still has its header.
 */
export async function* streamTable(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  look: Look,
): AsyncGenerator<string, void, undefined> {
  let layout: Layout | undefined;
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    if (layout) {
      yield bodyText(columns, layout, rows, look);
    } else {
      layout = layoutColumns(columns, rows, look.width);
      yield tableLines(columns, layout, rows, look);
    }
  }
  if (!layout) yield tableLines(columns, layoutColumns(columns, [], look.width), [], look);
}

/** Header and rows in a given layout. */
export function tableLines(
  columns: readonly Column[],
  layout: Layout,
  rows: readonly Row[],
  look: Look,
): string {
  const header = lineText(columns, layout, titleRow(columns, look.style), look);
  return header + bodyText(columns, layout, rows, look);
}

function bodyText(columns: readonly Column[], layout: Layout, rows: readonly Row[], look: Look): string {
  return rows.map((row) => lineText(columns, layout, row, look)).join("");
}
