import { tableLabel } from "../core/name.ts";
import type { Look } from "./columns.ts";
import { jsonDocument } from "./json.ts";
import { tableText } from "./table.ts";

/** What enable or disable did with one table, or why it did not. */
export interface EnabledRow {
  readonly schema: string;
  readonly table: string;
  readonly did: "enabled" | "changed" | "unchanged" | "disabled" | "skipped" | "failed";
  readonly detail: string;
}

/** One line per table, then the counts. */
export async function enabledText(rows: readonly EnabledRow[], look: Look): Promise<string> {
  const { style } = look;
  const paints = {
    enabled: style.green,
    changed: style.green,
    disabled: style.green,
    unchanged: style.dim,
    skipped: style.yellow,
    failed: style.red,
  };
  const cells = rows.map(({ schema, table, did, detail }) => [
    tableLabel({ schema, table }),
    { text: did, paint: paints[did] },
    detail,
  ]);
  const columns = [
    { title: "table", fixed: true },
    { title: "done", fixed: true },
    { title: "how", fixed: true },
  ];
  const table = rows.length === 0 ? "" : await tableText(columns, cells, look);
  return `${table}${countsText(rows)}\n`;
}

/** The same as a document. */
export function enabledJson(rows: readonly EnabledRow[]): string {
  return jsonDocument(rows.map(({ schema, table, did, detail }) => ({ schema, table, did, detail })));
}

function countsText(rows: readonly EnabledRow[]): string {
  if (rows.length === 0) return "There is no table to audit.";
  const counts = new Map<string, number>();
  for (const { did } of rows) counts.set(did, (counts.get(did) ?? 0) + 1);
  return [...counts].map(([did, count]) => `${count} ${did}`).join(", ");
}
