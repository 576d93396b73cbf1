import { spreadPages } from "../core/spread.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

/** A segment as the server stores it: the log grows at its end, so that pages lie about in the order of time. */
export interface SegmentPages {
  readonly segment: number;
  readonly pages: number;
  /** When its newest change was recorded, as ISO 8601; null while it is not closed. */
  readonly lastAt: string | null;
}

/** So many rows of a page are looked at. */
const rowsPerPage = 4;

/** The segments that can be read, newest first. */
export async function listSegmentPages({
  sql,
  object,
  installation,
}: AuditDatabase): Promise<SegmentPages[]> {
  return sql<SegmentPages[]>`
    select
      segment.id as segment,
      (pg_relation_size(class.oid) / current_setting('block_size')::integer)::float8 as pages,
      to_char(segment.last_at, ${ISO}) as "lastAt"
    from ${object("segment")} as segment
    join pg_namespace as namespace on namespace.nspname = ${installation.schema}
    join pg_class as class on class.relnamespace = namespace.oid and class.relname = 'change_' || segment.id
    join pg_inherits as inherits on inherits.inhrelid = class.oid and not inherits.inhdetachpending
    order by segment.id desc`;
}

/**
 * Condition for `change`: a few rows of each of these pages of a segment. It costs a page each however long the
 * log is, and needs no index.
 */
export function inPages({ sql }: AuditDatabase, segment: number, pages: readonly number[]) {
  const places = pages.flatMap((page) =>
    Array.from({ length: rowsPerPage }, (_, row) => `(${page},${row + 1})`),
  );
  return sql`change.segment = ${segment} and change.ctid = any (${sql.array(places, 25)}::text[]::tid[])`;
}

/** The page a change lies in. */
export function pageOf({ sql }: AuditDatabase) {
  return sql`(change.ctid::text::point)[0]`;
}

/**
 * A number near the greatest in the log: changes with greater ones may follow, but hardly many. Zero where the log
 * is empty.
 */
export async function findNewestId(audit: AuditDatabase): Promise<bigint> {
  const { sql, object } = audit;
  const [closed] = await sql<{ id: string | null }[]>`
    select max(segment.last_id)::text as id from ${object("segment")} as segment`;
  let newest = BigInt(closed?.id ?? 0);
  for (const { segment, pages } of await listSegmentPages(audit)) {
    if (pages === 0) continue;
    const [found] = await sql<{ id: string | null }[]>`
      select max(change.id)::text as id
      from ${object("change")} as change
      where ${inPages(audit, segment, lastPages(pages))}`;
    const id = BigInt(found?.id ?? 0);
    if (id > newest) newest = id;
  }
  return newest;
}

/** The last ones may be empty yet, or full of what was rolled back: some further down as well. */
function lastPages(pages: number): number[] {
  const back = [1, 2, 4, 8, 16, 32].map((distance) => pages - distance).filter((page) => page >= 0);
  return [...back, ...spreadPages({ first: 0, end: pages }, 32)];
}
