import { type ArchivedChange, archivedColumns } from "../archive/change.ts";
import type { Sql } from "../connection/connect.ts";

/** The types by which the server reads the columns' texts back. */
const types = [
  "bigint",
  "timestamptz",
  "xid8",
  "timestamptz",
  "integer",
  "integer",
  '"char"',
  "text",
  "text",
  "jsonb",
  "jsonb",
  "text",
  "text",
  "text",
  "text",
  "inet",
  "jsonb",
  "tid",
  "tid",
] as const satisfies readonly string[] & { readonly length: (typeof archivedColumns)["length"] };

/** A statement carries no more: its parameters are built in memory, here and in the server. */
const MOST_ROWS = 5000;

/**
 * Puts archived changes into a table that has the columns of the log (`table` is SQL). By arrays of texts and not by
 * COPY: the driver waits for ever where the server refuses what is copied.
 */
export async function insertChanges(
  sql: Sql,
  table: string,
  changes: readonly ArchivedChange[],
): Promise<void> {
  for (let first = 0; first < changes.length; first += MOST_ROWS) {
    const rows = changes.slice(first, first + MOST_ROWS);
    await sql.unsafe(
      statementFor(table),
      archivedColumns.map(
        (_, column) =>
          sql.array(
            rows.map((row) => row[column] ?? null),
            25,
          ) as never,
      ),
    );
  }
}

function statementFor(table: string): string {
  const names = archivedColumns.join(", ");
  const values = types.map((type, index) => `given.c${index}::${type}`).join(", ");
  const arrays = types.map((_, index) => `$${index + 1}::text[]`).join(", ");
  const columns = types.map((_, index) => `c${index}`).join(", ");
  return `insert into ${table} (${names}) select ${values} from unnest(${arrays}) as given (${columns})`;
}
