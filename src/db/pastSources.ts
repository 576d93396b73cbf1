import { randomBytes } from "node:crypto";
import { applyEdits, type Edit } from "../core/edits.ts";
import { formatTableName } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { type CalledFunction, findNames } from "../core/sqlSources.ts";
import { parseReading, type ReadingStatement } from "../core/sqlStatement.ts";
import { type NamedQuery, type WrappedQuery, wrapQuery } from "../core/wrappedQuery.ts";
import { usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { listRelations, type Relation } from "./registry.ts";
import {
  type DeclaredColumn,
  findRelations,
  type RelationFacts,
  readDeclaredColumns,
  readViewQuery,
} from "./relationFacts.ts";

/** A statement, and what is put in place of the names in it. */
export interface Rewritten {
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** A relation whose past a query can read: an audited table, or a view, whose query reads the past in its turn. */
export interface PastSource {
  readonly facts: RelationFacts;
  /** What it is called within the query: a name that nobody can guess. */
  readonly name: string;
  readonly what:
    | { readonly kind: "table"; readonly columns: readonly DeclaredColumn[] }
    | { readonly kind: "view"; readonly query: Rewritten };
}

export interface PastSources {
  readonly statement: Rewritten;
  /** Each behind those it reads. */
  readonly sources: readonly PastSource[];
  /** The names without schema by which the statement knows them. */
  readonly bare: ReadonlyMap<string, PastSource>;
  /** All relations that are named, in the statement or in a view. */
  readonly named: readonly RelationFacts[];
  readonly functions: readonly CalledFunction[];
  readonly audited: ReadonlyMap<number, Relation>;
}

/**
 * Finds the audited tables and the views that a statement may mean, and puts them in place of names with a schema.
 * `present` holds those that are to be read as they are today.
 */
export async function gatherSources(
  audit: AuditDatabase,
  statement: ReadingStatement,
  present: ReadonlySet<number>,
): Promise<PastSources> {
  const mark = `past_${randomBytes(6).toString("hex")}`;
  const relations = (await listRelations(audit)).filter(({ dropped }) => !dropped);
  const audited = new Map(relations.map((relation) => [relation.oid, relation]));
  const known = new Map<number, PastSource>();
  const named: RelationFacts[] = [];
  const functions: CalledFunction[] = [];

  const rewrite = async ({ text, tokens }: ReadingStatement, path: readonly string[]) => {
    const names = findNames(tokens);
    functions.push(...names.functions);
    const found = await findRelations(audit.sql, names.sources, path);
    const edits: Edit[] = [];
    const bare = new Map<string, PastSource>();
    const past: PastSource[] = [];
    for (const [index, name] of names.sources.entries()) {
      const facts = found[index];
      if (facts === undefined) continue;
      named.push(facts);
      const source = await sourceOf(facts);
      if (source === undefined) continue;
      if (name.only && (facts.kind === "p" || facts.heirs.length > 0)) throw onlyRefused(facts);
      past.push(source);
      if (name.schema === undefined) bare.set(name.table, source);
      else {
        const alias = name.aliased ? "" : ` as ${quoted(name.table)}`;
        edits.push({ at: name.at, end: name.end, text: quoted(source.name) + alias });
      }
    }
    for (const { schema, table, at, end } of names.columns)
      if (past.some(({ facts }) => facts.schema === schema && facts.table === table))
        edits.push({ at, end, text: "" });
    return { query: { text, edits: edits.sort((one, other) => one.at - other.at) }, bare };
  };

  const sourceOf = async (facts: RelationFacts): Promise<PastSource | undefined> => {
    const former = known.get(facts.oid);
    if (former !== undefined) return former;
    const what = present.has(facts.oid) ? undefined : await readSource(facts);
    if (what === undefined) return undefined;
    const source = { facts, name: `${mark}_${known.size}x`, what };
    known.set(facts.oid, source);
    return source;
  };

  const readSource = async (facts: RelationFacts): Promise<PastSource["what"] | undefined> => {
    if (facts.schema === "pg_catalog" || facts.schema === "information_schema") return undefined;
    if (facts.kind === "v") {
      const query = parseReading(await readViewQuery(audit.sql, facts.oid));
      // Where every relation has its schema, a bare name is one that the view defines itself.
      return { kind: "view", query: (await rewrite(query, [])).query };
    }
    if (!audited.has(facts.oid) || facts.root !== undefined) return undefined;
    return { kind: "table", columns: await readDeclaredColumns(audit.sql, facts.oid) };
  };

  const own = await rewrite(statement, audit.searchPath);
  return {
    statement: own.query,
    bare: own.bare,
    sources: [...known.values()],
    named,
    functions,
    audited,
  };
}

/** The same, with another text of a view; of the statement where no view is given. */
export function withRewritten(
  sources: PastSources,
  view: PastSource | undefined,
  query: Rewritten,
): PastSources {
  if (view === undefined) return { ...sources, statement: query };
  const replaced: PastSource = { ...view, what: { kind: "view", query } };
  const replace = (source: PastSource) => (source === view ? replaced : source);
  return {
    ...sources,
    sources: sources.sources.map(replace),
    bare: new Map([...sources.bare].map(([name, source]) => [name, replace(source)])),
  };
}

/** The statement with the queries around it; `table` gives the one that stands for an audited table. */
export function wrapSources(
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

function onlyRefused(facts: RelationFacts): Error {
  const parts = facts.kind === "p" ? "partitions" : "tables that inherit from it";
  return usageError(
    `${safeText(formatTableName(facts))} has ${parts}, and its past cannot be read without them.`,
    "Leave out ONLY.",
  );
}

/** A name in quotes: what it is called, whatever it is. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
