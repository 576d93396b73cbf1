import type { TestSql } from "../helpers/client.ts";
import { type Ask, keyWords } from "./ask.ts";
import type { KnownMoment } from "./moments.ts";
import type { Random } from "./random.ts";
import type { Copy, TrueRow } from "./truth.ts";
import type { LiveTable } from "./world.ts";

/** What a command is asked about. */
export interface Place {
  readonly ask: Ask;
  readonly sql: TestSql;
  readonly known: readonly KnownMoment[];
  readonly table: LiveTable;
  readonly random: Random;
}

/** The key of a row as one text. */
export function keyOf(table: LiveTable, row: TrueRow): string {
  return JSON.stringify(table.key.map((attnum) => row.get(attnum)));
}

/** The same from what a command calls a key. */
export function printedKey(table: LiveTable, key: string): string {
  return table.key.length === 1 ? JSON.stringify([key]) : JSON.stringify(JSON.parse(key));
}

/** A key that was there at some boundary, as arguments. */
export function someKey({ known, random, table }: Place): { key: string; words: string[] } | undefined {
  const row = random.pick(known).state.get(table.oid)?.rows[0];
  const rows = random.pick(known).state.get(table.oid)?.rows ?? [];
  const chosen = rows.length > 0 ? random.pick(rows) : row;
  if (chosen === undefined) return undefined;
  return { key: keyOf(table, chosen), words: keyWords(table, chosen) };
}

/** The rows that a copy has of a table, by their keys. */
export function rowsByKey(copy: Copy, table: LiveTable): Map<string, TrueRow> {
  return new Map((copy.get(table.oid)?.rows ?? []).map((row) => [keyOf(table, row), row]));
}
