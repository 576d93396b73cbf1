import type { TestSql } from "./client.ts";
import type { TableShape } from "./tableShape.ts";

/** Values by column, as the server prints them. */
export type Row = ReadonlyMap<string, string | null>;

/** A row by its key. */
export interface RowPlace {
  readonly shape: TableShape;
  readonly key: readonly string[];
}

/** A value for SQL, of whatever type its place has. */
export function literal(text: string | null): string {
  return text === null ? "null" : `'${text.replaceAll("'", "''")}'`;
}

/** The condition that holds for this row alone. */
export function rowWhere({ shape, key }: RowPlace): string {
  return shape.key.map((name, index) => `${name} = ${literal(key[index] ?? null)}`).join(" and ");
}

/** The values of a row; undefined where there is none under the key. */
export async function readRow(sql: Pick<TestSql, "unsafe">, place: RowPlace): Promise<Row | undefined> {
  const { columns, name } = place.shape;
  const texts = columns.map((column) => `${column.name}::text`);
  const [row] = await sql.unsafe(`select ${texts.join(", ")} from ${name} where ${rowWhere(place)}`).values();
  return row && new Map(columns.map((column, index) => [column.name, row[index] as string | null]));
}

/** All rows of every table as one text each, those left out that are named. */
export async function digestTables(
  sql: Pick<TestSql, "unsafe">,
  shapes: readonly TableShape[],
  except: readonly RowPlace[] = [],
): Promise<Record<string, string>> {
  const parts = shapes.map((shape) => {
    const left = except.filter((place) => place.shape.name === shape.name);
    const where = left.map((place) => `(${rowWhere(place)})`).join(" or ") || "false";
    return `select ${literal(shape.name)} as name, count(*) || ' ' || coalesce(md5(string_agg(r::text, E'\\n' order by r::text)), '') as digest
      from ${shape.name} as r where not (${where})`;
  });
  const rows = await sql.unsafe<{ name: string; digest: string }[]>(parts.join(" union all "));
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}
