import { quoteIdentifier } from "../core/name.ts";
import { tokenize } from "../core/sqlTokens.ts";
import type { Instant } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";
import { statementAt } from "./past.ts";
import type { PastSource } from "./pastSources.ts";
import type { Relation } from "./registry.ts";
import { isTrusted } from "./trust.ts";

/** The query for an audited table as it was, and for those that inherit from it: the columns of today, by any path. */
export async function pastBody(
  audit: AuditDatabase,
  source: PastSource,
  audited: ReadonlyMap<number, Relation>,
  instant: Instant,
): Promise<string> {
  if (source.what.kind !== "table") throw new Error("a view has no past of its own");
  const columns = source.what.columns
    .map(({ name, collation }) => `r.${name}${collation === null ? "" : ` collate ${collation} as ${name}`}`)
    .join(", ");
  const parts: string[] = [];
  for (const oid of [source.facts.oid, ...source.facts.heirs]) {
    const relation = audited.get(oid);
    if (relation === undefined) continue;
    parts.push(`select ${columns} from (\n${await safeStatement(audit, relation, instant)}\n) as r`);
  }
  return parts.join("\nunion all\n");
}

/** A query that has the table's columns, no rows, and reads nothing: the planner cannot see that it is empty. */
export function emptyBody(source: PastSource): string {
  if (source.what.kind !== "table") throw new Error("a view has no past of its own");
  const columns = source.what.columns.map(
    ({ name, type, collation }) => `${name} ${type}${collation === null ? "" : ` collate ${collation}`}`,
  );
  if (columns.length === 0) return `select from pg_catalog.generate_series(1, 0) as "${source.name}"`;
  return `select * from pg_catalog.jsonb_to_recordset('[]') as "${source.name}" (${columns.join(", ")})`;
}

/**
 * The statement that rebuilds a table is written for our own path. Under the user's, a function or operator that a
 * stranger made could fit better than the server's, and would run with the rights of whoever reads; then a
 * function of ours stands for it, which pins its path and reads the whole table.
 */
async function safeStatement(audit: AuditDatabase, relation: Relation, instant: Instant): Promise<string> {
  const statement = await statementAt(audit, relation, instant, null);
  if (!(await isShadowed(audit, statement))) return statement;
  const [type] = await audit.sql<{ name: string }[]>`
    select format('%I.%I', namespace.nspname, type.typname) as name
    from pg_type as type join pg_namespace as namespace on namespace.oid = type.typnamespace
    where type.typrelid = ${relation.oid}`;
  const schema = quoteIdentifier(audit.logSchema);
  return instant.tag === undefined
    ? `select * from ${schema}.at(null::${type?.name}, ${literal(instant.at)}::pg_catalog.timestamptz)`
    : `select * from ${schema}.at_tag(null::${type?.name}, ${literal(instant.tag)}::pg_catalog.text)`;
}

/** Whether the user's path leads to a function or operator called like one of the statement's, that we cannot trust. */
async function isShadowed({ sql, searchPath }: AuditDatabase, statement: string): Promise<boolean> {
  const tokens = tokenize(statement);
  const called = new Set<string>();
  for (const [index, { kind, text }] of tokens.entries())
    if ((kind === "word" || kind === "quoted") && tokens[index + 1]?.text === "(") called.add(text);
  // Where the path names it, others may come before it: then nobody can be trusted.
  const ownFirst = !searchPath.includes("pg_catalog");
  const path = sql.array(
    [...searchPath].filter((schema) => schema !== "pg_catalog"),
    25,
  );
  const [found] = await sql<{ shadowed: boolean }[]>`
    select exists (
      select from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
      where nspname = any (${path}::text[]) and proname = any (${sql.array([...called], 25)}::text[])
        and not (${ownFirst} and ${isTrusted(sql, "proowner")})
      union all
      select from pg_operator join pg_namespace on pg_namespace.oid = oprnamespace
      where nspname = any (${path}::text[]) and not (${ownFirst} and ${isTrusted(sql, "oprowner")})
    ) as shadowed`;
  return found?.shadowed ?? true;
}
