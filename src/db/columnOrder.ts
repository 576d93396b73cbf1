import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** The names of all columns a table has had since it is audited, in the table's order. */
export async function readColumnOrder({ sql, object }: AuditDatabase, relation: Relation): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name
    from ${object("relation_shape")}
    where relation = ${relation.id}
    group by name
    order by min(attnum), name`;
  return rows.map(({ name }) => name);
}
