import type { Change } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import { type ChangeRow, changeColumns, type PlacedChange, toChange } from "./changeRows.ts";
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
): AsyncGenerator<Change[], void, undefined> {
  return streamInRowOrder(audit, readBatches(audit, names, found, filter, newest), { newestFirst: false });
}

/** A cursor of SQL, since others ask the server in between. */
async function* readBatches(
  audit: AuditDatabase,
  names: Names,
  found: FoundTransaction,
  filter: ChangeFilter,
  newest: number | undefined,
): AsyncGenerator<PlacedChange[], void, undefined> {
  const { sql, object } = audit;
  await sql`
    declare changes_of_transaction no scroll cursor for
    select ${changeColumns(audit)}, change.relation
    from (
      select change.*
      from ${object("change")} as change
      where ${withinTransaction(audit, found)} ${filterCondition(audit, filter)}
      order by change.id ${newest === undefined ? sql`` : sql`desc limit ${newest}`}
    ) as change
    order by change.id`;
  for (;;) {
    const rows = await sql<Row[]>`fetch ${sql.unsafe(String(BATCH))} from changes_of_transaction`;
    yield rows.map((row) => toChange(row, nameOf(names, row.relation)));
    if (rows.length < BATCH) break;
  }
  await sql`close changes_of_transaction`;
}

/** One change, with the registry's number of its table; undefined where there is none. */
export async function findChange(
  audit: AuditDatabase,
  names: Names,
  id: string,
): Promise<{ readonly change: Change; readonly relation: number } | undefined> {
  const [row] = await audit.sql<Row[]>`
    select ${changeColumns(audit)}, change.relation
    from ${audit.object("change")} as change
    where change.id = ${id}::bigint`;
  if (row === undefined) return undefined;
  const { relation } = row;
  const [change] = await inRowOrder(audit, [toChange(row, nameOf(names, relation))]);
  return change && { change, relation };
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
