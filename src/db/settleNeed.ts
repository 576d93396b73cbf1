import type { Moment, SettledNeed } from "../archive/neededChanges.ts";
import type { Instant } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Need } from "./need.ts";

/** How far back the server may be asked for the times of commits; see _undone. */
const COMMIT_TIMES = "1 day";

/** Resolves the instants and tags of a need. Keys and transactions are followed by others. */
export async function settleNeed(
  audit: AuditDatabase,
  { relations, since, until, moments = [] }: Need,
): Promise<SettledNeed> {
  const settledMoments: Moment[] = [];
  // What a tag saw is told by its snapshot.
  for (const moment of moments.filter(({ tag }) => tag === undefined))
    settledMoments.push(await momentOf(audit, moment));
  return {
    relations: relations && new Set(relations),
    since: since && (await boundOf(audit, since)),
    until: until && (await boundOf(audit, until)),
    moments: settledMoments,
  };
}

async function boundOf({ sql, object }: AuditDatabase, { at, tag }: Instant) {
  const [bound] =
    tag === undefined
      ? await sql<{ at: string; id: string | null }[]>`
          select ${inUtc(sql, sql`given.at`)} as at, null as id
          from (select ${at}::text::timestamptz as at) as given`
      : await sql<{ at: string; id: string | null }[]>`
          select ${inUtc(sql, sql`tag.since`)} as at, tag.id::text as id
          from ${object("tag")} as tag where tag.name = ${tag}`;
  if (bound === undefined) throw new Error("the server did not say when an instant is");
  return { at: bound.at, id: bound.id === null ? undefined : BigInt(bound.id) };
}

async function momentOf({ sql }: AuditDatabase, { at }: Instant): Promise<Moment> {
  const [moment] = await sql<{ at: string; from: string | null }[]>`
    select ${inUtc(sql, sql`given.at`)} as at,
      case when current_setting('track_commit_timestamp')::boolean
        then ${inUtc(sql, sql`given.at - ${COMMIT_TIMES}::text::interval`)} end as from
    from (select ${at}::text::timestamptz as at) as given`;
  if (moment === undefined) throw new Error("the server did not say when an instant is");
  return { at: moment.at, from: moment.from ?? undefined };
}

/**
 * The earliest beginning of a transaction that was in progress at one of these moments and recorded something later:
 * changes of theirs before the moment are to be undone, too. Asked of hot and archived changes; undefined where there is none.
 */
export async function earliestBeginning(
  { sql, object }: AuditDatabase,
  moments: readonly Moment[],
): Promise<string | undefined> {
  if (moments.length === 0) return undefined;
  const parts = moments.map(
    ({ at, from }) => sql`
      select least(min(coalesce(change.began, '-infinity')), ${from ?? null}::text::timestamptz) as began
      from ${object("change")} as change
      where change.at > ${at}::text::timestamptz and coalesce(change.began, '-infinity') <= ${at}::text::timestamptz`,
  );
  const union = parts.reduce((former, part) => sql`${former} union all ${part}`);
  const [found] = await sql<{ began: string | null }[]>`
    select ${inUtc(sql, sql`min(beginning.began)`)} as began from (${union}) as beginning`;
  return found?.began ?? undefined;
}

/** The keys that rows with these keys had before or after, as far as the log at hand tells. */
export async function keysOfLife(
  { sql, object }: AuditDatabase,
  relation: number,
  key: string,
): Promise<ReadonlySet<string>> {
  const rows = await sql<{ key: string }[]>`
    with recursive life (key) as (
      select ${key}::text
      union
      select unnest(array[moved.key, moved.old_key])
      from life
      cross join lateral (
        select change.key, change.old_key from ${object("change")} as change
        where change.relation = ${relation} and change.key = life.key and change.old_key is not null
        union all
        select change.key, change.old_key from ${object("change")} as change
        where change.relation = ${relation} and change.old_key = life.key
      ) as moved
    )
    select key from life where key is not null`;
  return new Set(rows.map(({ key: found }) => found));
}

function inUtc(sql: AuditDatabase["sql"], instant: ReturnType<AuditDatabase["sql"]>) {
  return sql`case when isfinite(${instant}) then ((${instant}) at time zone 'UTC')::text || '+00' else (${instant})::text end`;
}

/** The transaction that did a change; undefined where there is no such change at hand. */
export async function findXid({ sql, object }: AuditDatabase, change: string): Promise<string | undefined> {
  const [found] = await sql<{ tx: string }[]>`
    select change.xid::text as tx from ${object("change")} as change where change.id = ${change}::bigint`;
  return found?.tx;
}
