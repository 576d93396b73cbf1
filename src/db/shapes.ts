import type { ShapeColumn, Shapes } from "../core/shapes.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** The columns of tables over time, by registry id. */
export async function readShapes(
  { sql, object }: AuditDatabase,
  relations: readonly Pick<Relation, "id" | "oid" | "dropped">[],
): Promise<Map<number, Shapes>> {
  const numbers = (values: readonly number[]) => sql.array(values.map(String), 25);
  const versions = await sql<{ relation: number; from_id: string; attnum: number; name: string }[]>`
    select relation, from_id::text as from_id, attnum, name
    from ${object("relation_shape")}
    where relation = any (${numbers(relations.map(({ id }) => id))}::text[]::integer[])
    order by relation, from_id, attnum`;
  const live = relations.filter(({ dropped }) => !dropped);
  const attributes = await sql<{ oid: number; attnum: number; name: string }[]>`
    select attrelid as oid, attnum, attname as name
    from pg_attribute
    where attrelid = any (${numbers(live.map(({ oid }) => oid))}::text[]::oid[]) and attnum > 0 and not attisdropped
    order by attrelid, attnum`;
  const shapeOf = ({ id, oid, dropped }: (typeof relations)[number]): Shapes => {
    const own = versions
      .filter(({ relation }) => relation === id)
      .map(({ from_id, attnum, name }): ShapeColumn => ({ fromId: BigInt(from_id), attnum, name }));
    // Of a dropped table nothing is there to ask, and none of its last columns was dropped by itself.
    const last = own.at(-1)?.fromId;
    const present = dropped
      ? own.filter(({ fromId }) => fromId === last)
      : attributes.filter((attribute) => attribute.oid === oid);
    return { versions: own, present: new Map(present.map(({ attnum, name }) => [attnum, name])) };
  };
  return new Map(relations.map((relation) => [relation.id, shapeOf(relation)]));
}
