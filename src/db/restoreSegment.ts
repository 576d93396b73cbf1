import type { ArchivedChange } from "../archive/change.ts";
import { withTransaction } from "../connection/connect.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { GoneSegment } from "./goneChanges.ts";
import { insertChanges } from "./insertChanges.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { LOCK_TIMEOUT_MS } from "./lock.ts";

/** How a segment is brought back. */
export interface Restoration {
  readonly segment: GoneSegment;
  /** What the database no longer has of it; all or nothing is put back. */
  readonly changes: AsyncIterable<readonly ArchivedChange[]>;
  /** How many changes the whole segment has. */
  readonly total: number;
  /** An interval that PostgreSQL reads: how long it is kept. */
  readonly keep: string;
  /** The archive's name, for the record. */
  readonly target: string;
  readonly onChanges: (count: number) => void;
}

/**
 * Puts archived changes back into their segment and the segment back into the log, in one transaction. Until when it is
 * kept, as ISO 8601. Writers do not wait; readers find it once it is complete.
 */
export async function restoreSegment(
  audit: AuditDatabase,
  { segment, changes, total, keep, target, onChanges }: Restoration,
): Promise<string> {
  const { object, installation } = audit;
  const table = `${quoteIdentifier(installation.schema)}.change_${segment.id}`;
  return withTransaction(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (sql) => {
    if (!segment.isThere) await sql`select ${object("_lay_restored")}(${segment.id})`;
    for await (const batch of changes) {
      await insertChanges(sql, table, batch);
      onChanges(batch.length);
    }
    const [held] = await sql<{ changes: string; until: string }[]>`
      select count(*)::text as changes, to_char(now() + ${keep}::text::interval, ${ISO}) as until
      from ${sql.unsafe(table)}`;
    if (held === undefined || Number(held.changes) !== total)
      throw new Error(`segment ${segment.id} would come back with ${held?.changes} changes of ${total}`);
    await sql`select ${object("_attach_restored")}(${segment.id}, ${held.until}::text::timestamptz)`;
    const plan = { segment: segment.id, target, changes: held.changes, until: held.until };
    await sql`
      insert into ${object("operation")} (kind, plan)
      values ('restore archive', ${JSON.stringify(plan)}::text::jsonb)`;
    return held.until;
  });
}

/** Keeps segments that were brought back before, and are there, until later; says which, and until when. */
export async function prolongRestored(
  { sql, object }: AuditDatabase,
  segments: readonly number[],
  keep: string,
): Promise<{ id: number; until: string }[]> {
  return sql<{ id: number; until: string }[]>`
    update ${object("segment")} as segment
    set restored_until = greatest(segment.restored_until, now() + ${keep}::text::interval)
    where segment.id = any (${sql.array(segments.map(String), 25)}::text[]::integer[])
      and segment.state = 'closed' and segment.restored_until is not null
    returning segment.id, to_char(segment.restored_until, ${ISO}) as until`;
}
