import type { Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { placeBefore } from "../core/edits.ts";
import { groupAlso } from "../core/groupKeys.ts";
import { type PlanReadings, readingsOf } from "../core/queryPlan.ts";
import type { WrappedQuery } from "../core/wrappedQuery.ts";
import { aside } from "./aside.ts";
import type { AuditDatabase } from "./installation.ts";
import { emptyBody } from "./pastBody.ts";
import { type PastSources, quoted, type Rewritten, withRewritten, wrapSources } from "./pastSources.ts";

/** What is known of a query without running it. */
export interface EmptyPlan {
  /** The sources it was planned with: as they were given, or with columns added behind GROUP BY. */
  readonly sources: PastSources;
  readonly readings: PlanReadings;
  readonly columns: readonly string[];
}

const EXPLAIN = "explain (verbose, format json, costs off) ";

/** So that a plan shows every partition. */
const wholePlan = { enable_partition_pruning: "off", constraint_exclusion: "off" };

/** Each repair adds one column; a query that needs more than this has another trouble. */
const MOST_REPAIRS = 200;

/**
 * Plans a query with tables that read nothing in place of the audited ones: what it reads besides is of today.
 * Errors of the server go through `tell`, with the way back to the statement.
 */
export async function planEmpty(
  audit: AuditDatabase,
  given: PastSources,
  tell: (wrapped: WrappedQuery) => (error: unknown) => never,
): Promise<EmptyPlan> {
  const { sql } = audit;
  let sources = given;
  for (let repairs = 0; ; repairs++) {
    const wrapped = wrapSources(sources, emptyBody);
    const located = { ...wrapped, locate: (position: number) => wrapped.locate(position - EXPLAIN.length) };
    try {
      const readings = await explainReadings(audit, wrapped.text);
      const columns = await aside(audit, {}, () => columnNames(sql, wrapped.text)).catch(tell(wrapped));
      return { sources, readings, columns };
    } catch (error) {
      const repaired = repairs < MOST_REPAIRS ? repair(sources, located, error) : undefined;
      if (repaired === undefined || !(await groupsByKey(audit, given, repairs))) return tell(located)(error);
      sources = repaired;
    }
  }
}

/** What a query would read. */
export async function explainReadings(audit: AuditDatabase, query: string): Promise<PlanReadings> {
  return aside(audit, wholePlan, async () => {
    // The extended protocol takes one statement only.
    const [row] = await audit.sql.unsafe<{ "QUERY PLAN": string }[]>(EXPLAIN + query, [], {
      simple: false,
    } as never);
    return readingsOf(JSON.parse(row?.["QUERY PLAN"] ?? "[]"));
  });
}

/** Rows of the past come from a query, which has no key: a column that follows from one has to be named behind GROUP BY. */
function repair(sources: PastSources, { locate }: WrappedQuery, error: unknown): PastSources | undefined {
  const { message, position } = error as Error & { position?: string };
  if (sqlStateOf(error) !== "42803" || position === undefined) return undefined;
  const place = locate(Number(position));
  const name = /"([^".]+)\.([^"]+)"/.exec(message);
  if (place.in === "end" || name === null) return undefined;
  const view = sources.sources.find((source) => place.in === "query" && quoted(source.name) === place.name);
  const before =
    view === undefined ? sources.statement : view.what.kind === "view" ? view.what.query : undefined;
  if (before === undefined) return undefined;
  const at = place.in === "query" ? placeBefore(place.at, before.edits) : place.at;
  const edit = groupAlso(before.text, at, `${quoted(name[1] ?? "")}.${quoted(name[2] ?? "")}`);
  if (edit === undefined) return undefined;
  const after: Rewritten = {
    text: before.text,
    edits: [...before.edits, edit].sort((one, other) => one.at - other.at),
  };
  return withRewritten(sources, view, after);
}

/** Whether the server takes the statement for the tables of today: then columns follow from keys. Asked once. */
async function groupsByKey(
  audit: AuditDatabase,
  { statement }: PastSources,
  repairs: number,
): Promise<boolean> {
  if (repairs > 0) return true;
  return explainReadings(audit, statement.text).then(
    () => true,
    () => false,
  );
}

async function columnNames(sql: Sql, query: string): Promise<string[]> {
  const { columns } = await sql.unsafe(`${query} limit 0`, [], { simple: false } as never).raw();
  return columns.map(({ name }) => name);
}
