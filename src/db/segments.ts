import { isDeepStrictEqual } from "node:util";
import { withTransaction } from "../connection/connect.ts";
import type { LegalHold } from "../core/legalHold.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { PruneFacts, Segment } from "../core/retention.ts";
import { heldCondition, holdsOver, listHoldsInForce, readHeldParts, withHoldsStill } from "./holds.ts";
import { freeRelations } from "./horizons.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { isLockTimeout, LOCK_TIMEOUT_MS } from "./lock.ts";
import { readRoughSpan } from "./segmentSpan.ts";

/** Expired rows of a segment that is not yet due as a whole go in pieces, so that no transaction is long. */
const DELETE_BATCH = 10_000;

/** How long DETACH waits for transactions that have touched the log. Beyond it the next run finishes the work. */
const DETACH_TIMEOUT_MS = 30_000;

/** Reads segments, classes, what the server's calendar makes of their intervals, and what is held of what has expired. */
export async function readPruneFacts(audit: AuditDatabase): Promise<PruneFacts> {
  const { sql, object, installation } = audit;
  const rows = await sql<SegmentRow[]>`
    select
      segment.id, retention.name as retention, segment.era, segment.state,
      to_char(segment.opened_at, ${ISO}) as "openedAt",
      to_char(segment.first_at, ${ISO}) as "firstAt",
      to_char(segment.last_at, ${ISO}) as "lastAt",
      segment.changes::text as changes,
      coalesce(pg_total_relation_size(class.oid), 0)::float8 as bytes,
      coalesce(segment.closing_xid <= pg_snapshot_xmin(pg_current_snapshot()), false) as "safeToClose",
      to_char(segment.restored_until, ${ISO}) as "restoredUntil",
      exists (
        select from ${object("segment_relation")} as held
        where held.segment = segment.id and held.gone_at is not null
      ) as partial,
      array(
        select archive.target
        from ${object("archive")} as archive
        where archive.segment = segment.id and archive.verified_at is not null
        order by archive.target
      ) as "archivedIn"
    from ${object("segment")} as segment
    join ${object("retention")} as retention on retention.id = segment.retention
    left join pg_namespace as namespace on namespace.nspname = ${installation.schema}
    left join pg_class as class on class.relnamespace = namespace.oid and class.relname = 'change_' || segment.id
    where segment.state in ('hot', 'closing', 'closed')
    order by segment.id`;
  const classes = await sql<ClassRow[]>`
    select
      name, keep::text as keep,
      (extract(year from keep) * 12 + extract(month from keep))::integer as months,
      extract(day from keep)::integer as days,
      extract(hour from keep)::integer as hours,
      to_char(now() - keep, ${ISO}) as cutoff,
      to_char(now() - least(keep / 10, interval '1 month'), ${ISO}) as "rotateBefore",
      to_char(now() - rotate_age, ${ISO}) as "before",
      rotate_age::text as age,
      rotate_bytes::float8 as bytes,
      to_char(now(), ${ISO}) as now
    from ${object("retention")}`;
  const segments = await Promise.all(rows.map((row) => completeSegment(audit, row)));
  const cutoffs = new Map(
    classes.flatMap(({ name, cutoff, rotateBefore }) =>
      cutoff !== null && rotateBefore !== null ? [[name, { cutoff, rotateBefore }] as const] : [],
    ),
  );
  return {
    segments,
    classes: classes.map(({ name, keep, months, days, hours, before, age, bytes }) => ({
      name,
      keep: keep === null ? undefined : { text: keep, name, months, days, hours },
      rotation: { before: before ?? undefined, age: age ?? undefined, bytes: bytes ?? undefined },
    })),
    cutoffs,
    now: classes[0]?.now ?? "",
    held: await readHeldParts(audit, segments, cutoffs),
  };
}

interface SegmentRow extends Omit<Segment, "changes" | "firstAt" | "lastAt" | "restoredUntil"> {
  readonly restoredUntil: string | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly changes: string | null;
}

interface ClassRow {
  readonly name: string;
  readonly keep: string | null;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly cutoff: string | null;
  readonly rotateBefore: string | null;
  readonly before: string | null;
  readonly age: string | null;
  readonly bytes: number | null;
  readonly now: string;
}

