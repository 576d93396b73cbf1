import type { Sql } from "../connection/connect.ts";
import { applyEdits } from "../core/edits.ts";
import { formatTableName } from "../core/name.ts";
import { readingsOf } from "../core/queryPlan.ts";
import { safeText } from "../core/safe.ts";
import type { ReadingStatement } from "../core/sqlStatement.ts";
import { type NamedQuery, type WrappedQuery, wrapQuery } from "../core/wrappedQuery.ts";
import type { Instant, Value } from "../types.ts";
import { aside, streamAside } from "./aside.ts";
import { findDoubtful } from "./doubtfulFunctions.ts";
import type { AuditDatabase } from "./installation.ts";
import { type UnknownColumn, unknownColumns } from "./past.ts";
import { emptyBody, pastBody } from "./pastBody.ts";
import { gatherSources, type PastSource, type PastSources, quoted } from "./pastSources.ts";
import { refusePresent } from "./presentReadings.ts";
import { queryFailure } from "./queryFailure.ts";
import { streamRows } from "./rawRows.ts";
import type { RelationFacts } from "./relationFacts.ts";

/** A query that is known to read the past only, ready to run. */
export interface PastQuery {
  /** The names of its columns; the same name may come twice. */
  readonly columns: readonly string[];
  /** The audited tables it reads, with those of their columns that cannot be known. */
  readonly tables: readonly { readonly facts: RelationFacts; readonly unknown: readonly UnknownColumn[] }[];
  /** The relations it reads as they are today, because that was asked for. */
  readonly present: readonly RelationFacts[];
  /** Functions in it that may read tables where no plan shows it, as they are today. */
  readonly doubtful: readonly string[];
  /** Its rows, in its order, to be read once and before anything else is asked of the connection. */
  readonly rows: AsyncGenerator<(readonly Value[])[], void, undefined>;
}

/** So that a plan shows every partition. */
const wholePlan = { enable_partition_pruning: "off", constraint_exclusion: "off" };

/**
 * Prepares a statement to be run over the past. Audited tables and views become named queries around it, under
 * their own names; all else the server resolves as ever. Whether a table would be read as it is today is seen in
 * the plan, made with queries in their place that read nothing. Errors: exit 2 with a caret for what the server
 * does not understand, and for what reads a table of today; 3 outside coverage and for tables that are not audited,
 * unless `allowed` names them; 5 where the statement writes.
 */
export async function preparePastQuery(
  audit: AuditDatabase,
  statement: ReadingStatement,
  instant: Instant,
  allowed: readonly RelationFacts[],
): Promise<PastQuery> {
  const { sql } = audit;
  const sources = await gatherSources(audit, statement, new Set(allowed.map(({ oid }) => oid)));
  const tell = (wrapped: WrappedQuery) => (error: unknown) => {
    throw queryFailure(error, statement.text, wrapped, (name) => viewBehind(sources, name));
  };
  const empty = wrap(sources, emptyBody);
  const { readings, columns } = await aside(audit, wholePlan, async () => ({
    readings: readingsOf(await explain(sql, empty.text).catch(tell(empty))),
    columns: await columnNames(sql, empty.text).catch(tell(empty)),
  }));
  const used = sources.sources.filter(({ name }) =>
    readings.functionAliases.some((alias) => alias === name || alias.startsWith(`${name}_`)),
  );
  const present = await refusePresent(audit, sources, used, readings, allowed, (query) =>
    aside(audit, wholePlan, async () => readingsOf(await explain(sql, query))),
  );
  const bodies = new Map<PastSource, string>();
  const tables = [];
  for (const source of used) {
    const relation = sources.audited.get(source.facts.oid);
    if (relation === undefined) continue;
    bodies.set(source, await pastBody(audit, source, sources.audited, instant));
    tables.push({ facts: source.facts, unknown: await unknownColumns(audit, relation, instant) });
  }
  const wrapped = wrap(sources, (source) => bodies.get(source) ?? emptyBody(source));
  return {
    columns,
    tables,
    present,
    doubtful: await findDoubtful(audit, sources),
    rows: streamAside(audit, () => rowsOf(sql, wrapped, tell(wrapped))),
  };
}

/** `table` gives the query that stands for an audited table. */
function wrap(
  { sources, bare, statement }: PastSources,
  table: (source: PastSource) => string,
): WrappedQuery {
  const queries: NamedQuery[] = sources.map((source) => ({
    name: quoted(source.name),
    query:
      source.what.kind === "table"
        ? table(source)
        : applyEdits(source.what.query.text, source.what.query.edits),
  }));
  const names = [...bare].map(([name, source]) => ({
    name: quoted(name),
    query: `select * from ${quoted(source.name)}`,
  }));
  return wrapQuery([...queries, ...names], statement);
}

function viewBehind({ sources }: PastSources, name: string): string | undefined {
  const source = sources.find((candidate) => quoted(candidate.name) === name);
  return source && safeText(formatTableName(source.facts));
}

async function explain(sql: Sql, query: string): Promise<unknown> {
  const [row] = await sql.unsafe<{ "QUERY PLAN": string }[]>(
    `explain (verbose, format json, costs off) ${query}`,
    [],
    // The extended protocol, which takes one statement only.
    { simple: false } as never,
  );
  return JSON.parse(row?.["QUERY PLAN"] ?? "[]");
}

async function columnNames(sql: Sql, query: string): Promise<string[]> {
  const { columns } = await sql.unsafe(`${query} limit 0`, [], { simple: false } as never).raw();
  return columns.map(({ name }) => name);
}

async function* rowsOf(
  sql: Sql,
  { text }: WrappedQuery,
  tell: (error: unknown) => never,
): AsyncGenerator<(readonly Value[])[], void, undefined> {
  try {
    yield* streamRows(sql, text);
  } catch (error) {
    tell(error);
  }
}
