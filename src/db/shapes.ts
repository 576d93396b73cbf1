import type { Gap } from "../core/blame.ts";
import type { ShapeVersion, ShapeColumn as VersionColumn } from "../core/columnNames.ts";
import type { ShapeColumn, Shapes } from "../core/shapes.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM';

/** Every version of a table's columns, in order. */
export async function readVersions(
  { sql, object }: AuditDatabase,
  relation: Relation,
): Promise<ShapeVersion[]> {
  const rows = await sql<
    { fromId: string; fromAt: string; attnum: number; name: string; type: string; recorded: boolean }[]
  >`
    select from_id::text as "fromId", to_char(from_at, ${iso}) as "fromAt", attnum, name, type, recorded
    from ${object("relation_shape")}
    where relation = ${relation.id}
    order by from_id, attnum`;
  const versions = new Map<string, ShapeVersion & { readonly columns: Map<number, VersionColumn> }>();
  for (const { fromId, fromAt, attnum, ...column } of rows) {
    const version = versions.get(fromId) ?? { fromId: BigInt(fromId), fromAt, columns: new Map() };
    version.columns.set(attnum, column);
    versions.set(fromId, version);
  }
  return [...versions.values()];
}

/** What is known of a table's past: since when every change is in the log, and when it was not audited after that began. */
export interface KnownPast {
  /** undefined where it is not audited at present. */
  readonly since: string | undefined;
  readonly gaps: readonly Gap[];
}

/** Since when every change of a table is in the log, and the times before in which it was not audited. */
export async function readKnownPast({ sql, object }: AuditDatabase, relation: Relation): Promise<KnownPast> {
  const spans = await sql<
    {
      from: string;
      until: string | null;
      untilId: string | null;
      horizon: string | null;
      next: string | null;
    }[]
  >`
    select
      to_char(greatest(coverage.from_at, relation.horizon_at), ${iso}) as from,
      to_char(coverage.until_at, ${iso}) as until,
      coverage.until_id::text as "untilId",
      to_char(lead(coverage.from_at) over (order by coverage.from_id), ${iso}) as next
    from ${object("coverage")} as coverage
    join ${object("relation")} as relation on relation.id = coverage.relation
    where coverage.relation = ${relation.id}
    order by coverage.from_id`;
  const gaps = spans.flatMap(({ until, untilId, next }): Gap[] =>
    until === null || untilId === null
      ? []
      : [{ fromId: BigInt(untilId), from: until, until: next ?? undefined }],
  );
  const last = spans.at(-1);
  return { since: last?.until === null ? last.from : undefined, gaps };
}

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
