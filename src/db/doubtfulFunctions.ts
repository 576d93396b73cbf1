import { safeText } from "../core/safe.ts";
import { tokenize } from "../core/sqlTokens.ts";
import type { AuditDatabase } from "./installation.ts";
import type { PastSources } from "./pastSources.ts";

/** Functions of the server and of its extensions that run a query given as text, or read a table given by name. */
const READERS = new Set(
  `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml table_to_xmlschema table_to_xml_and_xmlschema
  schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema cursor_to_xml ts_stat
  dblink crosstab connectby xpath_table`.split(/\s+/),
);

/**
 * The functions that a query calls and that may read tables by themselves: those of the application whose text has
 * the name of an audited table, and those that run any query. Names only are compared: it is for a note.
 */
export async function findDoubtful(
  { sql, searchPath }: AuditDatabase,
  { functions, audited }: PastSources,
): Promise<string[]> {
  const names = [...new Set(functions.map(({ name }) => name))];
  if (names.length === 0) return [];
  const rows = await sql<{ schema: string; name: string; signature: string; body: string }[]>`
    select nspname as schema, proname as name, pg_proc.oid::regprocedure::text as signature,
      case when prokind in ('f', 'w') then pg_get_functiondef(pg_proc.oid) else prosrc end as body
    from pg_proc
    join pg_namespace on pg_namespace.oid = pronamespace
    join pg_language on pg_language.oid = prolang
    where proname = any (${sql.array(names, 25)}::text[])
      and nspname not in ('pg_catalog', 'information_schema')
      and lanname not in ('internal', 'c')
    order by signature`;
  const tables = new Set([...audited.values()].map(({ table }) => table));
  const called = rows.filter(({ schema, name, body }) => {
    const isMeant = functions.some(
      (call) =>
        call.name === name && (call.schema ?? (searchPath.includes(schema) ? schema : undefined)) === schema,
    );
    return isMeant && mentions(body, tables);
  });
  const readers = names.filter((name) => READERS.has(name));
  return [...readers, ...called.map(({ signature }) => signature)].map((name) => safeText(name));
}

/** Bodies are strings: what is in them is looked at as SQL, whatever the language. */
function mentions(text: string, tables: ReadonlySet<string>, depth = 0): boolean {
  return tokenize(text).some(({ kind, text: part }) => {
    if (kind === "word" || kind === "quoted") return tables.has(part);
    if (kind !== "string" || depth > 3) return false;
    const inner = /^(?:\w*'|(\$\w*\$))([\s\S]*?)(?:'|\1)$/.exec(part)?.[2];
    return inner !== undefined && mentions(inner, tables, depth + 1);
  });
}
