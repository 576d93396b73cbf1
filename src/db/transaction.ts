import { toMicroseconds } from "../core/instant.ts";
import { narrowPages, type PageRange, spreadPages } from "../core/spread.ts";
import { type Era, listEras, withinEra } from "./eras.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { inPages, listSegmentPages, pageOf, type SegmentPages } from "./pages.ts";
import { findSuccessor } from "./successor.ts";

/** Where a transaction lies in the log. Instants are ISO 8601 with microseconds, in the session's zone. */
export interface FoundTransaction {
  readonly tx: string;
  readonly era: Era;
  /** Its smallest and its greatest change id. */
  readonly firstId: string;
  readonly lastId: string;
  /** Its oldest and its newest change. */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly changes: number;
  /** When it was committed, where the server keeps the times of commits. */
  readonly committedAt: string | null;
}

/** Between which instants and below which id all changes of a transaction lie. Null does not bound. */
interface Bounds {
  readonly since: string | null;
  readonly until: string | null;
  readonly below: string | null;
}

const unbounded: Bounds = { since: null, until: null, below: null };

/** A transaction that is looked for in one era. */
interface Sought extends Pick<FoundTransaction, "tx" | "era" | "committedAt"> {}

/** So many pages are looked at in one query. */
const pagesAtOnce = 64;

/**
 * A transaction of the log by its id, of the newest era that has one; undefined where none of its changes is
 * recorded. No index knows transactions: what others recorded tells where to look, and where that does not hold
 * (a clock that was set back) everything is looked through.
 */
export async function findTransaction(
  audit: AuditDatabase,
  tx: string,
): Promise<FoundTransaction | undefined> {
  for (const era of await listEras(audit)) {
    const sought = { tx, era, committedAt: await readCommitTime(audit, tx, era) };
    const bounds = await boundsOf(audit, sought, await findBeginningBefore(audit, sought));
    const found = (await locate(audit, sought, bounds)) ?? (await locate(audit, sought, unbounded));
    if (found) return found;
  }
  return undefined;
}

/** The transaction that did a change; undefined where there is no such change. */
export async function findTransactionOf(
  audit: AuditDatabase,
  changeId: string,
): Promise<FoundTransaction | undefined> {
  const { sql, object } = audit;
  const [change] = await sql<{ tx: string; began: string | null }[]>`
    select change.xid::text as tx, to_char(change.began, ${ISO}) as began
    from ${object("change")} as change
    where change.id = ${changeId}::bigint`;
  const era = (await listEras(audit)).find(({ first }) => first <= BigInt(changeId));
  if (change === undefined || era === undefined) return undefined;
  const { tx, began } = change;
  const sought = { tx, era, committedAt: await readCommitTime(audit, tx, era) };
  return locate(
    audit,
    sought,
    await boundsOf(audit, sought, began ?? (await findBeginningBefore(audit, sought))),
  );
}

/** Registry ids of tables of which prune removed changes that transactions may have made, for they had begun by then. */
export async function listPruned(
  { sql, object }: AuditDatabase,
  found: readonly FoundTransaction[],
): Promise<number[]> {
  const pruned = new Set<number>();
  for (const { tx, firstId, lastId, firstAt, lastAt } of found) {
    const rows = await sql<{ id: number }[]>`
      select relation.id
      from ${object("relation")} as relation
      where relation.horizon_at >= (
        select min(coalesce(change.began, change.at))
        from ${object("change")} as change
        where change.xid = ${tx}::text::xid8
          and change.id between ${firstId}::bigint and ${lastId}::bigint
          and change.at between ${firstAt}::text::timestamptz and ${lastAt}::text::timestamptz
      )`;
    for (const { id } of rows) pruned.add(id);
  }
  return [...pruned];
}

