import type { Sql } from "../connection/connect.ts";
import { tableLabel } from "../core/name.ts";
import type { ReadingStatement } from "../core/sqlStatement.ts";
import type { WrappedQuery } from "../core/wrappedQuery.ts";
import type { Instant, TableName, Value } from "../types.ts";
import { streamAside } from "./aside.ts";
import { planEmpty } from "./emptyPlan.ts";
import { refuseFunctions } from "./functionReadings.ts";
import type { AuditDatabase } from "./installation.ts";
import { type UnknownColumn, unknownColumns } from "./past.ts";
import { emptyBody, pastBody } from "./pastBody.ts";
import { gatherSources, type PastSource, type PastSources, quoted, wrapSources } from "./pastSources.ts";
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
  /** What it takes as it is today, because that was asked for. */
  readonly present: readonly TableName[];
  /** Its rows, in its order, to be read once and before anything else is asked of the connection. */
  readonly rows: AsyncGenerator<(readonly Value[])[], void, undefined>;
}

/** What may be taken as it is today. */
export interface PresentAllowed {
  readonly relations: readonly RelationFacts[];
  /** Functions, by name; what these read is their own affair. */
  readonly functions: readonly TableName[];
}

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
  allowed: PresentAllowed,
): Promise<PastQuery> {
  const gathered = await gatherSources(audit, statement, new Set(allowed.relations.map(({ oid }) => oid)));
  const tell = (wrapped: WrappedQuery) => (error: unknown) => {
    throw queryFailure(error, statement.text, wrapped, (name) => viewBehind(gathered, name));
  };
  const { sources, readings, columns } = await planEmpty(audit, gathered, tell);
  const used = sources.sources.filter(({ name }) =>
    readings.functionAliases.some((alias) => alias === name || alias.startsWith(`${name}_`)),
  );
  const functions = await refuseFunctions(audit, sources.functions, allowed.functions);
  const permitted = { relations: allowed.relations, oids: functions.reads };
  const present = await refusePresent(audit, sources, used, readings, permitted);
  await audit.need?.({ relations: relationsOf(used, sources.audited), since: instant, moments: [instant] });
  const bodies = new Map<PastSource, string>();
  const tables = [];
  for (const source of used) {
    const relation = sources.audited.get(source.facts.oid);
    if (relation === undefined) continue;
    bodies.set(source, await pastBody(audit, source, sources.audited, instant));
    tables.push({ facts: source.facts, unknown: await unknownColumns(audit, relation, instant) });
  }
  const wrapped = wrapSources(sources, (source) => bodies.get(source) ?? emptyBody(source));
  return {
    columns,
    tables,
    present: [...present, ...functions.names],
    rows: streamAside(audit, () => rowsOf(audit.sql, wrapped, tell(wrapped))),
  };
}

/** The registry ids of the audited tables among these, with those that inherit from them. */
function relationsOf(sources: readonly PastSource[], audited: PastSources["audited"]): number[] {
  return sources
    .filter(({ what }) => what.kind === "table")
    .flatMap(({ facts }) => [facts.oid, ...facts.heirs].flatMap((oid) => audited.get(oid)?.id ?? []));
}

function viewBehind({ sources }: PastSources, name: string): string | undefined {
  const source = sources.find((candidate) => quoted(candidate.name) === name);
  return source && tableLabel(source.facts);
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
