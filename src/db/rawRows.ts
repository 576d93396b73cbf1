import type { Sql } from "../connection/connect.ts";
import type { Value } from "../types.ts";

const BATCH = 500;

/** Written as true and false, like in images. */
const BOOLEAN = 16;

/** The rows of a query as the server's own text, in batches: no parser of the driver may touch what people stored. */
export async function* streamRows(
  sql: Sql,
  statement: string,
): AsyncGenerator<(readonly Value[])[], void, undefined> {
  let types: readonly number[] = [];
  for await (const rows of sql.unsafe(statement).raw().cursor(BATCH)) {
    // The driver names the columns with the first batch only.
    const { columns } = rows as unknown as { columns: readonly { type: number }[] | null };
    if (columns) types = columns.map(({ type }) => type);
    yield (rows as unknown as (Buffer | null)[][]).map((row) =>
      row.map((value, index) => toValue(value, types[index] ?? 0)),
    );
  }
}

function toValue(raw: Buffer | null, type: number): Value {
  if (raw === null) return null;
  const text = raw.toString("utf8");
  return type === BOOLEAN ? (text === "t" ? "true" : "false") : text;
}