/** What a closed segment has written down, an open one is asked for: its span by its ends, its size by the planner. */
async function completeSegment(audit: AuditDatabase, row: SegmentRow): Promise<Segment> {
  const { sql, object } = audit;
  const { firstAt, lastAt, changes, restoredUntil, ...others } = row;
  const rest = { ...others, restoredUntil: restoredUntil ?? undefined };
  if (changes !== null)
    return { ...rest, firstAt: firstAt ?? undefined, lastAt: lastAt ?? undefined, changes: BigInt(changes) };
  const span = await readRoughSpan(audit, row.id);
  if (span === undefined) return { ...rest, changes: 0n };
  // Asked of its partition: of the whole log the planner would take a segment for a two hundredth.
  const estimate = await estimateRows(sql, sql`select from ${object(`change_${row.id}`)}`);
  return { ...rest, firstAt: span.first, lastAt: span.last, changes: estimate };
}

/** The planner's estimate of how many rows a query returns. */
export async function estimateRows(
  sql: AuditDatabase["sql"],
  query: ReturnType<AuditDatabase["sql"]>,
): Promise<bigint> {
  const [row] = await sql<{ "QUERY PLAN": string }[]>`explain (format json) ${query}`;
  const plan = JSON.parse(row?.["QUERY PLAN"] ?? "[]") as readonly {
    readonly Plan: { readonly "Plan Rows": number };
  }[];
  return BigInt(Math.round(plan[0]?.Plan["Plan Rows"] ?? 0));
}

/** How many changes of a segment are older than an instant and under no hold. */
export async function countBefore(audit: AuditDatabase, segment: Segment, cutoff: string): Promise<bigint> {
  const { sql, object } = audit;
  const held = heldCondition(audit, await listHoldsInForce(audit));
  const [row] = await sql<{ count: string }[]>`
    select count(*)::text as count
    from ${object("change")} as change
    where segment = ${segment.id} and at < ${cutoff}::text::timestamptz and (${held}) is not true`;
  return BigInt(row?.count ?? 0);
}

/** Opens a new segment for the class and lets this one close. */
export async function rotateSegment(audit: AuditDatabase, segment: Segment): Promise<void> {
  await withTransaction(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (sql) => {
    await sql`
      select ${audit.object("_open_segment")}(retention.id)
      from ${audit.object("retention")} as retention
      where retention.name = ${segment.retention}`;
  });
}

/**
 * Marks from which transaction on nobody can write to the segments that were rotated away. It has to be a
 * transaction after the rotation's: what runs while that commits may still have planned for the old segment. And it has
 * to be that transaction's own number: the xmax of a snapshot is one more than the newest transaction that has ended, and
 * what is running may have greater ones.
 */
export async function stampClosing({ sql, object }: AuditDatabase): Promise<void> {
  await sql`
    update ${object("segment")}
    set closing_xid = pg_current_xact_id()
    where state = 'closing' and closing_xid is null`;
}

/** Counts a segment and states its span; exit 5 while older transactions are running. */
export async function closeSegment(audit: AuditDatabase, segment: Segment): Promise<void> {
  await withTransaction(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (sql) => {
    await sql`select ${audit.object("_close_segment")}(${segment.id})`;
  });
}

/** What a segment holds, as the statements that would remove it, for --dry-run. */
export function dropStatements(schema: string, id: number): string[] {
  const name = quoteIdentifier(schema);
  return [
    `alter table ${name}.change detach partition ${name}.change_${id} concurrently;`,
    `drop table ${name}.change_${id};`,
  ];
}

/**
 * Removes a whole segment. First the tables' horizons rise, for good: from then on no answer rests on it. Then
 * it leaves the log without holding up writers, then it goes. Interrupted anywhere, finishDrops goes on. Returns false,
 * and leaves it in the log, where a hold turns out to cover something of it.
 */
export async function dropSegment(audit: AuditDatabase, segment: Segment, reason: string): Promise<boolean> {
  const isDue = await withHoldsStill(audit, async (within, holds) => {
    const { sql, object } = within;
    if ((await holdsOver(within, segment.id, holds)).length > 0) return false;
    const leaving = await sql`
      update ${object("segment")} set state = 'dropping' where id = ${segment.id} and state = 'closed'`;
    if (leaving.count !== 1) throw new Error(`segment ${segment.id} is not closed, and was to be dropped`);
    await sql`select ${object("_let_go")}(${segment.id}, 'infinity')`;
    await sql`
      insert into ${object("operation")} (kind, plan)
      values ('prune', ${JSON.stringify({ act: "drop", segment: segment.id, changes: String(segment.changes), reason })}::text::jsonb)`;
    return true;
  });
  return isDue && (await finishDrop(audit, segment.id)).length === 0;
}

