import { withTransaction } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { PruneFacts, Segment } from "../core/retention.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { LOCK_TIMEOUT_MS } from "./lock.ts";

/** Expired rows of a segment that is not yet due as a whole go in pieces, so that no transaction is long. */
const DELETE_BATCH = 10_000;

/** How long DETACH waits for transactions that have touched the log. Beyond it the next run finishes the work. */
const DETACH_TIMEOUT_MS = 30_000;

/** Reads segments, classes and what the server's calendar makes of their intervals. */
export async function readPruneFacts(audit: AuditDatabase): Promise<PruneFacts> {
  const { sql, object, installation } = audit;
  const segments = await sql<SegmentRow[]>`
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
      to_char(now(), ${ISO}) as now
    from ${object("retention")}`;
  return {
    segments: await Promise.all(segments.map((row) => completeSegment(audit, row))),
    classes: classes.map(({ name, keep, months, days, hours }) => ({
      name,
      keep: keep === null ? undefined : { text: keep, name, months, days, hours },
    })),
    cutoffs: new Map(
      classes.flatMap(({ name, cutoff, rotateBefore }) =>
        cutoff !== null && rotateBefore !== null ? [[name, { cutoff, rotateBefore }] as const] : [],
      ),
    ),
    now: classes[0]?.now ?? "",
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
  readonly now: string;
}

/** What a closed segment has written down, an open one is asked for: its span by the index, its size by the planner. */
async function completeSegment({ sql, object }: AuditDatabase, row: SegmentRow): Promise<Segment> {
  const { firstAt, lastAt, changes, restoredUntil, ...others } = row;
  const rest = { ...others, restoredUntil: restoredUntil ?? undefined };
  if (changes !== null)
    return { ...rest, firstAt: firstAt ?? undefined, lastAt: lastAt ?? undefined, changes: BigInt(changes) };
  const [span] = await sql<{ first: string | null; last: string | null }[]>`
    select to_char(min(at), ${ISO}) as first, to_char(max(at), ${ISO}) as last
    from ${object("change")} where segment = ${row.id}`;
  if (!span?.first || !span.last) return { ...rest, changes: 0n };
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

/** How many changes of a segment are older than an instant. */
export async function countBefore(
  { sql, object }: AuditDatabase,
  segment: Segment,
  cutoff: string,
): Promise<bigint> {
  const [row] = await sql<{ count: string }[]>`
    select count(*)::text as count from ${object("change")} where segment = ${segment.id} and at < ${cutoff}::text::timestamptz`;
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
 * it leaves the log without holding up writers, then it goes. Interrupted anywhere, finishDrops goes on.
 */
export async function dropSegment(audit: AuditDatabase, segment: Segment, reason: string): Promise<void> {
  await withTransaction(audit.sql, {}, async (sql) => {
    const leaving = await sql`
      update ${audit.object("segment")} set state = 'dropping' where id = ${segment.id} and state = 'closed'`;
    if (leaving.count !== 1) throw new Error(`segment ${segment.id} is not closed, and was to be dropped`);
    await sql`select ${audit.object("_let_go")}(${segment.id}, 'infinity')`;
    await sql`
      insert into ${audit.object("operation")} (kind, plan)
      values ('prune', ${JSON.stringify({ act: "drop", segment: segment.id, changes: String(segment.changes), reason })}::text::jsonb)`;
  });
  await finishDrop(audit, segment.id);
}

/** Finishes what an earlier run that was cut off began to drop. Returns the segments' numbers. */
export async function finishDrops(audit: AuditDatabase): Promise<number[]> {
  const rows = await audit.sql<
    { id: number }[]
  >`select id from ${audit.object("segment")} where state = 'dropping' order by id`;
  for (const { id } of rows) await finishDrop(audit, id);
  return rows.map(({ id }) => id);
}

async function finishDrop({ sql, object, installation }: AuditDatabase, id: number): Promise<void> {
  const [partition] = await sql<{ attached: boolean; pending: boolean }[]>`
    select inherits.inhrelid is not null as attached, coalesce(inherits.inhdetachpending, false) as pending
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    left join pg_inherits as inherits on inherits.inhrelid = class.oid
    where namespace.nspname = ${installation.schema} and class.relname = ${`change_${id}`}`;
  const name = quoteIdentifier(installation.schema);
  if (partition?.attached) {
    await sql.unsafe(`set lock_timeout = '${DETACH_TIMEOUT_MS}ms'`);
    const how = partition.pending ? "finalize" : "concurrently";
    await sql.unsafe(`alter table ${name}.change detach partition ${name}.change_${id} ${how}`);
  }
  await withTransaction(sql, {}, async (transaction) => {
    await transaction.unsafe(`drop table if exists ${name}.change_${id}`);
    // What lies in an archive is still to be found: its entry stays.
    await transaction`
      update ${object("segment")} set state = 'archived', restored_until = null
      where id = ${id} and ${isAllArchived({ sql: transaction, object }, id)}`;
    await transaction`delete from ${object("segment")} where id = ${id} and state = 'dropping'`;
  });
}

/**
 * Removes the expired part of a segment that is not due as a whole (a log that nobody rotated), in batches.
 * Horizons rise first. `progress` is told how many are gone; no further batch begins once `isOver` says so. Returns how
 * many went.
 */
export async function deleteExpired(
  audit: AuditDatabase,
  segment: Segment,
  cutoff: string,
  progress: (deleted: number) => void,
  isOver: () => boolean,
): Promise<number> {
  const { sql, object } = audit;
  await withTransaction(sql, {}, async (transaction) => {
    await transaction`select ${object("_let_go")}(${segment.id}, ${cutoff}::text::timestamptz)`;
  });
  let deleted = 0;
  for (;;) {
    const count = await withTransaction(sql, {}, async (transaction) => {
      await transaction`select set_config('audit.maintenance', 'prune', true)`;
      const gone = await transaction`
        delete from ${object("change")}
        where segment = ${segment.id} and id in (
          select id from ${object("change")}
          where segment = ${segment.id} and at < ${cutoff}::text::timestamptz
          order by at
          limit ${DELETE_BATCH}
        )`;
      // Cut off here, the segment still holds as many as is written down: archiving it counts on that.
      await transaction`
        update ${object("segment")} set changes = changes - ${String(gone.count)}::bigint where id = ${segment.id}`;
      return gone.count;
    });
    deleted += count;
    progress(deleted);
    if (count < DELETE_BATCH || isOver()) break;
  }
  await withTransaction(sql, {}, async (transaction) => {
    await recount({ ...audit, sql: transaction }, segment);
    await transaction`
      insert into ${object("operation")} (kind, plan)
      values ('prune', ${JSON.stringify({ act: "delete", segment: segment.id, cutoff, changes: deleted })}::text::jsonb)`;
  });
  return deleted;
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
    if (!isBusy(error)) throw error;
  }
}

/** Whether DETACH gave up waiting for a transaction that has the log open; the next run finishes it. */
export function isBusy(error: unknown): boolean {
  return sqlStateOf(error) === "55P03";
}
