import type { Value } from "../types.ts";
import type { PatchColumn, PatchTable } from "./patch.ts";
import { sqlLiteral, sqlName, sqlType } from "./sqlText.ts";

/**
 * How keys are compared: plainly, for people; or by the server's own operators alone, for statements that run under a path
 * where others may have put operators of theirs.
 */
export type Spelling = "plain" | "qualified";

/** So many rows at most in one statement that could have any number of them. */
export const ROWS_AT_ONCE = 5000;

export const qualifiedEquals = "operator(pg_catalog.=)";

/** A condition that is true of the row with this key. */
export function keyMatch(table: PatchTable, key: string | null, spelling: Spelling): string {
  const literals = keyLiterals(table, key);
  return table.key
    .map((name, index) => `${sqlName(name)} ${equals(spelling)} ${literals[index]}`)
    .join(" and ");
}

/** A condition that joins a row to the one that has its key under another name. */
export function keyJoin(table: PatchTable, one: string, other: string, spelling: Spelling): string {
  return table.key
    .map(sqlName)
    .map((name) => `${one}.${name} ${equals(spelling)} ${other}.${name}`)
    .join(" and ");
}

function equals(spelling: Spelling): string {
  return spelling === "plain" ? "=" : qualifiedEquals;
}

export function keyLiterals(table: PatchTable, key: string | null): string[] {
  return keyValues(table, key).map((value, index) => {
    const column = table.columns.find(({ name }) => name === table.key[index]);
    return column ? typed(value, column) : sqlLiteral(value);
  });
}

export function keyValues(table: PatchTable, key: string | null): string[] {
  return table.key.length === 1 ? [key ?? ""] : (JSON.parse(key ?? "[]") as string[]);
}

export function typed(value: Value, { type }: Pick<PatchColumn, "type">): string {
  return value === null ? "null" : `${sqlLiteral(value)}::${sqlType(type)}`;
}

export function namesOf(columns: readonly Pick<PatchColumn, "name">[]): string {
  return columns.map(({ name }) => sqlName(name)).join(", ");
}

export function writable({ columns }: PatchTable): PatchColumn[] {
  return columns.filter(({ generated }) => !generated);
}

export function nameOf({ schema, table }: PatchTable): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}

/** Without the rows of tables that inherit from it. */
export function ownRows(table: PatchTable): string {
  return `${table.inherited ? "only " : ""}${nameOf(table)}`;
}

/** One item a line. */
export function listed(items: readonly string[], end = ""): string[] {
  return items.map((item, index) => `  ${item}${index === items.length - 1 ? end : ","}`);
}

/** The same in lists of no more than so many. */
export function inParts<T>(items: readonly T[], most = ROWS_AT_ONCE): T[][] {
  const parts: T[][] = [];
  for (let first = 0; first < items.length; first += most) parts.push(items.slice(first, first + most));
  return parts;
}
