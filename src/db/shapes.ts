import type { ShapeColumn, Shapes, ShapeVersion } from "../core/shapes.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import type { Relation } from "./registry.ts";

type Shaped = Pick<Relation, "id" | "oid" | "dropped" | "capture">;

/** The columns of one table over time. */
export async function readShapes(audit: AuditDatabase, relation: Shaped): Promise<Shapes> {
  const shapes = await readAllShapes(audit, [relation]);
  return shapes.get(relation.id) ?? { versions: [], present: new Map() };
}

/** The columns of several tables over time, by registry id. */
export async function readAllShapes(
  audit: AuditDatabase,
  relations: readonly Shaped[],
): Promise<Map<number, Shapes>> {
  const versions = await readVersions(audit, relations);
  const present = await readPresent(audit, relations);
  return new Map(
    relations.map(({ id, oid, dropped, capture }) => {
      const own = versions.get(id) ?? [];
      // Of a dropped table nothing is there to ask, and none of its last columns was dropped by itself.
      const last = [...(own.at(-1)?.columns ?? [])].map(([attnum, { name }]) => [attnum, name] as const);
      return [
        id,
        {
          versions: own,
          present: dropped ? new Map(last) : (present.get(oid) ?? new Map()),
          followedLate: capture === "guarded",
        },
      ];
    }),
  );
}

interface VersionRow extends ShapeColumn {
  readonly relation: number;
  readonly fromId: string;
  readonly fromAt: string;
  readonly attnum: number;
}

async function readVersions(
  { sql, object }: AuditDatabase,
  relations: readonly Shaped[],
): Promise<Map<number, ShapeVersion[]>> {
  const ids = relations.map(({ id }) => String(id));
  const rows = await sql<VersionRow[]>`
    select
      relation, from_id::text as "fromId", to_char(from_at, ${ISO}) as "fromAt",
      attnum, name, type, recorded
    from ${object("relation_shape")}
    where relation = any (${sql.array(ids, 25)}::text[]::integer[])
    order by relation, from_id, attnum`;
  const versions = new Map<number, (ShapeVersion & { readonly columns: Map<number, ShapeColumn> })[]>();
  for (const { relation, fromId, fromAt, attnum, ...column } of rows) {
    const own = versions.get(relation) ?? [];
    versions.set(relation, own);
    let version = own.at(-1);
    if (version?.fromId !== BigInt(fromId)) {
      version = { fromId: BigInt(fromId), fromAt, columns: new Map() };
      own.push(version);
    }
    version.columns.set(attnum, column);
  }
  return versions;
}

/** The names of today by attribute number, by the tables' oids. */
async function readPresent(
  { sql }: AuditDatabase,
  relations: readonly Shaped[],
): Promise<Map<number, Map<number, string>>> {
  const oids = relations.flatMap(({ oid, dropped }) => (dropped ? [] : [String(oid)]));
  const rows = await sql<{ oid: number; attnum: number; name: string }[]>`
    select attrelid as oid, attnum, attname as name
    from pg_attribute
    where attrelid = any (${sql.array(oids, 25)}::text[]::oid[]) and attnum > 0 and not attisdropped
    order by attrelid, attnum`;
  const present = new Map<number, Map<number, string>>();
  for (const { oid, attnum, name } of rows) {
    const own = present.get(oid) ?? new Map<number, string>();
    present.set(oid, own.set(attnum, name));
  }
  return present;
}
