import type { TestSql } from "./client.ts";

/** Makes the text of a value the same in every session, and the same as the CLI prints. */
export const fixedSettings = [
  "set local timezone = 'UTC'",
  "set local datestyle = 'ISO, YMD'",
  "set local intervalstyle = 'postgres'",
  "set local bytea_output = 'hex'",
  "set local extra_float_digits = 1",
].join("; ");

/** Rows as text that only one of two queries returns (ten at most), marked by where they are. Empty when they agree. */
export async function differingRows(sql: TestSql, one: string, other: string): Promise<string[]> {
  const rows = await sql.begin(async (transaction) => {
    await transaction.unsafe(fixedSettings);
    return transaction.unsafe<{ line: string }[]>(
      `with one as (select r::text as line from (${one}) as r),
         other as (select r::text as line from (${other}) as r)
       (select 'only in the first: ' || line as line from (table one except all table other) as missing limit 5)
       union all
       (select 'only in the second: ' || line from (table other except all table one) as extra limit 5)`,
    );
  });
  return rows.map(({ line }) => line);
}

/** The types of a query's columns, as pg_typeof says, in order. */
export async function columnTypes(
  sql: TestSql,
  query: string,
  columns: readonly string[],
): Promise<string[]> {
  const [row] = await sql.unsafe<{ types: string[] }[]>(
    `select array[${columns.map((name) => `pg_typeof(r.${name})::text`).join(", ")}] as types
     from (values (1)) as one left join (${query}) as r on true limit 1`,
  );
  return row?.types ?? [];
}
