import type { TestSql } from "../helpers/client.ts";
import { columnSql, type LiveTable, qualifiedName, type World } from "./world.ts";

/** One row: the server's text of each value by attribute number; null is NULL. */
export type TrueRow = ReadonlyMap<number, string | null>;

/** A table as it truly was, with the types its columns had. */
export interface TrueTable {
  readonly types: ReadonlyMap<number, string>;
  readonly rows: readonly TrueRow[];
}

/** All tables of a history by oid. */
export type Copy = ReadonlyMap<number, TrueTable>;

/** Settings under which any two values that differ have different texts. */
export const exactSettings = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set bytea_output = 'hex';
  set extra_float_digits = 1; set intervalstyle = 'postgres'; set lc_monetary = 'C'; set lock_timeout = '30ms'`;

/** Copies all tables in one snapshot. */
export async function copyTables(sql: TestSql, world: World): Promise<Copy> {
  const rows = await sql.unsafe<{ oid: number; cells: string }[]>(
    world.tables
      .map(
        (table) =>
          `select ${table.oid}::oid as oid, ${cellsOf(table)} as cells from ${qualifiedName(world, table)} as r`,
      )
      .join(" union all "),
  );
  return new Map(
    world.tables.map((table) => [
      table.oid,
      {
        types: new Map(table.columns.map(({ attnum, type }) => [attnum, type])),
        rows: rows.filter(({ oid }) => oid === table.oid).map(({ cells }) => toRow(table, cells)),
      },
    ]),
  );
}

/**
 * The same where others may hold locks: a table that cannot be read is as it was in `former`, the copy made after the
 * last commit, because nobody who has written to it since can have committed beside such a lock.
 */
export async function copyCommitted(sql: TestSql, world: World, former: Copy): Promise<Copy> {
  try {
    return await copyTables(sql, world);
  } catch (error) {
    if (!isLocked(error)) throw error;
  }
  const tables: [number, TrueTable][] = [];
  for (const table of world.tables) {
    try {
      tables.push(...(await copyTables(sql, { ...world, tables: [table] })));
    } catch (error) {
      const there = former.get(table.oid);
      if (!isLocked(error) || there === undefined) throw error;
      tables.push([table.oid, there]);
    }
  }
  return new Map(tables);
}

function isLocked(error: unknown): boolean {
  return (error as { code?: string }).code === "55P03";
}

/** SQL for the texts of a row, in the order of the table's columns, as JSON. */
export function cellsOf(table: LiveTable, alias = "r"): string {
  const cells = table.columns.map((column) => {
    const value = `${alias}.${columnSql(column)}`;
    if (column.type === "boolean") return `${value}::text`;
    return `case when num_nulls(${value}) = 0 then format('%s', ${value}) end`;
  });
  // Not as an array: the driver reads its NULLs as the text NULL.
  return `to_json(array[${cells.join(", ")}]::text[])::text`;
}

/** What cellsOf gave, as a row. */
export function toRow(table: LiveTable, cells: string): TrueRow {
  const texts = JSON.parse(cells) as (string | null)[];
  return new Map(table.columns.map(({ attnum }, index) => [attnum, texts[index] ?? null]));
}

/** A row's columns of those given, as text that is the same for the same values only. */
export function rowText(row: TrueRow, attnums: readonly number[]): string {
  return JSON.stringify(attnums.map((attnum) => row.get(attnum) ?? null));
}

/** What is missing from and what is too much in the second list, each row as often as it is. */
export function differenceOf(
  expected: readonly string[],
  actual: readonly string[],
): { missing: string[]; surplus: string[] } {
  const left = [...actual];
  const missing = expected.filter((text) => {
    const place = left.indexOf(text);
    if (place < 0) return true;
    left.splice(place, 1);
    return false;
  });
  return { missing, surplus: left };
}
