import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import {
  type ChangeRow,
  changeColumns,
  type PlacedChange,
  type TableChange,
  toChange,
} from "./changeRows.ts";
import { streamCursor } from "./cursor.ts";
import type { AuditDatabase } from "./installation.ts";
import { inRowOrder, streamInRowOrder } from "./rowOrder.ts";
import type { FoundTransaction } from "./transaction.ts";
import { type Names, nameOf } from "./transactions.ts";

/** How many changes travel at once: memory does not grow with the transaction. */
const BATCH = 500;

interface Row extends ChangeRow {
  readonly relation: number;
}

/**
 * The changes of a transaction over all tables, in the order of their effects as far as streamInRowOrder promises; `newest`
 * narrows to the newest so many.
 */
export function streamTransactionChanges(
  audit: AuditDatabase,
  names: Names,
  found: FoundTransaction,
  filter: ChangeFilter,
  newest: number | undefined,
): AsyncGenerator<TableChange[], void, undefined> {
  return streamInRowOrder(audit, readBatches(audit, names, found, filter, newest), { newestFirst: false });
}

async function* readBatches(
  audit: AuditDatabase,
  names: Names,
  found: FoundTransaction,
  filter: ChangeFilter,
  newest: number | undefined,
): AsyncGenerator<PlacedChange[], void, undefined> {
  const { sql, object } = audit;
  const query: ReturnType<typeof sql> = sql`
    select ${changeColumns(audit)}, change.relation
    from (
      select change.*
      from ${object("change")} as change
      where ${withinTransaction(audit, found)} ${filterCondition(audit, filter)}
      order by change.id ${newest === undefined ? sql`` : sql`desc limit ${newest}`}
    ) as change
    order by change.id`;
  for await (const rows of streamCursor<Row>(sql, "changes_of_transaction", query, BATCH))
    yield rows.map((row) => toPlacedChange(row, names));
}

/** One change; undefined where there is none. */
export async function findChange(
  audit: AuditDatabase,
  names: Names,
  id: string,
): Promise<TableChange | undefined> {
  const [row] = await audit.sql<Row[]>`
    select ${changeColumns(audit)}, change.relation
    from ${audit.object("change")} as change
    where change.id = ${id}::bigint`;
  if (row === undefined) return undefined;
  const [change] = await inRowOrder(audit, [toPlacedChange(row, names)]);
  return change;
}

function toPlacedChange(row: Row, names: Names): PlacedChange {
  return toChange(row, { id: row.relation, ...nameOf(names, row.relation) });
}

/** Registry ids of the tables a transaction changed, in the order in which it came to them. */
export async function listTouched(audit: AuditDatabase, found: FoundTransaction): Promise<number[]> {
  const rows = await audit.sql<{ relation: number }[]>`
    select change.relation
    from ${audit.object("change")} as change
    where ${withinTransaction(audit, found)}
    group by change.relation
    order by min(change.id)`;
  return rows.map(({ relation }) => relation);
}

/** Which of its transaction's changes a change is, by their numbers: 1 for the first. */
export async function findPlace(audit: AuditDatabase, found: FoundTransaction, id: string): Promise<number> {
  const [row] = await audit.sql<{ place: string }[]>`
    select count(*)::text as place
    from ${audit.object("change")} as change
    where ${withinTransaction(audit, { ...found, lastId: id })}`;
  return Number(row?.place ?? 0);
}

/** The instants let the planner pass over segments. */
function withinTransaction(
  { sql }: AuditDatabase,
  { tx, firstId, lastId, firstAt, lastAt }: FoundTransaction,
) {
  return sql`
    change.xid = ${tx}::text::xid8
    and change.id between ${firstId}::bigint and ${lastId}::bigint
    and change.at between ${firstAt}::text::timestamptz and ${lastAt}::text::timestamptz`;
}
