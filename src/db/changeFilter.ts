import type { Instant, Op, OperationName } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";

/** Which changes to read. Whatever is left out does not narrow. */
export interface ChangeFilter {
  /** Changes recorded at this instant or later; of a tag, those that were not visible to it. */
  readonly since?: Instant | undefined;
  /** Changes recorded later than this instant; of a tag, those that were not visible to it. */
  readonly after?: Instant | undefined;
  /** Changes recorded by this instant; of a tag, those that were visible to it. */
  readonly until?: Instant | undefined;
  readonly ops?: readonly OperationName[] | undefined;
  /** The claimed actor, or the session user where none was claimed. */
  readonly actor?: string | undefined;
  readonly dbUser?: string | undefined;
  /** Changes that changed one of these columns. */
  readonly columns?: readonly RecordedColumn[] | undefined;
  /** An SQL condition that requireChangeCondition found to be one. */
  readonly where?: string | undefined;
  /** A regular expression over key, values, actor and context, in any case. */
  readonly grep?: string | undefined;
  /** What the context has to say, all of it. */
  readonly context?: readonly { readonly key: string; readonly value: string }[] | undefined;
}

/** What the log calls a column of a table, in the changes from one id up to, and without, another. */
export interface RecordedColumn {
  /** Registry id of the table. */
  readonly relation: number;
  readonly name: string;
  readonly fromId: bigint;
  /** Undefined: to this day. */
  readonly untilId: bigint | undefined;
}

const letters: Readonly<Record<OperationName, Op>> = { insert: "I", update: "U", delete: "D", truncate: "T" };

const TEXT = 25;

/** The filter as conditions on `change`, each led by "and", for the end of a WHERE clause. */
export function filterCondition(audit: AuditDatabase, filter: ChangeFilter) {
  const { sql } = audit;
  const { since, after, until, ops, actor, dbUser, columns, where, grep, context } = filter;
  const letter = ops?.map((op) => letters[op]);
  return sql`
    ${since === undefined ? sql`` : sql`and ${sinceCondition(audit, since, sql`>=`)}`}
    ${after === undefined ? sql`` : sql`and ${sinceCondition(audit, after, sql`>`)}`}
    ${until === undefined ? sql`` : sql`and ${untilCondition(audit, until)}`}
    ${letter === undefined ? sql`` : sql`and change.op::text = any (${sql.array(letter, TEXT)}::text[])`}
    ${actor === undefined ? sql`` : sql`and coalesce(change.actor, change.db_user) = ${actor}`}
    ${dbUser === undefined ? sql`` : sql`and change.db_user = ${dbUser}`}
    ${context === undefined ? sql`` : context.map(({ key, value }) => sql`and change.context ->> ${key}::text = ${value}`)}
    ${columns === undefined ? sql`` : sql`and ${columnsCondition(audit, columns)}`}
    ${grep === undefined ? sql`` : sql`and ${grepCondition(audit, grep)}`}
    ${where === undefined ? sql`` : sql`and ${whereCondition(audit, where)}`}`;
}

function sinceCondition(audit: AuditDatabase, { at, tag }: Instant, sign: ReturnType<AuditDatabase["sql"]>) {
  const { sql, object } = audit;
  if (tag === undefined) return sql`change.at ${sign} ${at}::text::timestamptz`;
  // The first part lets the log's summary serve.
  return sql`
    (change.id >= (select id from ${object("tag")} where name = ${tag})
      or change.at >= (select since from ${object("tag")} where name = ${tag}))
    and not (${visibleToTag(audit, tag)})`;
}

function untilCondition(audit: AuditDatabase, { at, tag }: Instant) {
  if (tag === undefined) return audit.sql`change.at <= ${at}::text::timestamptz`;
  return visibleToTag(audit, tag);
}

/** Ids of former eras are smaller, but their transactions were numbered by another counter. */
function visibleToTag({ sql, object }: AuditDatabase, tag: string) {
  return sql`
    change.id < (select id from ${object("tag")} where name = ${tag})
    and (change.id < (
        select installation.first_id
        from ${object("tag")} as tag
        join ${object("installation")} as installation on installation.era = tag.era
        where tag.name = ${tag})
      or pg_visible_in_snapshot(change.xid, (select snapshot from ${object("tag")} where name = ${tag})))`;
}

/**
 * Old images may be whole (full images, changed keys) and new ones absent (lean), so neither side alone tells. A redacted
 * value stands in an update only where it changed.
 */
function columnsCondition({ sql }: AuditDatabase, columns: readonly RecordedColumn[]) {
  const list = (values: readonly (string | null)[]) => sql.array([...values], TEXT);
  return sql`exists (
    select
    from unnest(
      ${list(columns.map(({ relation }) => String(relation)))}::text[]::integer[],
      ${list(columns.map(({ name }) => name))}::text[],
      ${list(columns.map(({ fromId }) => String(fromId)))}::text[]::bigint[],
      ${list(columns.map(({ untilId }) => (untilId === undefined ? null : String(untilId))))}::text[]::bigint[]
    ) as called (relation, name, from_id, until_id)
    where called.relation = change.relation
      and change.id >= called.from_id and (change.id < called.until_id) is not false
      and case
        when change.op <> 'U' then coalesce(change.new, '{}') ? called.name or coalesce(change.old, '{}') ? called.name
        when not change.new ? called.name then change.old_key is null and coalesce(change.old, '{}') ? called.name
        else change.old -> called.name is distinct from change.new -> called.name
          or change.new -> called.name -> 'redacted' is not null
          or change.old -> called.name -> 'redacted' is not null
      end)`;
}

/** Only values are looked at: neither names nor what stands for a value that is not kept. */
function grepCondition({ sql }: AuditDatabase, pattern: string) {
  return sql`(
    change.key ~* ${pattern} or change.old_key ~* ${pattern} or change.actor ~* ${pattern}
    or exists (
      select
      from (values (change.old), (change.new)) as image (it), jsonb_each(image.it) as part
      where jsonb_typeof(part.value) = 'string' and part.value #>> '{}' ~* ${pattern})
    or exists (
      select
      from jsonb_path_query(change.context, 'strict $.**') as fact (value)
      where jsonb_typeof(fact.value) not in ('object', 'array', 'null') and fact.value #>> '{}' ~* ${pattern}))`;
}

function whereCondition(audit: AuditDatabase, condition: string) {
  const { sql } = audit;
  return sql`exists (select from (select ${changeFields(audit)}) as change where (\n${sql.unsafe(condition)}\n))`;
}

/** A row of the log by the names that JSON answers have for its fields, for conditions that people write. */
function changeFields({ sql, object }: AuditDatabase) {
  return sql`
    change.id, change.xid::text::bigint as tx, change.at,
    (select schema_name from ${object("relation")} where id = change.relation) as schema,
    (select table_name from ${object("relation")} where id = change.relation) as "table",
    case change.op when 'I' then 'insert' when 'U' then 'update' when 'D' then 'delete' else 'truncate' end as op,
    change.key, change.old_key, change.old, change.new, change.actor, change.db_user, change.role,
    change.application, change.client_addr, change.context`;
}
