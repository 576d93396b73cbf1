import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** What a column's type is called, and whether its values, under all domains, are numbers. Of one that is gone, what it was last. */
export async function numberType(
  { sql, object }: AuditDatabase,
  relation: Relation,
  attnum: number,
): Promise<{ readonly name: string; readonly isNumber: boolean }> {
  const [found] = await sql<{ name: string; number: boolean | null }[]>`
    select last.name, under.base = any ('{int2,int4,int8,numeric,float4,float8,oid}'::regtype[]::oid[]) as number
    from (
      select coalesce(
        (
          select format_type(atttypid, null)
          from pg_attribute
          where attrelid = ${relation.oid}::oid and attnum = ${attnum} and not attisdropped
        ),
        (
          select type
          from ${object("relation_shape")} where relation = ${relation.id} and attnum = ${attnum}
          order by from_id desc
          limit 1
        )) as name
    ) as last
    left join lateral ${object("_base_type")}(to_regtype(last.name)::oid, -1) as under on true`;
  return { name: found?.name ?? "unknown", isNumber: found?.number === true };
}
