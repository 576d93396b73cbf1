import { archivedColumns } from "../archive/change.ts";
import { type CopiedRow, createCopyReader } from "../core/copyText.ts";
import type { AuditDatabase } from "./installation.ts";

/** A batch holds at least so many changes, or as many as take so many bytes. */
const BATCH_ROWS = 1_000;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * All changes of a segment in the order in which archives hold them (table, month in UTC, key, id), each as the texts of
 * archivedColumns, in batches. It needs a transaction of its own. Whoever stops early waits for the server to come to its
 * end: the link cannot be used for anything else before.
 */
export async function* copySegment(
  { sql, object }: AuditDatabase,
  segment: number,
): AsyncGenerator<readonly CopiedRow[], void, undefined> {
  const columns = sql.unsafe(archivedColumns.map((name) => `change.${name}`).join(", "));
  const stream = await sql`
    copy (
      select ${columns}
      from ${object("change")} as change
      where change.segment = ${sql.unsafe(String(segment))}
      order by
        change.relation, date_trunc('month', change.at at time zone 'UTC'),
        change.key collate "C" nulls first, change.id
    ) to stdout`.readable();
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const reader = createCopyReader(archivedColumns.length);
  let done = false;
  try {
    let rows: CopiedRow[] = [];
    let bytes = 0;
    for (;;) {
      const piece = await pieces.next();
      if (piece.done) break;
      bytes += piece.value.length;
      for (const row of reader.push(piece.value)) rows.push(row);
      if (rows.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      if (rows.length > 0) yield rows;
      rows = [];
      bytes = 0;
    }
    done = true;
    reader.end();
    if (rows.length > 0) yield rows;
  } finally {
    // A stream that nobody reads would leave the server waiting, and with it the end of the transaction.
    while (!done) done = (await pieces.next()).done ?? false;
    // The driver pauses its socket while the stream is full and lets it go on when more is asked for, which nobody does
    // after the end: the next answer would never be read.
    stream._read(0);
  }
}
