import type { BlameColumn } from "../core/blame.ts";
import type { Image, Instant } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import { statementAt } from "./past.ts";
import type { Relation } from "./registry.ts";

/** The columns a table has today, in order; of an instant, without those that came later. */
export async function readBlameColumns(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant | undefined,
): Promise<(BlameColumn & { readonly known: boolean })[]> {
  const rows = await sql<
    { attnum: number; name: string; withheld: BlameColumn["withheld"] | null; known: boolean }[]
  >`
    select known.attnum, known.name, known.unknown is null as known,
      case
        when attribute.attgenerated = 'v' then 'generated'
        when known.attnum = any (registered.redacted) then 'redacted'
        when known.attnum = any (registered.excluded) then 'excluded'
      end as withheld
    from ${object("_columns_at")}(
      ${relation.id}, ${relation.oid}::oid, coalesce(${instant?.at ?? null}::text::timestamptz, clock_timestamp()), ${instant?.tag ?? null}::text) as known
    join pg_attribute as attribute on attribute.attrelid = ${relation.oid}::oid and attribute.attnum = known.attnum
    join ${object("relation")} as registered on registered.id = ${relation.id}
    where known.unknown is distinct from 'added later'
    order by known.attnum`;
  return rows.map(({ withheld, ...column }) => ({ ...column, withheld: withheld ?? undefined }));
}

/** Whether the caller sees every row of the table: may read it, and no policy hides any. */
export async function isReadable({ sql }: AuditDatabase, { oid }: Relation): Promise<boolean> {
  const [row] = await sql<{ readable: boolean }[]>`
    select has_table_privilege(${oid}::oid, 'select') and not row_security_active(${oid}::oid) as readable`;
  return row?.readable === true;
}

/**
 * The row under a key as it is, or was at an instant: the values of the given columns as the log would write them.
 * undefined where there is none. Throws where the instant lies outside coverage.
 */
export async function readRowImage(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  columns: readonly BlameColumn[],
  instant: Instant | undefined,
): Promise<Image | undefined> {
  const { sql, object } = audit;
  const source =
    instant === undefined
      ? await presentRow(audit, relation, key)
      : await statementAt(audit, relation, instant, [key]);
  const kept = sql.array(
    columns.map(({ attnum }) => attnum),
    21,
  );
  const [made] = await sql<{ image: string; zone: string }[]>`
    select current_setting('TimeZone') as zone,
      ${object("_row_image_expression")}(${relation.oid}::oid, array(
        select attnum from pg_attribute
        where attrelid = ${relation.oid}::oid and attnum > 0 and attnum <> all (${kept}::smallint[])
      ), 'found.') as image`;
  // Values are to be held against those in the log, which are written under settings of their own.
  await sql`select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true)`;
  const [row] = await sql.unsafe<{ image: string }[]>(
    `select (${made?.image})::text as image from (${source}) as found`,
  );
  await sql`select set_config('TimeZone', ${made?.zone ?? "UTC"}, true)`;
  return row && (JSON.parse(row.image) as Image);
}

async function presentRow({ sql, object }: AuditDatabase, relation: Relation, key: string): Promise<string> {
  const keyColumns = sql.array([...relation.keyColumns], 21);
  const [made] = await sql<{ statement: string }[]>`
    select format('select live.* from (select asked.key, %s from (values (%L)) as asked (key)) as asked join %s%s as live on %s',
      ${object("_typed_key")}(class.oid, ${keyColumns}::smallint[], 'asked'),
      ${key}::text,
      case when class.relkind = 'p' then '' else 'only ' end,
      class.oid::regclass,
      ${object("_key_match")}(class.oid, ${keyColumns}::smallint[], 'asked')) as statement
    from pg_class as class
    where class.oid = ${relation.oid}::oid`;
  return made?.statement ?? "";
}

/** Which changes of some keys are to be undone to come to an instant. */
export async function readUndone(
  { sql, object }: AuditDatabase,
  relation: Relation,
  keys: readonly string[],
  { at, tag }: Instant,
): Promise<ReadonlySet<string>> {
  const [undone] = await sql<{ later: string; straddling: string | null }[]>`
    select later, straddling from ${object("_undone")}(${at}::text::timestamptz, ${tag ?? null}::text)`;
  const rows = await sql<{ id: string }[]>`
    select change.id::text as id
    from ${object("change")} as change
    where change.relation = ${relation.id}
      and (change.key = any (${sql.array([...keys], 25)}::text[]) or change.old_key = any (${sql.array([...keys], 25)}::text[])
        or (change.op = 'T' and change.key is null))
      and (${sql.unsafe(undone?.later ?? "false")} or ${sql.unsafe(undone?.straddling ?? "false")})`;
  return new Set(rows.map(({ id }) => id));
}
