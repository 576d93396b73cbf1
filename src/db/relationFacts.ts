import type { Sql } from "../connection/connect.ts";
import type { TableName } from "../types.ts";

/** What the catalog says of a relation that a query names or reads. */
export interface RelationFacts {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** r table, p partitioned, v view, m materialized view, f foreign. */
  readonly kind: "r" | "p" | "v" | "m" | "f";
  /** The table it is a partition of, at the top. */
  readonly root: number | undefined;
  /** Tables that inherit from it, at any depth, which a query of it reads as well; partitions are none. */
  readonly heirs: readonly number[];
}

interface Row extends Omit<RelationFacts, "root" | "heirs"> {
  readonly place: number;
  readonly root: number | null;
  readonly heirs: readonly number[];
}

/** The relations of these names, in their order; undefined where there is none. Bare names follow the path as a query's do. */
export async function findRelations(
  sql: Sql,
  names: readonly TableName[],
  searchPath: readonly string[],
): Promise<(RelationFacts | undefined)[]> {
  const path = searchPath.includes("pg_catalog") ? searchPath : ["pg_catalog", ...searchPath];
  const schemas = names.map(({ schema }) => schema ?? "");
  const tables = names.map(({ table }) => table);
  const rows = await sql<Row[]>`
    select wanted.place::int, class.oid, namespace.nspname as schema, class.relname as table, class.relkind::text as kind,
      case when class.relispartition then pg_partition_root(class.oid)::oid end as root,
      case when class.relkind = 'r' then array(
        with recursive heir as (
          select inhrelid from pg_inherits where inhparent = class.oid
          union
          select pg_inherits.inhrelid from pg_inherits join heir on pg_inherits.inhparent = heir.inhrelid
        )
        select inhrelid from heir order by inhrelid
      ) else '{}' end as heirs
    from unnest(${sql.array(schemas, 25)}::text[], ${sql.array(tables, 25)}::text[])
      with ordinality as wanted (schema, name, place)
    cross join lateral (
      select found.oid
      from pg_class as found
      join pg_namespace as holder on holder.oid = found.relnamespace
      where found.relname = wanted.name
        and found.relkind in ('r', 'p', 'v', 'm', 'f')
        and case when wanted.schema = '' then holder.nspname = any (${sql.array([...path], 25)}::text[])
          else holder.nspname = wanted.schema end
      order by array_position(${sql.array([...path], 25)}::text[], holder.nspname::text)
      limit 1
    ) as first
    join pg_class as class on class.oid = first.oid
    join pg_namespace as namespace on namespace.oid = class.relnamespace`;
  const byPlace = new Map(
    rows.map(({ place, root, ...facts }) => [place, { ...facts, root: root ?? undefined }]),
  );
  return names.map((_, index) => byPlace.get(index + 1));
}

/** A column of a relation as SQL declares it. */
export interface DeclaredColumn {
  /** Quoted. */
  readonly name: string;
  /** Its type, qualified. */
  readonly type: string;
  /** Its collation, where it is not that of the type: qualified. */
  readonly collation: string | null;
}

/** The columns of a table in their order, as SQL that means the same under any search path. */
export async function readDeclaredColumns(sql: Sql, oid: number): Promise<DeclaredColumn[]> {
  return sql<DeclaredColumn[]>`
    select
      format('%I', attribute.attname) as name,
      format_type(attribute.atttypid, attribute.atttypmod) as type,
      case when attribute.attcollation <> type.typcollation
        then format('%I.%I', namespace.nspname, pg_collation.collname) end as collation
    from pg_attribute as attribute
    join pg_type as type on type.oid = attribute.atttypid
    left join pg_collation on pg_collation.oid = attribute.attcollation
    left join pg_namespace as namespace on namespace.oid = pg_collation.collnamespace
    where attribute.attrelid = ${oid} and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum`;
}

/** The query behind a view, every name in it qualified. */
export async function readViewQuery(sql: Sql, oid: number): Promise<string> {
  const [view] = await sql<{ query: string }[]>`select pg_get_viewdef(${oid}::oid) as query`;
  return view?.query ?? "";
}
