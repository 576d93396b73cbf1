import { type Era, withinEra } from "./eras.ts";
import type { AuditDatabase } from "./installation.ts";

/**
 * A change id above all of a transaction's: that of the next change of a row it changed, for who did that had to
 * wait for its end, be it at the row or at its primary key. Undefined where no such change tells: nobody touched the
 * first row again, or its key is none that others wait for at once.
 */
export async function findSuccessor(
  audit: AuditDatabase,
  tx: string,
  era: Era,
  since: string,
): Promise<string | undefined> {
  const { sql, object } = audit;
  const own = await findAnyChange(audit, tx, era, since);
  if (own === undefined) return undefined;
  const [successor] = await sql<{ id: string }[]>`
    select change.id::text as id
    from ${object("change")} as change
    where change.relation = ${own.relation}
      and change.key = ${own.key}
      and change.id > ${own.id}::bigint
      and change.xid <> ${tx}::text::xid8
      ${withinEra(audit, era)}
      and exists (
        select
        from ${object("relation")} as relation
        join pg_index as index on index.indrelid = relation.oid
        where relation.id = ${own.relation} and relation.key_from = 'primary'
          and index.indisprimary and index.indimmediate)
    order by change.id
    limit 1`;
  return successor?.id;
}

/** By a cursor: without one, several workers share the search, and the one that finds it waits for the others. */
async function findAnyChange({ sql, object }: AuditDatabase, tx: string, era: Era, since: string) {
  const query = sql<{ relation: number; key: string; id: string }[]>`
    select change.relation, change.key, change.id::text as id
    from ${object("change")} as change
    where change.xid = ${tx}::text::xid8
      and change.at >= ${since}::text::timestamptz
      and change.key is not null
      ${withinEra({ sql }, era)}`;
  for await (const [change] of query.cursor(1)) return change;
  return undefined;
}
