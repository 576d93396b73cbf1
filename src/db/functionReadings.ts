import { formatTableName } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { type CalledFunction, findNames } from "../core/sqlSources.ts";
import { type Token, tokenize } from "../core/sqlTokens.ts";
import { usageError } from "../errors.ts";
import type { TableName } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";

/** Functions of the server and of its extensions that run a query given as text, or read a table given by name. */
const READERS = new Set(
  `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml table_to_xmlschema table_to_xml_and_xmlschema
  schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema cursor_to_xml ts_stat
  dblink crosstab connectby xpath_table`.split(/\s+/),
);

/** Functions that call functions are followed this far. */
const DEPTH = 10;

interface Declared {
  readonly schema: string;
  readonly name: string;
  readonly signature: string;
  readonly body: string;
}

/** Functions of a query that are taken as they are, with the oids of what they may read. */
export interface AllowedFunctions {
  readonly names: readonly TableName[];
  readonly reads: ReadonlySet<number>;
}

/**
 * Refuses (exit 2) a query that calls a function by which a table would be read as it is today: one of the
 * application that has the name of a relation in its text, or calls one that has, or one that runs any query.
 * No plan shows what a function does, so names are all there is to go by. Tells those that are `allowed`.
 */
export async function refuseFunctions(
  audit: AuditDatabase,
  functions: readonly CalledFunction[],
  allowed: readonly TableName[],
): Promise<AllowedFunctions> {
  const isAllowed = (schema: string | undefined, name: string) =>
    allowed.some((one) => one.table === name && (one.schema ?? schema) === schema);
  const names = new Map<string, TableName>();
  const reads = new Set<number>();
  const relations =
    functions.length === 0 ? new Map<string, NamedRelation[]>() : await relationsByName(audit);
  const seen = new Set<string>();
  let calls: readonly Called[] = functions.map((call) => ({ ...call, by: "query" }));
  for (let depth = 0; depth < DEPTH && calls.length > 0; depth++) {
    for (const { name } of calls) {
      if (!READERS.has(name)) continue;
      if (!isAllowed(undefined, name)) throw refused(`${name}()`, "any table", name);
      names.set(name, { schema: undefined, table: name });
    }
    const next: Called[] = [];
    for (const { schema, name, signature, body } of await readFunctions(audit, calls)) {
      if (seen.has(signature)) continue;
      seen.add(signature);
      const tokens = bodyTokens(body);
      const read = tokens.flatMap(({ kind, text }) =>
        kind === "word" || kind === "quoted" ? (relations.get(text) ?? []) : [],
      );
      const own = formatTableName({ schema, table: name });
      if (isAllowed(schema, name)) {
        names.set(own, { schema, table: name });
        for (const { oid } of read) reads.add(oid);
      } else if (read[0] !== undefined) throw refused(signature, formatTableName(read[0]), own);
      else next.push(...findNames(tokens).functions.map((call) => ({ ...call, by: "function" as const })));
    }
    calls = next;
  }
  return { names: [...names.values()], reads };
}

interface NamedRelation extends TableName {
  readonly oid: number;
}

/** All that can be read like a table, but for catalogs and our own; of those with the same name, that on the path first. */
async function relationsByName({
  sql,
  installation,
  searchPath,
}: AuditDatabase): Promise<Map<string, NamedRelation[]>> {
  const rows = await sql<NamedRelation[]>`
    select pg_class.oid, nspname as schema, relname as table
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f')
      and nspname !~ '^pg_' and nspname not in ('information_schema', ${installation.schema}::text)
    order by array_position(${sql.array([...searchPath], 25)}::text[], nspname::text), nspname`;
  const byName = new Map<string, NamedRelation[]>();
  for (const row of rows) byName.set(row.table, [...(byName.get(row.table) ?? []), row]);
  return byName;
}

/** Whether there is a function of this name; without a schema, anywhere. */
export async function isFunction({ sql }: AuditDatabase, { schema, table }: TableName): Promise<boolean> {
  const found = await sql`
    select from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where proname = ${table} and nspname = coalesce(${schema ?? null}::text, nspname)
    limit 1`;
  return found.length > 0;
}

/** A function by name; where no schema is written, the path of the query decides, and that of a function may be any. */
interface Called extends CalledFunction {
  readonly by: "query" | "function";
}

async function readFunctions(
  { sql, searchPath, installation }: AuditDatabase,
  calls: readonly Called[],
): Promise<Declared[]> {
  const names = [...new Set(calls.map(({ name }) => name))];
  const rows = await sql<Declared[]>`
    select nspname as schema, proname as name, pg_proc.oid::regprocedure::text as signature,
      case when prokind in ('f', 'w') then pg_get_functiondef(pg_proc.oid) else '' end as body
    from pg_proc
    join pg_namespace on pg_namespace.oid = pronamespace
    join pg_language on pg_language.oid = prolang
    where proname = any (${sql.array(names, 25)}::text[])
      and nspname not in ('pg_catalog', 'information_schema', ${installation.schema}::text)
      and lanname not in ('internal', 'c')
    order by signature`;
  return rows.filter((row) =>
    calls.some(
      ({ schema, name, by }) =>
        name === row.name &&
        (schema === undefined ? by === "function" || searchPath.includes(row.schema) : schema === row.schema),
    ),
  );
}

/** The tokens of a function, those of its strings among them: its body is one, and so is a query that it makes. */
function bodyTokens(text: string, depth = 0): Token[] {
  return tokenize(text).flatMap((token) => {
    if (token.kind !== "string" || depth > 3) return [token];
    const inner = /^(?:\w*'|(\$\w*\$))([\s\S]*?)(?:'|\1)$/.exec(token.text)?.[2];
    return inner === undefined ? [] : bodyTokens(inner, depth + 1);
  });
}

function refused(signature: string, table: string, name: string): Error {
  return usageError(
    `${safeText(signature)} is a function, and may read ${safeText(table)} as of today: what happens in it cannot be seen.`,
    `Write into the query what it does, or accept that: --present '${safeText(name)}'`,
  );
}
