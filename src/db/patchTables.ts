import type { PatchColumn, PatchTable } from "../core/patch.ts";
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
      known.unknown is null as known
    from ${object("_columns_at")}(${relation.id}, ${relation.oid}::oid, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text) as known
    join pg_attribute as attribute on attribute.attrelid = ${relation.oid}::oid and attribute.attnum = known.attnum
    order by known.attnum`;
  const references = await sql<{ oid: number; deferrable: boolean }[]>`
    select confrelid as oid, bool_and(condeferrable) as deferrable
    from pg_constraint
    where contype = 'f' and conrelid = ${relation.oid}::oid
    group by confrelid
    order by confrelid`;
  const [acting] = await sql<{ acts: boolean }[]>`
    select exists (
      select from pg_constraint where contype = 'f' and confrelid = ${relation.oid}::oid and confdeltype <> 'a'
    ) as acts`;
  return {
    oid: relation.oid,
    schema: relation.schema,
    table: relation.table,
    columns,
    key: relation.keyColumns.flatMap(
      (attnum) => columns.find((column) => column.attnum === attnum)?.name ?? [],
    ),
    references: [...references],
    replaceable: acting?.acts === false,
  };
}
