import type { PatchColumn, PatchReference, PatchTable } from "../core/patch.ts";
import { type UniqueFacts, type UniqueKey, uniqueOf } from "../core/uniques.ts";
import type { Instant } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** What writing to an audited table takes: its columns, its key, and the tables its foreign keys point to. */
export async function readPatchTable(
  audit: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<Omit<PatchTable, "differences">> {
  const { sql, object } = audit;
  const columns = await sql<(PatchColumn & { attnum: number })[]>`
    select known.attnum, known.name, known.type, attribute.attgenerated <> '' as generated, attribute.attidentity = 'a' as always,
      known.unknown is null as known, not attribute.attnotnull as nullable
    from ${object("_columns_at")}(${relation.id}, ${relation.oid}::oid, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text) as known
    join pg_attribute as attribute on attribute.attrelid = ${relation.oid}::oid and attribute.attnum = known.attnum
    order by known.attnum`;
  const named = (numbers: string, place: string) =>
    sql.unsafe(`
      array(
        select attname::text
        from unnest(${numbers}) with ordinality as part (attnum, place)
        join pg_attribute using (attnum)
        where attrelid = ${place}
        order by part.place
      )`);
  const references = await sql<PatchReference[]>`
    select confrelid as oid, condeferrable as deferrable, ${named("conkey", "conrelid")} as columns
    from pg_constraint
    where contype = 'f' and conrelid = ${relation.oid}::oid
    order by confrelid, oid`;
  const uniques = await readUniques(audit, relation);
  const [family] = await sql<{ acts: boolean; inherited: boolean }[]>`
    select exists (
      select from pg_constraint where contype = 'f' and confrelid = ${relation.oid}::oid and confdeltype <> 'a'
    ) as acts, exists (
      select from pg_inherits join pg_class as parent on parent.oid = inhparent
      where inhparent = ${relation.oid}::oid and parent.relkind <> 'p'
    ) as inherited`;
  return {
    oid: relation.oid,
    schema: relation.schema,
    table: relation.table,
    columns,
    key: relation.keyColumns.flatMap(
      (attnum) => columns.find((column) => column.attnum === attnum)?.name ?? [],
    ),
    references: [...references],
    uniques: uniques.map((facts) => uniqueOf(facts, columns)),
    inherited: family?.inherited ?? false,
    replaceable: family?.acts === false,
  };
}

/**
 * The indexes that keep rows apart as soon as they are written, but for those over the key alone. What expressions are made
 * of is read from their stored form, so that none of them is run.
 */
async function readUniques({ sql }: AuditDatabase, relation: Relation): Promise<readonly UniqueFacts[]> {
  const named = (tree: string) =>
    sql.unsafe(`
      array(
        select distinct attname::text
        from regexp_matches(${tree}::text, ':varattno (-?[0-9]+)', 'g') as used (part)
        left join pg_attribute on attrelid = indrelid and attnum = used.part[1]::int2 and attnum > 0
      )`);
  const held = (condition: string) =>
    sql.unsafe(`
      array(
        select distinct attname::text
        from pg_constraint as bond
        join pg_attribute on attrelid = conrelid and attnum = any (conkey)
        where conrelid = indrelid and ${condition}
      )`);
  const found = await sql<(Omit<UniqueFacts, "keys"> & { keys: string })[]>`
    select
      (
        select coalesce(json_agg(json_build_object(
          'column', attname,
          'equals', operator is null or exists (
            select from pg_amop join pg_am on pg_am.oid = amopmethod
            where amopopr = operator and (amname, amopstrategy) in (('btree', 3), ('hash', 1))
          ),
          'told', (base.typnamespace = 'pg_catalog'::regnamespace or base.typtype = 'e')
            and coalesce((select collisdeterministic from pg_collation where pg_collation.oid = attcollation), true),
          'overlaps', coalesce(operator = any (array['&&(anyrange,anyrange)', '&&(anymultirange,anymultirange)']::regoperator[]), false),
          'ranges', base.typtype in ('r', 'm')
        ) order by place), '[]')
        from unnest((indkey::smallint[])[0 : indnkeyatts - 1]) with ordinality as key (attnum, place)
        join pg_attribute using (attnum)
        join pg_type as own on own.oid = atttypid
        join pg_type as base on base.oid = coalesce(nullif(own.typbasetype, 0), own.oid)
        cross join lateral (select conexclop[place] as operator) as compared
        where attrelid = indrelid
      ) as keys,
      ${named("indexprs")} as expressed,
      not exists (
        select from regexp_matches(indexprs::text, '\\{([A-Z_]+)', 'g') as node (part)
        where part[1] not in ('VAR', 'CONST', 'FUNCEXPR', 'OPEXPR', 'RELABELTYPE', 'COERCEVIAIO', 'COLLATEEXPR')
      ) and not exists (
        select from regexp_matches(indexprs::text, ':(funcid|opno) ([0-9]+)', 'g') as node (part)
        left join pg_operator on part[1] = 'opno' and pg_operator.oid = part[2]::oid
        left join pg_proc on pg_proc.oid = coalesce(oprcode, part[2]::oid)
        where proisstrict is not true
      ) as strict,
      not exists (
        select from unnest((indkey::smallint[])[0 : indnkeyatts - 1], conexclop) as key (attnum, operator)
        where attnum = 0 and operator is not null and not exists (
          select from pg_amop join pg_am on pg_am.oid = amopmethod
          where amopopr = operator and (amname, amopstrategy) in (('btree', 3), ('hash', 1))
        )
      ) as "expressedEquals",
      not coalesce(indnullsnotdistinct, false) as "nullsDistinct",
      case
        when exists (
          select from pg_attribute join pg_collation on pg_collation.oid = attcollation
          where attrelid = indrelid and not collisdeterministic
        ) then left(pg_get_expr(indpred, indrelid), 0)
        else pg_get_expr(indpred, indrelid)
      end as condition,
      ${named("indpred")} as conditional,
      ${held("contype = 'c'")} as checked,
      ${held("contype = 'f' and not condeferrable")} as referring
    from pg_index
    left join pg_constraint as maker on conindid = indexrelid and conrelid = indrelid and contype in ('p', 'u', 'x')
    where indrelid = ${relation.oid}::oid and (indisunique or indisexclusion) and indimmediate and indisvalid
      and (
        indisexclusion or indexprs is not null
        or not ((indkey::smallint[])[0 : indnkeyatts - 1] <@ ${sql.array([...relation.keyColumns], 21)}::smallint[])
      )
    order by indexrelid`;
  return found.map((facts) => ({ ...facts, keys: JSON.parse(facts.keys) as UniqueKey[] }));
}
