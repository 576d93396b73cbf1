import { safeText } from "../core/safe.ts";
import {
  type Column,
  fitCells,
  gap,
  isBounded,
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
  if (!isBounded(look.width) || rows.length > shortTable) return tableLines(columns, layout, rows, look);
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

/**
 * A table with a remark at the end of each line, such as a reason, which is never cut. Where a terminal is too
 * narrow for that, each remark goes below its line. Empty remarks take no room.
 */
export async function remarkedTable(
  columns: readonly Column[],
  rows: readonly Row[],
  remarks: { readonly title: string; readonly texts: readonly string[] },
  look: Look,
): Promise<string> {
  const { title, texts } = remarks;
  if (texts.every((text) => text === "")) return tableText(columns, rows, look);
  const aside = [...columns, { title, fixed: true }];
  const asideRows = rows.map((row, index) => [...row, texts[index] ?? ""]);
  if (fitsTerminal(aside, asideRows, look.width)) return tableText(aside, asideRows, look);
  const [header, ...lines] = (await tableText(columns, rows, look)).split("\n");
  return [
    header,
    ...rows.flatMap((_, index) => {
      const text = safeText(texts[index] ?? "");
      return [lines[index] ?? "", ...(text === "" ? [] : [`    ${text}`])];
    }),
    "",
  ].join("\n");
}

/** Whether a table's lines stay within the terminal; without one nothing is too wide. */
export function fitsTerminal(
  columns: readonly Column[],
  rows: readonly Row[],
  width: number | undefined,
): boolean {
  if (!isBounded(width)) return true;
  const { widths } = layoutColumns(columns, rows, width);
  return widths.reduce((total, one) => total + one, 0) + gap.length * (columns.length - 1) <= width;
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
