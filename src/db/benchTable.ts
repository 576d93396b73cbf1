import type { TableFacts } from "../core/auditable.ts";
import type { BenchVariant } from "../core/bench.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { AuditDatabase } from "./installation.ts";

/** What measuring has to know of a table beyond whether it can be audited. */
export interface BenchTable {
  readonly facts: TableFacts;
  readonly owner: string;
  /** Whether we are the owner; else the copies are made, and written to, as the owner. */
  readonly isOwner: boolean;
  /** Whether the owner may make tables in the schema. */
  readonly ownerMayCreate: boolean;
  /** Whether writes to the table fire triggers of the application's own. */
  readonly triggers: boolean;
  /** Whether the table has foreign keys, which a copy has not. */
  readonly foreignKeys: boolean;
  /** The statement_timeout that the role, the database or the server sets. */
  readonly statementTimeout: string;
  /** Those that can be written to: not the generated ones. */
  readonly columns: readonly BenchColumn[];
  /** The column of `attnum` with the operator by which its index finds it. */
  readonly equals: ReadonlyMap<number, string>;
}

export interface BenchColumn {
  readonly attnum: number;
  readonly name: string;
  /** Of a domain that which lies below it. */
  readonly type: string;
}

interface Row extends Omit<BenchTable, "facts" | "columns" | "equals"> {
  readonly columns: string;
  readonly equals: string;
}

export async function readBenchTable(
  { sql, installation }: AuditDatabase,
  facts: TableFacts,
): Promise<BenchTable> {
  const [row] = await sql<Row[]>`
    with recursive writable as (
      select attribute.attnum, attribute.attname, attribute.atttypid as type, attribute.atttypmod as modifier
      from pg_attribute as attribute
      where attribute.attrelid = ${facts.oid} and attribute.attnum > 0
        and not attribute.attisdropped and attribute.attgenerated = ''
    ), based as (
      select * from writable
      union all
      select based.attnum, based.attname, domain.typbasetype, domain.typtypmod
      from based
      join pg_type as domain on domain.oid = based.type and domain.typtype = 'd'
    )
    select
      pg_get_userbyid(class.relowner) as owner,
      pg_get_userbyid(class.relowner) = current_user as "isOwner",
      has_schema_privilege(class.relowner, class.relnamespace, 'create') as "ownerMayCreate",
      exists (
        select from pg_trigger as trigger
        where trigger.tgrelid = class.oid and not trigger.tgisinternal
          and not starts_with(trigger.tgname, '00_' || ${installation.schema}::text || '_')
      ) as triggers,
      exists (
        select from pg_constraint as foreign_key
        where foreign_key.conrelid = class.oid and foreign_key.contype = 'f'
      ) as "foreignKeys",
      (select setting.reset_val || setting.unit from pg_settings as setting where setting.name = 'statement_timeout') as "statementTimeout",
      (
        select coalesce(json_agg(json_build_object(
          'attnum', based.attnum, 'name', based.attname,
          'type', format_type(based.type, based.modifier)) order by based.attnum), '[]')
        from based
        join pg_type as base on base.oid = based.type and base.typtype <> 'd'
      ) as columns,
      (
        select coalesce(json_agg(json_build_array(part.attnum, part.operator)), '[]')
        from (
          select distinct on (place.attnum) place.attnum,
            format('operator(%I.%s)', namespace.nspname, operator.oprname) as operator
          from pg_index as key
          cross join unnest(key.indkey::smallint[], key.indclass::oid[]) as place (attnum, opclass)
          join pg_opclass as opclass on opclass.oid = place.opclass
          join pg_amop as equality
            on equality.amopfamily = opclass.opcfamily and equality.amopstrategy = 3
            and equality.amoplefttype = opclass.opcintype and equality.amoprighttype = opclass.opcintype
          join pg_operator as operator on operator.oid = equality.amopopr
          join pg_namespace as namespace on namespace.oid = operator.oprnamespace
          where key.indrelid = class.oid and key.indisunique
          order by place.attnum, key.indisprimary desc
        ) as part
      ) as equals
    from pg_class as class
    where class.oid = ${facts.oid}`;
  if (!row) throw new Error(`pg_class has lost ${facts.schema}.${facts.table}`);
  return {
    ...row,
    facts,
    columns: JSON.parse(row.columns) as BenchColumn[],
    equals: new Map(JSON.parse(row.equals) as [number, string][]),
  };
}

