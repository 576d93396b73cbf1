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
 * An instant, as SQL, from which on nothing is torn when changes up to the one given are removed: a transaction that had
 * recorded some of them counts as done only at its last change, and until then those would have to be undone. Transactions
 * of more than a day are not looked for, as that would take a look through the whole log.
 */
export function untornFrom({ sql, object }: AuditDatabase, removed: ReturnType<AuditDatabase["sql"]>) {
  return sql`greatest(${removed}, (
    select max(later.at)
    from ${object("change")} as later
    where later.at > ${removed} and later.at <= ${removed} + interval '1 day' and later.began <= ${removed}))`;
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
    const removed = await sql<{ relation: number; to: string }[]>`
      select
        relation.id as relation,
        to_char(greatest(relation.horizon_at, ${untornFrom(audit, sql`removed.last_at`)}), ${ISO}) as to
      from (
        select change.relation, max(change.at) as last_at
        from ${object(`change_${segment.id}`)} as change
        where change.at < ${act === "delete" ? (cutoff ?? "") : "infinity"}::text::timestamptz
          and (${heldCondition(audit, holds)}) is not true
        group by change.relation
      ) as removed
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
