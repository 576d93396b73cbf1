import {
  type Column,
  fitCells,
  gap,
  type Look,
  layoutColumns,
  type Row,
  titleRow,
  trimLine,
} from "./columns.ts";
import { tableLines } from "./stream.ts";

/** cli-table3 is quadratic in rows: 1,000 take 0.2 s, 8,000 take 2.8 s. */
const shortTable = 500;

/**
 * A table of a few rows, fitted to the terminal. Long tables, and those that go to no terminal, take the
 * formatter of stream.ts; both look the same.
 */
export async function tableText(
  columns: readonly Column[],
  rows: readonly Row[],
  look: Look,
): Promise<string> {
  const layout = layoutColumns(columns, rows, look.width);
  if (look.width === undefined || rows.length > shortTable) return tableLines(columns, layout, rows, look);
  const { default: Table } = await import("cli-table3");
  const texts = (row: Row) => fitCells(columns, layout, row, look).map(({ painted }) => painted);
  const table = new Table({
    head: texts(titleRow(columns, look.style)),
    colAligns: columns.map(({ align }) => align ?? "left"),
    chars: borderless,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
  });
  table.push(...rows.map(texts));
  return table
    .toString()
    .split("\n")
    .map((line) => `${trimLine(line)}\n`)
    .join("");
}

const borderless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: gap,
};