/** What a run makes, by names that nothing else has: `token` is chance. All SQL, quoted and qualified. */
export interface BenchNames {
  readonly copies: Readonly<Record<BenchVariant, string>>;
  /** The audited copy by its parts. */
  readonly audited: { readonly schema: string; readonly table: string };
  /** The sample, in a temporary table, with a number of its own for each row. */
  readonly stash: string;
  readonly number: string;
  /** A function of ours. */
  readonly routine: (what: string) => string;
}

export function benchNames({ facts }: BenchTable, token: string): BenchNames {
  const schema = quoteIdentifier(facts.schema);
  const taken = facts.columns.map(({ name }) => name);
  let number = "n";
  while (taken.includes(number)) number += "n";
  return {
    copies: {
      plain: `${schema}.audit_bench_${token}_plain`,
      audited: `${schema}.audit_bench_${token}_audited`,
    },
    audited: { schema: facts.schema, table: `audit_bench_${token}_audited` },
    stash: `pg_temp.audit_bench_${token}_rows`,
    number: quoteIdentifier(number),
    routine: (what) => `pg_temp.audit_bench_${token}_${what}`,
  };
}

/**
 * The statements that make the copies and take the sample, and those that go back to being ourselves. In between the
 * owner is at work: what hangs on a table (checks, generated columns, domains, expressions in indexes) may call code,
 * which is not to run with more rights than those of the table's owner, nor to find another search path than usual.
 */
export function setUpStatements(
  table: BenchTable,
  names: BenchNames,
  { rows, searchPath }: { readonly rows: number; readonly searchPath: readonly string[] },
): { readonly asOwner: string[]; readonly make: string[]; readonly asOurselves: string[] } {
  const { facts } = table;
  const owner = quoteIdentifier(table.owner);
  const schema = quoteIdentifier(facts.schema);
  const original = `${schema}.${quoteIdentifier(facts.table)}`;
  const from = facts.kind === "p" ? original : `only ${original}`;
  const kind = facts.unlogged ? "create unlogged table" : "create table";
  return {
    asOwner: [
      ...(table.ownerMayCreate ? [] : [`grant create on schema ${schema} to ${owner};`]),
      ...(table.isOwner ? [] : [`set local role ${owner};`]),
      `set local search_path = ${pathText(searchPath)};`,
    ],
    make: [
      `${kind} ${names.copies.plain} (like ${original} including all);`,
      `${kind} ${names.copies.audited} (like ${original} including all);`,
      `create temporary table ${unqualified(names.stash)} as
select row_number() over () as ${names.number}, ${columnList(table, "original.")}
from ${from} as original
limit ${rows};`,
      `alter table ${names.stash} add primary key (${names.number});`,
    ],
    asOurselves: ["set local search_path = pg_catalog, pg_temp;", ...(table.isOwner ? [] : ["reset role;"])],
  };
}

/** The statements that put the sample into the copies, which are empty. */
export function fillStatements(table: BenchTable, names: BenchNames): string[] {
  const copies = Object.values(names.copies);
  return [
    ...copies.map((copy) => `${insertSql(table, names, copy)};`),
    ...copies.map((copy) => `analyze ${copy};`),
  ];
}

/** Puts the sample into a copy. */
export function insertSql(table: BenchTable, names: BenchNames, copy: string): string {
  return `insert into ${copy} (${columnList(table)}) overriding system value
select ${columnList(table, "stash.")} from ${names.stash} as stash`;
}

export function pathText(searchPath: readonly string[]): string {
  return searchPath.length === 0 ? "''" : searchPath.map(quoteIdentifier).join(", ");
}

function columnList({ columns }: BenchTable, prefix = ""): string {
  return columns.map(({ name }) => `${prefix}${quoteIdentifier(name)}`).join(", ");
}

/** CREATE TEMPORARY TABLE knows by itself where it goes. */
function unqualified(name: string): string {
  return name.replace("pg_temp.", "");
}
