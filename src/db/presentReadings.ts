import { formatTableName } from "../core/name.ts";
import type { PlanReadings, ScannedRelation } from "../core/queryPlan.ts";
import { safeText } from "../core/safe.ts";
import { ExitCode, UserError, usageError } from "../errors.ts";
import { explainReadings } from "./emptyPlan.ts";
import type { AuditDatabase } from "./installation.ts";
import type { PastSource, PastSources } from "./pastSources.ts";
import { findRelations, type RelationFacts } from "./relationFacts.ts";

/** What may be read as it is today: relations that were named, and what functions that were named read. */
export interface Permitted {
  readonly relations: readonly RelationFacts[];
  readonly oids: ReadonlySet<number>;
}

/**
 * Refuses a query that would read a table as it is today: exit 2 where the table has a past that the query misses,
 * exit 3 where it has none. Returns the permitted relations that are read so.
 */
export async function refusePresent(
  audit: AuditDatabase,
  sources: PastSources,
  used: readonly PastSource[],
  readings: PlanReadings,
  { relations: allowed, oids }: Permitted,
): Promise<RelationFacts[]> {
  const { sql } = audit;
  const find = async (names: readonly ScannedRelation[]) =>
    findRelations(
      sql,
      names.map(({ schema, table }) => ({ schema: schema ?? "", table })),
      [],
    );
  const free = new Set([...oids, ...allowed.flatMap(({ oid, heirs }) => [oid, ...heirs])]);
  for (const { kind, ...name } of allowed) {
    if (kind !== "v") continue;
    const behind = await find(
      (await explainReadings(audit, `select * from ${formatTableName(name)}`)).relations,
    );
    for (const facts of behind) if (facts !== undefined) free.add(facts.root ?? facts.oid);
  }
  const scanned = await find(readings.relations);
  const unknown = used.flatMap(({ facts }) => facts.heirs).filter((oid) => !sources.audited.has(oid));
  const remote: string[] = [];
  for (const [index, name] of readings.relations.entries()) {
    const facts = scanned[index];
    if (facts !== undefined && (free.has(facts.oid) || free.has(facts.root ?? 0))) continue;
    if (facts !== undefined && sources.audited.has(facts.root ?? facts.oid)) throw misses(sources, facts);
    if (facts === undefined) remote.push(formatTableName(name));
    else unknown.push(facts.root ?? facts.oid);
  }
  if (unknown.length + remote.length > 0) throw withoutPast([...(await namesOf(audit, unknown)), ...remote]);
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
  return usageError(
    `${name} would be read as it is today: by a function, or under a name that is not followed.`,
    `Write ${name}, and what the function does, into the query; or accept the rows of today: --present '${name}'`,
  );
}

function withoutPast(names: readonly string[]): UserError {
  const list = safeText(names.join(", "));
  const one = names.length === 1;
  return new UserError(
    ExitCode.Inconclusive,
    `${list} ${one ? "is" : "are"} not audited, so nothing is known of ${one ? "its" : "their"} past.`,
    { hint: `Read ${one ? "it" : "them"} as of today with: --present '${safeText(names.join(","))}'` },
  );
}

async function namesOf({ sql }: AuditDatabase, oids: readonly number[]): Promise<string[]> {
  const rows = await sql<{ schema: string; table: string }[]>`
    select nspname as schema, relname as table
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = any (${sql.array([...oids], 26)}::oid[])
    order by 1, 2`;
  return rows.map(formatTableName);
}
