import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

/** So many pages at an end are read first: a few hundred changes, in whose order of time nothing lies far off. */
const FIRST_LOOK = 8;

/** Where an end holds nothing that can be seen (what was rolled back stays until vacuum comes), so many times more. */
const GROWTH = 8;

/** About when the changes of a segment were recorded. */
export interface RoughSpan {
  readonly first: string;
  readonly last: string;
}

/**
 * About from when to when a segment reaches that may still grow, by its first and last pages: the log grows at its end, so
 * that this costs the same however large it is. Undefined exactly where it holds no change. Nothing may be removed by it:
 * what is decided of changes is decided once the segment is closed and its span is known.
 */
export async function readRoughSpan(audit: AuditDatabase, segment: number): Promise<RoughSpan | undefined> {
  const pages = await countPages(audit, segment);
  const first = await lookFor(pages, (look) => endOf(audit, segment, "min", `(${look},0)`));
  if (first === undefined) return undefined;
  const last = await lookFor(pages, (look) =>
    endOf(audit, segment, "max", `(${Math.max(0, pages - look)},0)`),
  );
  return { first, last: last ?? first };
}

/** Looks further and further from an end. The last look is at everything, also at what has come in the meantime. */
async function lookFor(
  pages: number,
  look: (pages: number) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (let reach = FIRST_LOOK; reach < pages; reach *= GROWTH) {
    const found = await look(reach);
    if (found !== undefined) return found;
  }
  return look(MOST_PAGES);
}

/** Beyond any page there can be. */
const MOST_PAGES = 4_294_967_294;

async function countPages({ sql, installation }: AuditDatabase, segment: number): Promise<number> {
  const [row] = await sql<{ pages: number }[]>`
    select (pg_relation_size(class.oid) / current_setting('block_size')::integer)::float8 as pages
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = ${installation.schema} and class.relname = ${`change_${segment}`}`;
  return row?.pages ?? 0;
}

/** The oldest change before a place, or the newest from it on. */
async function endOf(
  { sql, object }: AuditDatabase,
  segment: number,
  end: "min" | "max",
  place: string,
): Promise<string | undefined> {
  const [row] = await sql<{ at: string | null }[]>`
    select to_char(${sql.unsafe(end)}(at), ${ISO}) as at
    from ${object("change")}
    where segment = ${segment} and ctid ${sql.unsafe(end === "min" ? "<" : ">=")} ${place}::text::tid`;
  return row?.at ?? undefined;
}