/** What became of a segment that was on its way out. */
export interface FinishedDrop {
  readonly id: number;
  /** The holds that cover something of it, for which it was taken back into the log; none when it is gone. */
  readonly heldBy: readonly string[];
}

/** Finishes what an earlier run that was cut off began to drop. */
export async function finishDrops(audit: AuditDatabase): Promise<FinishedDrop[]> {
  const rows = await audit.sql<
    { id: number }[]
  >`select id from ${audit.object("segment")} where state = 'dropping' order by id`;
  const done: FinishedDrop[] = [];
  for (const { id } of rows) done.push({ id, heldBy: await finishDrop(audit, id) });
  return done;
}

/** Returns the holds for which the segment was taken back: also of one that has left the log already nothing held goes. */
async function finishDrop(audit: AuditDatabase, id: number): Promise<string[]> {
  const { sql, installation } = audit;
  const partition = await findPartition(audit, id);
  const name = quoteIdentifier(installation.schema);
  if (partition?.attached) {
    await sql.unsafe(`set lock_timeout = '${DETACH_TIMEOUT_MS}ms'`);
    const how = partition.pending ? "finalize" : "concurrently";
    await sql.unsafe(`alter table ${name}.change detach partition ${name}.change_${id} ${how}`);
  }
  return withHoldsStill(audit, async (within, holds) => {
    const heldBy = partition === undefined ? [] : await holdsOver(within, id, holds);
    if (heldBy.length > 0) {
      await takeBack(within, id, heldBy);
      return heldBy;
    }
    await within.sql.unsafe(`drop table if exists ${name}.change_${id}`);
    // What lies in an archive is still to be found: its entry stays.
    await within.sql`
      update ${within.object("segment")} set state = 'archived', restored_until = null
      where id = ${id} and ${isAllArchived(within, id)}`;
    await within.sql`delete from ${within.object("segment")} where id = ${id} and state = 'dropping'`;
    return [];
  });
}

async function findPartition({ sql, installation }: AuditDatabase, id: number) {
  const [partition] = await sql<{ attached: boolean; pending: boolean }[]>`
    select inherits.inhrelid is not null as attached, coalesce(inherits.inhdetachpending, false) as pending
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    left join pg_inherits as inherits on inherits.inhrelid = class.oid
    where namespace.nspname = ${installation.schema} and class.relname = ${`change_${id}`}`;
  return partition;
}

/** A segment that has left the log comes back to it as a closed one. The horizons stay where they are. */
async function takeBack(
  { sql, object, installation }: AuditDatabase,
  id: number,
  heldBy: readonly string[],
): Promise<void> {
  const name = quoteIdentifier(installation.schema);
  await sql.unsafe(`alter table ${name}.change attach partition ${name}.change_${id} for values in (${id})`);
  await sql.unsafe(`alter table ${name}.change_${id} enable always trigger _append_only`);
  await sql`update ${object("segment")} set state = 'closed' where id = ${id}`;
  await sql`
    insert into ${object("operation")} (kind, plan)
    values ('prune', ${JSON.stringify({ act: "take back", segment: id, holds: heldBy })}::text::jsonb)`;
}

/**
 * Removes the expired part of a closed segment that does not go as a whole, in batches, but for what is held: each batch
 * asks anew. Horizons rise first. `progress` is told how many are gone; no further batch begins once `isOver` says so.
 * Returns how many went.
 */
export async function deleteExpired(
  audit: AuditDatabase,
  segment: Segment,
  cutoff: string,
  progress: (deleted: number) => void,
  isOver: () => boolean,
): Promise<number> {
  let deleted = 0;
  let raisedUnder: readonly LegalHold[] | undefined;
  for (;;) {
    const count = await withHoldsStill(audit, async (within, holds) => {
      if (isDeepStrictEqual([...holds], raisedUnder)) return deleteBatch(within, segment, cutoff, holds);
      // What was held when they rose may have been given free since.
      await letGo(within, segment, cutoff, holds);
      raisedUnder = [...holds];
      return undefined;
    });
    if (count === undefined) continue;
    deleted += count;
    progress(deleted);
    if (count < DELETE_BATCH || isOver()) break;
  }
  await withTransaction(audit.sql, {}, async (sql) => {
    await recount({ ...audit, sql }, segment);
    await sql`
      insert into ${audit.object("operation")} (kind, plan)
      values ('prune', ${JSON.stringify({ act: "delete", segment: segment.id, cutoff, changes: deleted })}::text::jsonb)`;
  });
  return deleted;
}

