import { safeText } from "../core/safe.ts";
import { type Cell, type Column, plainText, type Row } from "./columns.ts";
import { gatherBelow } from "./lines.ts";

/** What would end a cell or begin markup: code, emphasis, links and images, strike-through, formulas, headings. */
const markup = /[\\`*_[\]~|$#!]/g;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** No value looks like this, since their own asterisks are escaped. */
const nullText = "*null*";

/**
 * An answer as a table of GitHub's Markdown. No cell can break the table or bring markup of its own; what a
 * terminal would obey, line ends among it, is written out.
 */
export function streamMarkdown(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): AsyncGenerator<string, void, undefined> {
  const titles = lineOf(columns.map(({ title }) => cellText(title)));
  const rule = lineOf(columns.map(({ align }) => (align === "right" ? "--:" : "---")));
  return gatherBelow(titles + rule, batches, (row) => lineOf(row.map(cellText)));
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

function cellText(cell: Cell): string {
  const text = plainText(cell);
  if (text === null) return nullText;
  return safeText(text)
    .replace(markup, "\\$&")
    .replace(/[&<>]/g, (mark) => entities[mark] ?? mark);
}
