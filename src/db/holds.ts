import { withTransaction } from "../connection/connect.ts";
import { toMicroseconds } from "../core/instant.ts";
import type { HeldPart, LegalHold } from "../core/legalHold.ts";
import type { Cutoff, Segment } from "../core/retention.ts";
import { refusal } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { isLockTimeout } from "./lock.ts";

/** How long prune waits for a transaction that has placed or lifted a hold and is not done. */
const HOLDS_TIMEOUT_MS = 30_000;

const INT4 = 23;

/** The holds that have not been lifted, in the order in which they were placed. */
export async function listHoldsInForce({ sql, object }: AuditDatabase): Promise<LegalHold[]> {
  return sql<LegalHold[]>`
    select name, relation, key, actor from ${object("hold")} where lifted_at is null order by id`;
}

/**
 * Runs the work in a transaction during which nobody can place or lift a hold: those it is given are all that there are.
 * Whoever places one waits for the work to end, and the work for them (exit 5 when they do not come to an end).
 */
export async function withHoldsStill<T>(
  audit: AuditDatabase,
  work: (within: AuditDatabase, holds: readonly LegalHold[]) => Promise<T>,
): Promise<T> {
  return withTransaction(audit.sql, { lockTimeoutMs: HOLDS_TIMEOUT_MS }, async (sql) => {
    const within = { ...audit, sql };
    try {
      await sql`lock table ${audit.object("hold")} in share mode`;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      throw refusal(
        "A transaction that places or lifts a hold has been open for more than half a minute, so nobody knows what is held.",
        "Run audit prune again when that transaction has ended.",
      );
    }
    return work(within, await listHoldsInForce(within));
  });
}

/**
 * What the holds cover, as a condition on `change` for the end of a WHERE clause. It may be null for what they do not
 * cover: its opposite is `(…) is not true`. By itself it goes by the indexes of the log.
 */
export function heldCondition({ sql }: AuditDatabase, holds: readonly LegalHold[]) {
  return holds.map(coverOf).reduce((all, one) => sql`${all} or ${one}`, sql`false`);

  function coverOf({ relation, key, actor }: LegalHold) {
    // A TRUNCATE that was recorded as an event took every row away, this one as well.
    const ofKey = sql`(change.key = ${key} or change.old_key = ${key} or (change.key is null and change.op = 'T'))`;
    return sql`(
      ${relation === null ? sql`true` : sql`change.relation = ${relation}`}
      ${key === null ? sql`` : sql`and ${ofKey}`}
      ${actor === null ? sql`` : sql`and coalesce(change.actor, change.db_user) = ${actor}`})`;
  }
}

/** The query that tells whether holds cover a change of a segment from before an instant. */
export function heldQuery(
  audit: AuditDatabase,
  segment: number,
  cutoff: string,
  holds: readonly LegalHold[],
) {
  const { sql, object } = audit;
  return sql`
    select from ${object(`change_${segment}`)} as change
    where change.at < ${cutoff}::text::timestamptz and (${heldCondition(audit, holds)})
    limit 1`;
}

/** The names of the holds that cover something of a segment, whatever its age. */
export async function holdsOver(
  audit: AuditDatabase,
  segment: number,
  holds: readonly LegalHold[],
): Promise<string[]> {
  return holdsBefore(audit, segment, "infinity", holds);
}

async function holdsBefore(
  audit: AuditDatabase,
  segment: number,
  cutoff: string,
  holds: readonly LegalHold[],
): Promise<string[]> {
  const names: string[] = [];
  for (const hold of holds) {
    const found = await heldQuery(audit, segment, cutoff, [hold]);
    if (found.length > 0) names.push(hold.name);
  }
  return names;
}

/** By segment, what the holds keep of what has expired in it; only where they keep something. */
export async function readHeldParts(
  audit: AuditDatabase,
  segments: readonly Segment[],
  cutoffs: ReadonlyMap<string, Cutoff>,
): Promise<Map<number, HeldPart>> {
  const holds = await listHoldsInForce(audit);
  const parts = new Map<number, HeldPart>();
  for (const segment of holds.length === 0 ? [] : segments) {
    const cutoff = cutoffs.get(segment.retention)?.cutoff;
    if (cutoff === undefined || !holdsExpired(segment, cutoff)) continue;
    const by = await holdsBefore(audit, segment.id, cutoff, holds);
    if (by.length > 0)
      parts.set(segment.id, { by, free: await hasFreeBefore(audit, segment, cutoff, holds) });
  }
  return parts;
}

function holdsExpired({ firstAt }: Segment, cutoff: string): boolean {
  return firstAt !== undefined && toMicroseconds(firstAt) < toMicroseconds(cutoff);
}

async function hasFreeBefore(
  audit: AuditDatabase,
  segment: Segment,
  cutoff: string,
  holds: readonly LegalHold[],
): Promise<boolean> {
  const { sql, object } = audit;
  const whole = holds.flatMap(({ relation, key, actor }) =>
    relation !== null && key === null && actor === null ? [relation] : [],
  );
  if (segment.state === "closed" && whole.length > 0) {
    // What a segment holds of each table is written down: where all of them are held nobody has to look through it.
    const others = await sql`
      select from ${object("segment_relation")}
      where segment = ${segment.id} and relation <> all (${sql.array(whole, INT4)}::integer[])
      limit 1`;
    if (others.length === 0) return false;
  }
  const free = await sql`
    select from ${object(`change_${segment.id}`)} as change
    where change.at < ${cutoff}::text::timestamptz and (${heldCondition(audit, holds)}) is not true
    limit 1`;
  return free.length > 0;
}
