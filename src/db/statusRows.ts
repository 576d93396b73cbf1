import { tableLabel } from "../core/name.ts";
import type { StatusRow } from "../output/status.ts";
import { healthProblems, isBroken, readHealth } from "./health.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { listRelations, type Relation } from "./registry.ts";
import { estimateRows } from "./segments.ts";

/** Up to so many changes in open segments are counted; beyond, the planner's estimate has to do. */
const COUNTED_UP_TO = 1_000_000n;

interface Span {
  readonly relation: number;
  readonly since: string;
  readonly until: string | null;
  readonly reason: string | null;
  readonly oldest: string | null;
}

/** What status shows: one row per table of the registry, or of `only`. */
export async function readStatus(audit: AuditDatabase, only?: Relation): Promise<StatusRow[]> {
  const relations = only ? [only] : await listRelations(audit);
  const health = await readHealth(audit);
  const spans = new Map((await readSpans(audit)).map((span) => [span.relation, span]));
  const amounts = await readAmounts(audit, relations);
  const bytesPerChange = await readBytesPerChange(audit, amounts);
  const names = await withheldNames(audit);
  return relations.map((relation) => {
    const span = spans.get(relation.id);
    const amount = amounts.get(relation.id);
    const problems: string[] = [];
    let state: StatusRow["state"] = relation.dropped ? "dropped" : relation.enabled ? "on" : "off";
    if (state === "on") {
      const name = tableLabel(relation);
      problems.push(...healthProblems(health.get(relation.id), relation.capture, name));
      if (span?.until) {
        problems.push(
          `Coverage ended at ${span.until}: ${span.reason}. Begin a new one with: audit enable ${name}`,
        );
      }
      if (isBroken(health.get(relation.id), relation.capture) || span?.until) state = "broken";
    }
    const changes = amount?.changes ?? 0n;
    return {
      schema: relation.schema,
      table: relation.table,
      relation: relation.id,
      since: span?.since ?? null,
      until: span?.until ?? null,
      state,
      capture: relation.capture,
      kind: relation.kind,
      images: relation.images,
      excluded: names.get(relation.id)?.excluded ?? [],
      redacted: names.get(relation.id)?.redacted ?? [],
      always: relation.always,
      keyed: relation.keyFrom !== "none",
      retention: relation.retention,
      onTruncate: relation.onTruncate,
      changes,
      bytes: Math.round(bytesPerChange * Number(changes)),
      lastChangeAt: amount?.last ?? null,
      oldestInstant: span?.oldest ?? null,
      problems,
    };
  });
}

async function readSpans({ sql, object }: AuditDatabase): Promise<Span[]> {
  return sql<Span[]>`
    select distinct on (coverage.relation)
      coverage.relation,
      to_char(coverage.from_at, ${ISO}) as since,
      to_char(coverage.until_at, ${ISO}) as until,
      coverage.off_reason as reason,
      to_char(oldest.at, ${ISO}) as oldest
    from ${object("coverage")} as coverage, ${object("_oldest_instant")}(coverage.relation) as oldest
    order by coverage.relation, coverage.from_id desc`;
}

async function readAmounts(
  { sql, object }: AuditDatabase,
  relations: readonly Relation[],
): Promise<Map<number, { changes: bigint; last: string | null }>> {
  const closed = await sql<{ relation: number; changes: string; last: string }[]>`
    select
      held.relation,
      coalesce(sum(held.changes) filter (where segment.state <> 'archived'), 0)::text as changes,
      to_char(max(held.last_at), ${ISO}) as last
    from ${object("segment_relation")} as held
    join ${object("segment")} as segment on segment.id = held.segment
    group by held.relation`;
  const amounts = new Map(
    closed.map(({ relation, changes, last }) => [
      relation,
      { changes: BigInt(changes), last: last as string | null },
    ]),
  );
  const open = sql`segment in (select id from ${object("segment")} where state in ('hot', 'closing'))`;
  const small =
    (await estimateRows(sql, sql`select from ${object("change")} where ${open}`)) <= COUNTED_UP_TO;
  const counted = small
    ? await sql<{ relation: number; changes: string; last: string }[]>`
        select relation, count(*)::text as changes, to_char(max(at), ${ISO}) as last
        from ${object("change")}
        where ${open}
        group by relation`
    : [];
  const counts = new Map(counted.map((row) => [row.relation, row]));
  for (const { id } of relations) {
    const former = amounts.get(id);
    const fresh = small
      ? BigInt(counts.get(id)?.changes ?? 0)
      : await estimateRows(sql, sql`select from ${object("change")} where relation = ${id} and ${open}`);
    const last = counts.get(id)?.last ?? former?.last ?? null;
    amounts.set(id, { changes: (former?.changes ?? 0n) + fresh, last });
  }
  return amounts;
}

async function readBytesPerChange(
  { sql, installation }: AuditDatabase,
  amounts: ReadonlyMap<number, { readonly changes: bigint }>,
): Promise<number> {
  const [size] = await sql<{ bytes: number }[]>`
    select coalesce(sum(pg_total_relation_size(class.oid)), 0)::float8 as bytes
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = ${installation.schema} and class.relname ~ '^change_\\d+$'`;
  const changes = [...amounts.values()].reduce((sum, amount) => sum + Number(amount.changes), 0);
  return changes === 0 ? 0 : (size?.bytes ?? 0) / changes;
}

async function withheldNames({
  sql,
  object,
}: AuditDatabase): Promise<Map<number, { readonly excluded: string[]; readonly redacted: string[] }>> {
  const rows = await sql<{ id: number; excluded: string[]; redacted: string[] }[]>`
    select relation.id,
      coalesce(array_agg(attribute.attname::text order by attribute.attnum)
        filter (where attribute.attnum = any (relation.excluded)), '{}') as excluded,
      coalesce(array_agg(attribute.attname::text order by attribute.attnum)
        filter (where attribute.attnum = any (relation.redacted)), '{}') as redacted
    from ${object("relation")} as relation
    join pg_attribute as attribute
      on attribute.attrelid = relation.oid and attribute.attnum = any (relation.excluded || relation.redacted)
    where not attribute.attisdropped
    group by relation.id`;
  return new Map(rows.map(({ id, ...names }) => [id, names]));
}
