import { formatTableName } from "../core/name.ts";
import type { PlanReadings, ScannedRelation } from "../core/queryPlan.ts";
import { safeText } from "../core/safe.ts";
import { ExitCode, UserError, usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import type { PastSource, PastSources } from "./pastSources.ts";
import { findRelations, type RelationFacts } from "./relationFacts.ts";

/**
 * Refuses a query that would read a table as it is today: exit 2 where the table has a past that the query misses,
 * exit 3 where it has none. `allowed` are those that may be read so; returns the ones that are. `explain` tells
 * what a query reads.
 */
export async function refusePresent(
  audit: AuditDatabase,
  sources: PastSources,
  used: readonly PastSource[],
  readings: PlanReadings,
  allowed: readonly RelationFacts[],
  explain: (query: string) => Promise<PlanReadings>,
): Promise<RelationFacts[]> {
  const { sql } = audit;
  const find = async (names: readonly ScannedRelation[]) =>
    findRelations(
      sql,
      names.map(({ schema, table }) => ({ schema: schema ?? "", table })),
      [],
    );
  const free = new Set(allowed.flatMap(({ oid, heirs }) => [oid, ...heirs]));
  for (const { kind, ...name } of allowed) {
    if (kind !== "v") continue;
    const behind = await find((await explain(`select * from ${formatTableName(name)}`)).relations);
    for (const facts of behind) if (facts !== undefined) free.add(facts.root ?? facts.oid);
  }
  const scanned = await find(readings.relations);
  const unknown: ScannedRelation[] = await heirsWithoutPast(audit, sources, used);
  for (const [index, name] of readings.relations.entries()) {
    const facts = scanned[index];
    if (facts !== undefined && (free.has(facts.oid) || free.has(facts.root ?? 0))) continue;
    if (facts !== undefined && sources.audited.has(facts.root ?? facts.oid)) throw misses(sources, facts);
    unknown.push(name);
  }
  if (unknown.length > 0) throw withoutPast(unknown);
  const read = new Set(
    [...scanned, ...sources.named].flatMap((facts) => (facts ? [facts.oid, facts.root] : [])),
  );
  return allowed.filter(({ oid, heirs }) => read.has(oid) || heirs.some((heir) => read.has(heir)));
}

function misses({ named, audited }: PastSources, facts: RelationFacts): UserError {
  const name = safeText(formatTableName(facts));
  const root = facts.root === undefined ? undefined : audited.get(facts.root);
  const isNamed = named.some(({ oid }) => oid === facts.oid);
  if (root !== undefined && isNamed) {
    const whole = safeText(formatTableName({ schema: root.schema, table: root.table }));
    return usageError(
      `${name} is a partition, and which rows lay in it is not known of the past.`,
      `Read the whole table: ${whole}`,
    );
  }
  if (isNamed) {
    return usageError(
      `${name} would be read as it is today: it is named in a way that is not followed.`,
      `Write ${safeText(formatTableName({ schema: undefined, table: facts.table }))} or ${name}.`,
    );
  }
  return usageError(
    `${name} would be read as it is today: a function in the query reads it.`,
    "Write into the query what the function does, or accept the rows of today with --present.",
  );
}

function withoutPast(relations: readonly ScannedRelation[]): UserError {
  const names = relations.map(({ schema, table }) =>
    safeText(schema === undefined ? table : formatTableName({ schema, table })),
  );
  const list = names.join(", ");
  const they = names.length === 1 ? "is" : "are";
  return new UserError(
    ExitCode.Inconclusive,
    `${list} ${they} not audited, so nothing is known of ${names.length === 1 ? "its" : "their"} past.`,
    {
      hint: `Read ${names.length === 1 ? "it" : "them"} as of today with: --present '${list.replaceAll(", ", ",")}'`,
    },
  );
}

/** Tables that a table in the query has for heirs, and that are not audited: their rows would be missing. */
async function heirsWithoutPast(
  { sql }: AuditDatabase,
  { audited }: PastSources,
  used: readonly PastSource[],
): Promise<ScannedRelation[]> {
  const heirs = used.flatMap(({ facts }) => facts.heirs).filter((oid) => !audited.has(oid));
  if (heirs.length === 0) return [];
  return sql<{ schema: string; table: string }[]>`
    select nspname as schema, relname as table
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = any (${sql.array(heirs, 26)}::oid[])
    order by 1, 2`;
}
