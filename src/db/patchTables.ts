import type { PatchColumn, PatchReference, PatchTable } from "../core/patch.ts";
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
  // An index over expressions tells nothing of which values are the same.
  const uniques = await sql<{ columns: string[] }[]>`
    select ${named("(indkey::smallint[])[0 : indnkeyatts - 1]", "indrelid")} as columns
    from pg_index
    where indrelid = ${relation.oid}::oid and indisunique and indimmediate and indisvalid
      and 0 <> all ((indkey::smallint[])[0 : indnkeyatts - 1])
      and not ((indkey::smallint[])[0 : indnkeyatts - 1] <@ ${sql.array([...relation.keyColumns], 21)}::smallint[])
    order by indexrelid`;
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
    uniques: uniques.map((unique) => unique.columns),
    inherited: family?.inherited ?? false,
    replaceable: family?.acts === false,
  };
}
