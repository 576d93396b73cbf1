import type { Sql } from "../connection/connect.ts";
import type { ColumnFacts, KeyCandidate, TableFacts } from "../core/auditable.ts";
import { tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { didYouMean } from "../core/suggest.ts";
import { usageError } from "../errors.ts";
import type { TableName } from "../types.ts";

/**
 * Finds tables by name; unqualified names follow `searchPath`. Throws one usage error that names every table
 * that is not there, each with the likeliest meant.
 */
export async function resolveTables(
  sql: Sql,
  names: readonly TableName[],
  searchPath: readonly string[],
): Promise<TableFacts[]> {
  const found: TableFacts[] = [];
  const faults: string[] = [];
  for (const name of names) {
    const oid = await findTable(sql, name, searchPath);
    if (oid === undefined) faults.push(await unknownTable(sql, name, searchPath));
    else found.push(...(await readTables(sql, [oid])));
  }
  if (faults.length > 0)
    throw usageError(faults.join("\n"), "List the tables with psql's \\dt *.* or check the schema's name.");
  return found;
}

/** The oid of a relation of any kind by name; undefined where there is none. */
export async function findTable(
  sql: Sql,
  { schema, table }: TableName,
  searchPath: readonly string[],
): Promise<number | undefined> {
  const schemas = schema === undefined ? searchPath : [schema];
  const [row] = await sql<{ oid: number }[]>`
    select class.oid
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relname = ${table}
      and namespace.nspname = any (${sql.array([...schemas], 25)})
      and class.relkind not in ('i', 'I', 't', 'c')
    order by array_position(${sql.array([...schemas], 25)}::text[], namespace.nspname::text)
    limit 1`;
  return row?.oid;
}

/** The sentence for a table that is not there: where it was looked for, what may be meant. */
export async function unknownTable(
  sql: Sql,
  name: TableName,
  searchPath: readonly string[],
): Promise<string> {
  const known = await sql<{ schema: string; table: string }[]>`
    select namespace.nspname as schema, class.relname as table
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'p', 'v', 'm', 'f')
      and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    order by 1, 2
    limit 5000`;
  const typed = tableLabel(name);
  const elsewhere = known.filter(({ table }) => table === name.table).map(tableLabel);
  const where =
    name.schema === undefined
      ? ` in the search path (${searchPath.map((schema) => safeText(schema)).join(", ")})`
      : "";
  if (elsewhere.length > 0) {
    const others = elsewhere.slice(0, 3).map((text) => safeText(text));
    return `There is no table ${typed}${where}; did you mean ${others.join(" or ")}?`;
  }
  const near = known.filter(({ schema }) =>
    (name.schema === undefined ? searchPath : [name.schema]).includes(schema),
  );
  const meant = didYouMean(name.table, [...new Set(near.map(({ table }) => table))]);
  return [`There is no table ${typed}${where}.`, meant].join(" ").trimEnd();
}

/** Every table that could be audited by name: ordinary and partitioned ones, of one schema or of all but ours. */
export async function listTables(
  sql: Sql,
  schema: string | undefined,
  auditSchemas: readonly string[],
): Promise<TableFacts[]> {
  if (schema !== undefined) {
    const schemas = await sql<
      { name: string }[]
    >`select nspname as name from pg_namespace where nspname !~ '^pg_' order by 1`;
    if (!schemas.some(({ name }) => name === schema)) {
      const meant = didYouMean(
        schema,
        schemas.map(({ name }) => name),
      );
      throw usageError([`There is no schema ${safeText(schema)}.`, meant].join(" ").trimEnd());
    }
  }
  const rows = await sql<{ oid: number }[]>`
    select class.oid
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'p', 'f')
      and class.relpersistence <> 't'
      and namespace.nspname !~ '^pg_'
      and namespace.nspname <> 'information_schema'
      and namespace.nspname <> all (${sql.array([...auditSchemas], 25)})
      and (${schema ?? null}::text is null or namespace.nspname = ${schema ?? null})
    order by namespace.nspname, class.relname`;
  return readTables(
    sql,
    rows.map(({ oid }) => oid),
  );
}

/** The facts of tables by oid, in the order given. */
export async function readTables(sql: Sql, oids: readonly number[]): Promise<TableFacts[]> {
  const rows = await sql<
    (Omit<TableFacts, "columns" | "candidates"> & { columns: string; candidates: string })[]
  >`
    select
      class.oid,
      namespace.nspname as schema,
      class.relname as table,
      class.relkind::text as kind,
      class.relpersistence = 't' as temporary,
      class.relpersistence = 'u' as unlogged,
      namespace.nspname ~ '^pg_' or namespace.nspname = 'information_schema' as system,
      (
        select extension.extname
        from pg_depend as dependency
        join pg_extension as extension on extension.oid = dependency.refobjid
        where dependency.classid = 'pg_class'::regclass
          and dependency.objid = class.oid
          and dependency.refclassid = 'pg_extension'::regclass
          and dependency.deptype = 'e'
      ) as extension,
      case when class.relispartition then pg_partition_root(class.oid)::regclass::text end as "partitionOf",
      not class.relispartition and class.relkind = 'r' and exists (
        select from pg_inherits where inhrelid = class.oid or inhparent = class.oid
      ) as inheritance,
      class.relrowsecurity as "rowSecurity",
      coalesce((
        select array_agg(place.attnum order by place.ordinality)
        from pg_index as key, unnest(key.indkey::smallint[]) with ordinality as place (attnum, ordinality)
        where key.indrelid = class.oid and key.indisprimary and place.ordinality <= key.indnkeyatts
      ), '{}') as "keyColumns",
      coalesce((
        select json_agg(json_build_object(
          'attnum', attribute.attnum, 'name', attribute.attname,
          'type', format_type(attribute.atttypid, attribute.atttypmod)) order by attribute.attnum)
        from pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
      ), '[]') as columns,
      coalesce((
        select json_agg(json_build_object(
          'name', index_class.relname,
          'columns', (
            select json_agg(place.attnum order by place.ordinality)
            from unnest(candidate.indkey::smallint[]) with ordinality as place (attnum, ordinality)
            where place.ordinality <= candidate.indnkeyatts
          )) order by index_class.relname)
        from pg_index as candidate
        join pg_class as index_class on index_class.oid = candidate.indexrelid
        where candidate.indrelid = class.oid
          and candidate.indisunique and candidate.indisvalid and not candidate.indisprimary
          and candidate.indpred is null and candidate.indexprs is null
          and not exists (
            select from pg_attribute as attribute
            where attribute.attrelid = class.oid
              and attribute.attnum = any ((candidate.indkey::smallint[])[0 : candidate.indnkeyatts - 1])
              and not attribute.attnotnull
          )
      ), '[]') as candidates
    from unnest(${sql.array([...oids], 26)}::oid[]) with ordinality as wanted (oid, ordinality)
    join pg_class as class on class.oid = wanted.oid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    order by wanted.ordinality`;
  return rows.map((row) => ({
    ...row,
    columns: JSON.parse(row.columns) as ColumnFacts[],
    candidates: JSON.parse(row.candidates) as KeyCandidate[],
  }));
}
