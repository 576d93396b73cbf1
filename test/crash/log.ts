import type { TestSql } from "../helpers/client.ts";
import { type Entry, keyOf } from "./entry.ts";
import type { Row } from "./pgoutput.ts";
import { tableOf } from "./tables.ts";
import { deleted, inserted } from "./truth.ts";

/** A recorded change. */
export interface LogChange extends Entry {
  readonly id: string;
  readonly token: string | null;
  readonly actor: string | null;
}

interface LogRow {
  readonly id: string;
  readonly xid: string;
  readonly table: string;
  readonly op: Entry["op"];
  readonly key: string;
  readonly old_key: string | null;
  readonly old: string | null;
  readonly new: string | null;
  readonly token: string | null;
  readonly actor: string | null;
}

/** The whole log, by id, as it is recorded. */
export async function readLog(sql: TestSql): Promise<LogChange[]> {
  const changes: LogChange[] = [];
  const rows = sql<LogRow[]>`
    select id::text as id, xid::text as xid, table_name as table, op, key, old_key, old, new,
      context ->> 'token' as token, actor
    from audit.history
    -- A key change stands there twice: this is the row of its arrival.
    where key is distinct from old_key
    order by history.id`;
  for await (const batch of rows.cursor(5_000)) changes.push(...batch.map(toChange));
  return changes;
}

function toChange({ old_key, old, new: after, ...row }: LogRow): LogChange {
  return {
    ...row,
    key: sameText(row.table, row.key),
    oldKey: old_key === null ? null : sameText(row.table, old_key),
    old: old === null ? null : (JSON.parse(old) as Row),
    new: after === null ? null : (JSON.parse(after) as Row),
  };
}

/** A key of several columns is a JSON array: spaces in it do not matter. */
function sameText(table: string, key: string): string {
  return tableOf(table).key.length === 1 ? key : JSON.stringify(JSON.parse(key));
}

/**
 * A key change of a partitioned table may have been a move between partitions, which is a delete and an insert to
 * the server: it counts as both.
 */
export function comparable(changes: readonly LogChange[]): Entry[] {
  return changes.flatMap((change): Entry[] => {
    const table = tableOf(change.table);
    if (!table.partitioned || change.op !== "U" || change.oldKey === null) return [change];
    const before = change.old ?? {};
    const after = { ...before, ...change.new };
    const [gone, come] = [deleted(table, change.xid, before), inserted(table, change.xid, after)];
    // The keys as they were recorded, which the images have to bear out.
    const isTrue = keyOf(table, before) === change.oldKey && keyOf(table, after) === change.key;
    return isTrue ? [gone, come] : [change];
  });
}