async function letGo(
  within: AuditDatabase,
  segment: Segment,
  cutoff: string,
  holds: readonly LegalHold[],
): Promise<void> {
  await within.sql`
    select ${within.object("_let_go")}(
      ${segment.id}, ${cutoff}::text::timestamptz, ${freeRelations(within, segment.id, cutoff, holds)})`;
}

async function deleteBatch(
  within: AuditDatabase,
  segment: Segment,
  cutoff: string,
  holds: readonly LegalHold[],
): Promise<number> {
  const { sql, object } = within;
  await sql`select set_config('audit.maintenance', 'prune', true)`;
  const gone = await sql`
    delete from ${object("change")}
    where segment = ${segment.id} and id in (
      select change.id from ${object("change")} as change
      where change.segment = ${segment.id} and change.at < ${cutoff}::text::timestamptz
        and (${heldCondition(within, holds)}) is not true
      order by change.at
      limit ${DELETE_BATCH}
    )`;
  // Cut off here, the segment still holds as many as is written down: archiving it counts on that.
  await sql`
    update ${object("segment")} set changes = changes - ${String(gone.count)}::bigint where id = ${segment.id}`;
  return gone.count;
}

/** Writes down anew what a segment holds after a part of it went. */
async function recount({ sql, object }: AuditDatabase, segment: Segment): Promise<void> {
  await sql`
    delete from ${object("segment_relation")} as held
    where held.segment = ${segment.id} and held.gone_at is null
      and not exists (
        select from ${object("change")} as change
        where change.segment = ${segment.id} and change.relation = held.relation
      )`;
  // A table of which all is gone into an archive keeps its entry, by which that is known.
  await sql`
    update ${object("segment_relation")} as held
    set changes = 0, first_at = held.gone_at, last_at = held.gone_at
    where held.segment = ${segment.id} and held.gone_at is not null`;
  await sql`
    insert into ${object("segment_relation")} as held (segment, relation, changes, first_at, last_at)
    select segment, relation, count(*), min(at), max(at)
    from ${object("change")}
    where segment = ${segment.id}
    group by segment, relation
    on conflict (segment, relation)
    do update set changes = excluded.changes, first_at = excluded.first_at, last_at = excluded.last_at`;
  await sql`
    update ${object("segment")} as segment
    set first_id = held.first_id, last_id = held.last_id, first_at = held.first_at, last_at = held.last_at, changes = held.changes
    from (
      select min(id) as first_id, max(id) as last_id, min(at) as first_at, max(at) as last_at, count(*) as changes
      from ${object("change")} where segment = ${segment.id}
    ) as held
    where segment.id = ${segment.id}`;
}

/** Condition: when the segment was let go, all of it lay in an archive. */
function isAllArchived({ sql, object }: Pick<AuditDatabase, "sql" | "object">, id: number) {
  const held = sql`select from ${object("segment_relation")} as held where held.segment = ${id}`;
  return sql`exists (${held})
    and not exists (${held} and (held.gone_at is null or held.gone_at < held.last_at))`;
}

/** How long summarizing waits for a vacuum of the log; the next run comes soon enough. */
const SUMMARIZE_LOCK_TIMEOUT_MS = 700;

/**
 * Brings the summaries of the log (BRIN) up to date, by which instants and numbers are found: autovacuum may be off, or
 * late. Holds up no writer; gives way where the log is being vacuumed.
 */
export async function summarizeLog({ sql, installation }: AuditDatabase): Promise<void> {
  try {
    await withTransaction(sql, { lockTimeoutMs: SUMMARIZE_LOCK_TIMEOUT_MS }, async (transaction) => {
      await transaction`
        select brin_summarize_new_values(class.oid)
        from pg_class as class
        join pg_am as method on method.oid = class.relam
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where method.amname = 'brin' and class.relkind = 'i' and namespace.nspname = ${installation.schema}`;
    });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
}
