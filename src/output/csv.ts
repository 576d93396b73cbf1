import { safeText } from "../core/safe.ts";
import { type Cell, type Column, plainText, type Row } from "./columns.ts";
import { gatherBelow } from "./lines.ts";

/**
 * What some parser would take for something else when it stands bare. Besides what RFC 4180 names: the empty text,
 * blanks at the edge and a byte order mark, which are trimmed, and the end mark of PostgreSQL's COPY.
 */
const quoted = /["\r\n,]|^$|^\s|\s$|^\ufeff|^\\\.$/;

/**
 * An answer as CSV (RFC 4180): a header line, CRLF, quotes doubled. NULL is an empty field and the empty text `""`,
 * as COPY … (format csv) has it. Values come out of a parser exactly as they were, so what a spreadsheet would take
 * for a formula stays as it is; `onTerminal` writes out what a terminal would obey.
 */
export function streamCsv(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  { onTerminal }: { readonly onTerminal: boolean },
): AsyncGenerator<string, void, undefined> {
  const field = (cell: Cell) => fieldText(cell, onTerminal);
  const line = (row: Row) => `${row.map(field).join(",")}\r\n`;
  return gatherBelow(line(columns.map(({ title }) => title)), batches, line);
}

function fieldText(cell: Cell, onTerminal: boolean): string {
  const text = plainText(cell);
  if (text === null) return "";
  const shown = onTerminal ? safeText(text) : text;
  return quoted.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
