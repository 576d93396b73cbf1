import type { Gap } from "../core/blame.ts";
import type { ShapeColumn, ShapeVersion } from "../core/columnNames.ts";
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
  const versions = new Map<string, ShapeVersion & { readonly columns: Map<number, ShapeColumn> }>();
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
