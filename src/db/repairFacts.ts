import { quoteIdentifier } from "../core/name.ts";
import type { OwnedSequence } from "../core/repair.ts";
import type { SwitchedTrigger } from "../core/switchedTrigger.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

export type WriteEvent = "insert" | "update" | "delete";

/** A trigger of the application on a table, or on a partition of it, that is switched on. */
export interface OwnTrigger extends SwitchedTrigger {
  readonly events: readonly WriteEvent[];
  /** Whether the caller may switch it off: owns the table. */
  readonly switchable: boolean;
  /** Whether another audit trail records by it: it is never switched off. */
  readonly records: boolean;
}

/** The triggers that writing to a table fires, in the order of their names; without ours. */
export async function readTriggers(
  { sql, installation }: AuditDatabase,
  { oid }: Relation,
): Promise<OwnTrigger[]> {
  return sql<OwnTrigger[]>`
    select
      namespace.nspname as schema, class.relname as table, trigger.tgname as name,
      array_remove(array[
        case when trigger.tgtype & 4 > 0 then 'insert' end,
        case when trigger.tgtype & 16 > 0 then 'update' end,
        case when trigger.tgtype & 8 > 0 then 'delete' end
      ], null) as events,
      trigger.tgenabled = 'A' as always,
      pg_has_role(class.relowner, 'usage') as switchable,
      starts_with(trigger.tgname, concat('00_', home.nspname, '_')) as records
    from pg_trigger as trigger
    join pg_class as class on class.oid = trigger.tgrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    join pg_proc as function on function.oid = trigger.tgfoid
    join pg_namespace as home on home.oid = function.pronamespace
    where trigger.tgrelid in (select ${oid}::oid union select relid from pg_partition_tree(${oid}::oid))
      and not trigger.tgisinternal
      and trigger.tgparentid = 0
      and trigger.tgenabled in ('O', 'A')
      and trigger.tgtype & 28 > 0
      and not (home.nspname = ${installation.schema} and starts_with(trigger.tgname, concat('00_', home.nspname, '_')))
    order by 1, 2, 3`;
}

/** Rows of another table that hang on rows which are to go. */
export interface DependentRows {
  readonly constraint: string;
  readonly schema: string;
  readonly table: string;
  /** What the foreign key does with them: refuses, deletes them, or empties their columns. */
  readonly action: "refuses" | "deletes" | "empties";
  /** null where the caller may not count them. bigint as text. */
  readonly rows: string | null;
}

/** Which rows of tables that are not `among` those to be written refer to rows with these keys. */
export async function readDependents(
  audit: AuditDatabase,
  relation: Relation,
  keys: readonly string[],
  among: readonly number[],
): Promise<DependentRows[]> {
  if (keys.length === 0) return [];
  const { sql } = audit;
  const constraints = await sql<
    (Omit<DependentRows, "rows"> & { child: string; matches: string; readable: boolean })[]
  >`
    select
      con.conname as constraint, namespace.nspname as schema, class.relname as table,
      case con.confdeltype when 'c' then 'deletes' when 'n' then 'empties' when 'd' then 'empties' else 'refuses' end as action,
      format('%I.%I', namespace.nspname, class.relname) as child,
      has_table_privilege(class.oid, 'select') as readable,
      (
        select string_agg(format('child.%I = live.%I', own.attname, other.attname), ' and ')
        from unnest(con.conkey, con.confkey) as pair (own, other)
        join pg_attribute as own on own.attrelid = con.conrelid and own.attnum = pair.own
        join pg_attribute as other on other.attrelid = con.confrelid and other.attnum = pair.other
      ) as matches
    from pg_constraint as con
    join pg_class as class on class.oid = con.conrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where con.contype = 'f' and con.conparentid = 0 and con.confrelid = ${relation.oid}::oid
      and con.conrelid <> all (${sql.array([...among], 26)}::oid[])
    order by 2, 3, 1`;
  const found: DependentRows[] = [];
  for (const { child, matches, readable, constraint, schema, table, action } of constraints) {
    let rows: string | null = null;
    if (readable) {
      const source = await presentSource(audit, relation);
      const [counted] = await sql.unsafe<{ rows: string }[]>(
        `select count(*)::text as rows from ${source} join ${child} as child on ${matches}`,
        [JSON.stringify(keys)],
      );
      rows = counted?.rows ?? null;
    }
    if (rows !== "0") found.push({ constraint, schema, table, action, rows });
  }
  return found;
}

/**
 * SQL text for a FROM clause: the rows of a table, called "live", that are there now under the keys of $1, a JSON array of
 * the log's texts.
 */
export async function presentSource({ sql, object }: AuditDatabase, relation: Relation): Promise<string> {
  const keyColumns = sql.array([...relation.keyColumns], 21);
  const [made] = await sql<{ source: string }[]>`
    select format(
      '(select asked.key, %s from (select json_array_elements_text($1::text::json) as key) as asked) as asked join %s%s as live on %s',
      ${object("_typed_key")}(class.oid, ${keyColumns}::smallint[], 'asked'),
      case when class.relkind = 'p' then '' else 'only ' end,
      class.oid::regclass,
      ${object("_key_match")}(class.oid, ${keyColumns}::smallint[], 'asked')) as source
    from pg_class as class
    where class.oid = ${relation.oid}::oid`;
  return made?.source ?? "";
}

/** The sequences that give columns of a table their values. */
export async function readSequences({ sql }: AuditDatabase, { oid }: Relation): Promise<OwnedSequence[]> {
  return sql<OwnedSequence[]>`
    select
      namespace.nspname as schema, class.relname as name, attribute.attname as column,
      case when has_sequence_privilege(class.oid, 'select, usage') then pg_sequence_last_value(class.oid)::text end as last,
      sequence.seqincrement::text as increment,
      has_sequence_privilege(class.oid, 'update') and has_sequence_privilege(class.oid, 'select, usage') as movable
    from pg_depend as owned
    join pg_class as class on class.oid = owned.objid and class.relkind = 'S'
    join pg_sequence as sequence on sequence.seqrelid = class.oid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    join pg_attribute as attribute on attribute.attrelid = owned.refobjid and attribute.attnum = owned.refobjsubid
    where owned.classid = 'pg_class'::regclass and owned.refclassid = 'pg_class'::regclass
      and owned.refobjid = ${oid}::oid and owned.deptype in ('a', 'i')
    order by 1, 2`;
}

/** Moves a sequence forward. What it gave out meanwhile counts; a sequence knows no rollback. */
export async function moveSequence(
  { sql }: AuditDatabase,
  { schema, name, to }: { readonly schema: string; readonly name: string; readonly to: string },
): Promise<void> {
  const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  await sql`
    select setval(sequence.seqrelid, ${to}::bigint)
    from pg_sequence as sequence
    where sequence.seqrelid = ${qualified}::text::regclass
      and case when sequence.seqincrement > 0
        then coalesce(pg_sequence_last_value(sequence.seqrelid), sequence.seqmin - 1::numeric) < ${to}::bigint
        else coalesce(pg_sequence_last_value(sequence.seqrelid), sequence.seqmax + 1::numeric) > ${to}::bigint
      end`;
}

/** Whether row-level security hides rows of the table from the caller. */
export async function isHidden({ sql }: AuditDatabase, { oid }: Relation): Promise<boolean> {
  const [row] = await sql<{ hidden: boolean }[]>`select row_security_active(${oid}::oid) as hidden`;
  return row?.hidden ?? false;
}
