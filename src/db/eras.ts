import type { AuditDatabase } from "./installation.ts";

/** An era: within it a transaction id means one transaction. */
export interface Era {
  readonly era: number;
  /** Its first change id. */
  readonly first: bigint;
  /** The first change id of the next era; undefined while it lasts. */
  readonly next: bigint | undefined;
}

/** Every era of the installation, newest first. */
export async function listEras({ sql, object }: AuditDatabase): Promise<Era[]> {
  const rows = await sql<{ era: number; first: string; next: string | null }[]>`
    select era, first_id::text as first, (lead(first_id) over (order by era))::text as next
    from ${object("installation")}
    order by era desc`;
  return rows.map(({ era, first, next }) => ({
    era,
    first: BigInt(first),
    next: next === null ? undefined : BigInt(next),
  }));
}

/** Conditions on `change`: within the era. */
export function withinEra({ sql }: Pick<AuditDatabase, "sql">, { era, first, next }: Era) {
  // The first era's bound would only cost: there is nothing before it.
  return sql`
    ${era === 1 ? sql`` : sql`and change.id >= ${String(first)}::bigint`}
    ${next === undefined ? sql`` : sql`and change.id < ${String(next)}::bigint`}`;
}