async function locate(
  audit: AuditDatabase,
  sought: Sought,
  { since, until, below }: Bounds,
): Promise<FoundTransaction | undefined> {
  const { sql, object } = audit;
  const [found] = await sql<Record<"firstId" | "lastId" | "firstAt" | "lastAt" | "changes", string>[]>`
    select
      min(change.id)::text as "firstId", max(change.id)::text as "lastId",
      to_char(min(change.at), ${ISO}) as "firstAt", to_char(max(change.at), ${ISO}) as "lastAt",
      count(*)::text as changes
    from ${object("change")} as change
    where change.xid = ${sought.tx}::text::xid8
      ${withinEra(audit, sought.era)}
      ${since === null ? sql`` : sql`and change.at >= ${since}::text::timestamptz`}
      ${until === null ? sql`` : sql`and change.at <= ${until}::text::timestamptz`}
      ${below === null ? sql`` : sql`and change.id < ${below}::bigint`}
    having count(*) > 0`;
  return found && { ...found, ...sought, changes: Number(found.changes) };
}

/** A second's grace covers clocks that were set back a little; a longer one would be the larger part of a busy log. */
async function boundsOf(
  audit: AuditDatabase,
  { tx, era, committedAt }: Sought,
  began: string | undefined,
): Promise<Bounds> {
  const { sql, object } = audit;
  const successor = began === undefined ? undefined : await findSuccessor(audit, tx, era, began);
  const [bounds] = await sql<Bounds[]>`
    select
      (${began ?? null}::text::timestamptz - interval '1 second')::text as since,
      (${committedAt}::text::timestamptz + interval '1 second')::text as until,
      least(min(tag.id), ${successor ?? null}::bigint)::text as below
    from ${object("tag")} as tag
    where tag.era = ${era.era} and pg_visible_in_snapshot(${tx}::text::xid8, tag.snapshot)`;
  return bounds ?? unbounded;
}

/** The server knows commits of the present era only; the last part keeps it from ids that no transaction has. */
async function readCommitTime(audit: AuditDatabase, tx: string, era: Era): Promise<string | null> {
  if (era.next !== undefined) return null;
  const { sql, object } = audit;
  const [made] = await sql<{ expression: string | null }[]>`
    select ${object("_commit_time")}(quote_literal(${tx}::text) || '::pg_catalog.xid8') as expression
    where current_setting('track_commit_timestamp')::boolean
      and ${tx}::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
      and ${tx}::text::numeric % 4294967296 > 2`;
  if (made?.expression == null) return null;
  const [row] = await sql<{ at: string | null }[]>`
    select to_char(${sql.unsafe(made.expression)}, ${ISO}) as at`;
  return row?.at ?? null;
}

/**
 * An instant before which the transaction recorded nothing: the beginning of one with a smaller id, for ids are given
 * out in order, and who records has one. The latest such beginning is looked for page by page, in ever smaller
 * steps; any that is met is true, so that a log that is not in order costs time only.
 */
async function findBeginningBefore(audit: AuditDatabase, sought: Sought): Promise<string | undefined> {
  let latest: Beginning | undefined;
  for (const segment of await listSegmentPages(audit)) {
    if (latest && segment.lastAt !== null && toMicroseconds(segment.lastAt) < toMicroseconds(latest.began))
      continue;
    const found = await findLatestBeginning(audit, sought, segment);
    if (found && (!latest || toMicroseconds(found.began) > toMicroseconds(latest.began))) latest = found;
  }
  return latest?.began;
}

interface Beginning {
  readonly page: number;
  readonly began: string;
}

/** The latest beginning of a transaction with a smaller id, as far as it is met within one segment. */
async function findLatestBeginning(
  audit: AuditDatabase,
  { tx, era }: Sought,
  { segment, pages }: SegmentPages,
): Promise<Beginning | undefined> {
  let range: PageRange = { first: 0, end: pages };
  let latest: Beginning | undefined;
  for (;;) {
    const spread = spreadPages(range, pagesAtOnce);
    const [found] = await audit.sql<Beginning[]>`
      select ${pageOf(audit)} as page, to_char(change.began, ${ISO}) as began
      from ${audit.object("change")} as change
      where ${inPages(audit, segment, spread)}
        and change.xid < ${tx}::text::xid8
        and change.began is not null
        ${withinEra(audit, era)}
      order by change.began desc, page desc
      limit 1`;
    latest = found ?? latest;
    if (!found || spread.length === range.end - range.first) return latest;
    range = narrowPages(range, spread, found.page);
  }
}
