import type { Sql } from "../connection/connect.ts";

/**
 * The rows of a query in batches, by a cursor of SQL: beside the driver's own nobody else may ask the server anything. Two
 * that are open at a time need different names.
 */
export async function* streamCursor<T extends object>(
  sql: Sql,
  name: string,
  query: ReturnType<Sql>,
  batch: number,
): AsyncGenerator<readonly T[], void, undefined> {
  await sql`declare ${sql.unsafe(name)} no scroll cursor for ${query}`;
  for (;;) {
    const rows = await sql<T[]>`fetch ${sql.unsafe(String(batch))} from ${sql.unsafe(name)}`;
    yield rows;
    if (rows.length < batch) break;
  }
  await sql`close ${sql.unsafe(name)}`;
}
