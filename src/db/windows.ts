import { firstStep, nextStep, type Step, type Walk, type Window } from "../core/window.ts";
import type { Instant } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import { type ChangeRow, changeColumns, type PlacedChange, toChange } from "./changeRows.ts";
import { streamCursor } from "./cursor.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** How many changes travel at once. */
const BATCH = 200;

/** Enough to hold a committed change beside what is being written. */
const LAST_PAGES = 32n;

/** The changes that are read. */
export interface ChangeSource {
  readonly relation: Relation;
  readonly filter: ChangeFilter;
}

/**
 * The changes of one table by id, in batches. The log has no index on ids alone, but a summary of which lie where: it
 * is read in windows of ids, each sorted by itself, so that the first change comes at once however many follow. Must
 * run in a transaction, whose snapshot all windows share.
 */
export async function* readWindows(
  audit: AuditDatabase,
  source: ChangeSource,
  { from, newestFirst }: { readonly from: bigint | undefined; readonly newestFirst: boolean },
): AsyncGenerator<PlacedChange[], void, undefined> {
  const bounds = await boundsOf(audit, source, from);
  if (bounds === undefined) return;
  const walk = { ...bounds, newestFirst };
  let step: Step | undefined = firstStep(walk);
  while (step !== undefined) {
    const start = performance.now();
    let first = Number.NaN;
    let rows = 0;
    for await (const batch of readWindow(audit, source, step.window, newestFirst)) {
      if (Number.isNaN(first)) first = performance.now() - start;
      rows += batch.length;
      if (batch.length > 0) yield batch;
    }
    step = nextStep(walk, step, { rows, ms: first });
  }
}

/** Rows are sorted before their images become text. */
async function* readWindow(
  audit: AuditDatabase,
  source: ChangeSource,
  window: Window,
  newestFirst: boolean,
): AsyncGenerator<PlacedChange[], void, undefined> {
  const { sql } = audit;
  const query: ReturnType<typeof sql> = sql`
    select ${changeColumns(audit)}
    from (
      select change.*
      from ${audit.object("change")} as change
      where ${inWindow(audit, source, window)}
      order by change.id ${newestFirst ? sql`desc` : sql`asc`}
    ) as change`;
  for await (const rows of streamCursor<ChangeRow>(sql, "changes_of_window", query, BATCH))
    yield rows.map((row) => toChange(row, source.relation));
}

/** The id from which on there are just so many changes; "none" where there is no change, undefined where there are fewer. */
export async function findNewest(
  audit: AuditDatabase,
  source: ChangeSource,
  count: number,
): Promise<bigint | "none" | undefined> {
  const { sql } = audit;
  const bounds = await boundsOf(audit, source, undefined);
  if (bounds === undefined) return "none";
  const walk = { ...bounds, newestFirst: true };
  let wanted = count;
  let step: Step | undefined = firstStep(walk);
  while (step !== undefined) {
    const start = performance.now();
    const [found] = await sql<{ first: string | null; rows: number }[]>`
      select min(id)::text as first, count(*)::integer as rows
      from (
        select change.id
        from ${audit.object("change")} as change
        where ${inWindow(audit, source, step.window)}
        order by change.id desc
        limit ${wanted}
      ) as newest`;
    const rows = found?.rows ?? 0;
    wanted -= rows;
    if (wanted === 0 && found?.first != null) return BigInt(found.first);
    step = nextStep(walk, step, { rows, ms: performance.now() - start });
  }
  return wanted === count ? "none" : undefined;
}

function inWindow(audit: AuditDatabase, { relation, filter }: ChangeSource, { from, to }: Window) {
  const { sql } = audit;
  return sql`change.relation = ${relation.id}
    ${from === undefined ? sql`` : sql`and change.id >= ${String(from)}`}
    ${to === undefined ? sql`` : sql`and change.id < ${String(to)}`}
    ${filterCondition(audit, filter)}`;
}

/**
 * The ids worth walking through, undefined where there are none. Only hints: what lies outside is found by the open
 * windows at both ends.
 */
async function boundsOf(
  audit: AuditDatabase,
  { relation, filter }: ChangeSource,
  from: bigint | undefined,
): Promise<Omit<Walk, "newestFirst"> | undefined> {
  const since = filter.since ?? filter.after;
  const early = from === undefined && since ? await firstSince(audit, relation, since) : undefined;
  if (early === "none") return undefined;
  const lowest = from ?? early ?? (await firstCovered(audit, relation));
  return { lowest, highest: await lastNumber(audit), from };
}

async function firstCovered({ sql, object }: AuditDatabase, relation: Relation): Promise<bigint> {
  const [found] = await sql<{ first: string | null }[]>`
    select min(from_id)::text as first from ${object("coverage")} where relation = ${relation.id}`;
  return BigInt(found?.first ?? 0);
}

/**
 * About the greatest id: segments grow at their ends, so a look at the last pages of those that are written to tells.
 * What was put into free places elsewhere may be greater.
 */
async function lastNumber({ sql, object, installation }: AuditDatabase): Promise<bigint> {
  const segments = await sql<{ id: number; last: string | null; page: string }[]>`
    select segment.id, segment.last_id::text as last,
      (coalesce(pg_relation_size(class.oid), 0) / current_setting('block_size')::bigint)::text as page
    from ${object("segment")} as segment
    left join pg_class as class
      on class.relname = 'change_' || segment.id and class.relnamespace = to_regnamespace(quote_ident(${installation.schema}))`;
  let last = 0n;
  for (const segment of segments) {
    const found = segment.last ?? (await lastOnPages(segment.id, BigInt(segment.page)));
    if (found !== null && BigInt(found) > last) last = BigInt(found);
  }
  return last;

  async function lastOnPages(segment: number, pages: bigint): Promise<string | null> {
    const from = `(${pages > LAST_PAGES ? pages - LAST_PAGES : 0n},0)`;
    const [found] = await sql<{ last: string | null }[]>`
      select max(change.id)::text as last
      from ${object("change")} as change
      where change.segment = ${segment} and change.ctid >= ${from}::text::tid`;
    return found?.last ?? null;
  }
}

/** The least id of the first changes found at or after an instant; a tag may have to do with earlier ones. */
async function firstSince(
  { sql, object }: AuditDatabase,
  relation: Relation,
  { at, tag }: Instant,
): Promise<bigint | "none" | undefined> {
  const instant =
    tag === undefined
      ? sql`${at}::text::timestamptz`
      : sql`(select since from ${object("tag")} where name = ${tag})`;
  const [found] = await sql<{ first: string | null }[]>`
    select min(id)::text as first
    from (
      select change.id
      from ${object("change")} as change
      where change.relation = ${relation.id} and change.at >= ${instant}
      limit 100
    ) as early`;
  if (found?.first != null) return BigInt(found.first);
  return tag === undefined ? "none" : undefined;
}
