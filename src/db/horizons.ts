import { toMicroseconds } from "../core/instant.ts";
import type { LegalHold } from "../core/legalHold.ts";
import type { Decision } from "../core/retention.ts";
import { heldCondition } from "./holds.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

/** How far back the past of a table could be rebuilt, and can from now on. */
export interface HorizonRise {
  readonly relation: number;
  readonly schema: string;
  readonly table: string;
  /** null: nothing had been removed. */
  readonly from: string | null;
  readonly to: string;
}

interface Horizon extends Omit<HorizonRise, "from" | "to"> {
  readonly at: string | null;
}

/**
 * The tables of which changes of a segment before an instant go, as an array in SQL: those whose changes are not all held.
 * Null where nothing is held: then it is all of them.
 */
export function freeRelations(
  audit: AuditDatabase,
  segment: number,
  before: string,
  holds: readonly LegalHold[],
) {
  const { sql, object } = audit;
  if (holds.length === 0) return sql`null::integer[]`;
  return sql`array(
    select change.relation
    from ${object(`change_${segment}`)} as change
    where change.at < ${before}::text::timestamptz and (${heldCondition(audit, holds)}) is not true
    group by change.relation
  )`;
}

/** The tables' horizons at this moment. */
export async function readHorizons({ sql, object }: AuditDatabase): Promise<Horizon[]> {
  return sql<Horizon[]>`
    select id as relation, schema_name as schema, table_name as table, to_char(horizon_at, ${ISO}) as at
    from ${object("relation")}
    order by schema_name, table_name, id`;
}

/** What has risen from one moment to another. */
export function risenHorizons(before: readonly Horizon[], after: readonly Horizon[]): HorizonRise[] {
  const former = new Map(before.map(({ relation, at }) => [relation, at]));
  return after.flatMap(({ at: to, ...table }) => {
    const from = former.get(table.relation) ?? null;
    return to === null || to === from ? [] : [{ ...table, from, to }];
  });
}

/** What a plan would raise, and to when, if it were carried out now. */
export async function plannedHorizons(
  audit: AuditDatabase,
  decisions: readonly Decision[],
  holds: readonly LegalHold[],
): Promise<HorizonRise[]> {
  const { sql, object } = audit;
  const rising = new Map<number, string>();
  for (const { segment, act, cutoff } of decisions) {
    if (act !== "drop" && act !== "delete") continue;
    const before = act === "delete" ? (cutoff ?? "") : "infinity";
    const removed = await sql<{ relation: number; to: string }[]>`
      select relation.id as relation, to_char(greatest(relation.horizon_at, removed.at), ${ISO}) as to
      from ${object("_rising")}(
        ${segment.id}, ${before}::text::timestamptz, ${freeRelations(audit, segment.id, before, holds)}) as removed
      join ${object("relation")} as relation on relation.id = removed.relation`;
    for (const { relation, to } of removed) {
      const known = rising.get(relation);
      if (known === undefined || toMicroseconds(known) < toMicroseconds(to)) rising.set(relation, to);
    }
  }
  const before = await readHorizons(audit);
  const after = before.map((horizon) => ({ ...horizon, at: rising.get(horizon.relation) ?? horizon.at }));
  return risenHorizons(before, after);
}
