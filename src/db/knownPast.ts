import type { Gap } from "../core/blame.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import type { Relation } from "./registry.ts";

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
      to_char(greatest(coverage.from_at, relation.horizon_at), ${ISO}) as from,
      to_char(coverage.until_at, ${ISO}) as until,
      coverage.until_id::text as "untilId",
      to_char(lead(coverage.from_at) over (order by coverage.from_id), ${ISO}) as next
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
