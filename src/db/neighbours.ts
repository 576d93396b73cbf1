import type { Change } from "../types.ts";
import { type ChangeRow, changeColumns, toChange } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import { inRowOrder } from "./rowOrder.ts";

/** The changes of the same row right before and after a change; undefined where there is none, or no key to tell. */
export interface Neighbours {
  readonly before: Change | undefined;
  readonly after: Change | undefined;
}

/** So many changes on each side are put into the order of their effects; a trigger hardly moves one further. */
const NEARBY = 100;

/**
 * What came before and after for this row: by the key it had before the change, and by the one it has since. Their images
 * are not read.
 */
export async function readNeighbours(
  audit: AuditDatabase,
  relation: number,
  change: Change,
): Promise<Neighbours> {
  const { id, key, oldKey } = change;
  if (key === null) return { before: undefined, after: undefined };
  const keys = [...new Set([key, oldKey ?? key])];
  const sides = await Promise.all([
    readNearby(audit, relation, id, keys, "below"),
    readNearby(audit, relation, id, keys, "above"),
  ]);
  const rows = new Map(sides.flat().map((row) => [row.id, row]));
  const changes = [...rows.values()]
    .sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1))
    .map((row) => toChange(row, change));
  const ordered = await inRowOrder(audit, changes);
  const place = ordered.findIndex((other) => other.id === id);
  return {
    before: ordered.slice(0, place).findLast((other) => touches(other, oldKey ?? key)),
    after: ordered.slice(place + 1).find((other) => touches(other, key)),
  };
}

/** This change and the nearest on one side; each part walks an index from it. */
async function readNearby(
  audit: AuditDatabase,
  relation: number,
  id: string,
  keys: readonly string[],
  side: "below" | "above",
): Promise<ChangeRow[]> {
  const { sql, object } = audit;
  const nearest = (condition: ReturnType<typeof sql>) => sql`
    (select change.*
    from ${object("change")} as change
    where change.relation = ${relation} and ${condition}
      and change.id ${side === "below" ? sql`<=` : sql`>=`} ${id}::bigint
    order by change.id ${side === "below" ? sql`desc` : sql`asc`}
    limit ${NEARBY})`;
  const parts = keys.flatMap((key) => [
    nearest(sql`change.key = ${key}`),
    nearest(sql`change.old_key = ${key}`),
  ]);
  const union = parts.reduce((former, part) => sql`${former} union all ${part}`);
  return sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from (
      select id, at, xid, op, key, old_key, null::jsonb as old, null::jsonb as new, actor, db_user, role, application,
        client_addr, context, old_tid, new_tid
      from (${union} union all ${nearest(sql`change.key is null and change.op = 'T' and change.old is null`)}) as nearby
    ) as change`;
}

/** A truncate that was recorded as an event touches every row. */
function touches(change: Change, key: string): boolean {
  return change.key === null || change.key === key || change.oldKey === key;
}
