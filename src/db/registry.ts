import type { CaptureSettings } from "../core/capture.ts";
import { parseTableName, tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { ExitCode, UserError, usageError } from "../errors.ts";
import type { Capture, Kind, TableName } from "../types.ts";
import { findTable, unknownTable } from "./catalog.ts";
import type { AuditDatabase } from "./installation.ts";

/** A table that is or was audited, as the registry knows it. */
export interface Relation extends CaptureSettings {
  readonly id: number;
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** Attribute numbers of what is not recorded at present. */
  readonly excluded: readonly number[];
  /** Attribute numbers of what is redacted at present. */
  readonly redacted: readonly number[];
  readonly retention: string;
  readonly capture: Capture;
  readonly kind: Kind;
  readonly enabled: boolean;
  readonly dropped: boolean;
}

interface Row extends Omit<Relation, "exclude" | "only" | "redact"> {
  readonly excludeColumns: readonly number[];
  readonly excludeGlobs: readonly string[];
  readonly onlyColumns: readonly number[] | null;
  readonly onlyGlobs: readonly string[];
  readonly redactColumns: readonly number[];
  readonly redactGlobs: readonly string[];
}

/** Every table in the registry, by name. The trigger tells the oid: after dump and restore the registry's is stale. */
export async function listRelations({ sql, object, installation }: AuditDatabase): Promise<Relation[]> {
  const rows = await sql<Row[]>`
    select
      relation.id, coalesce(own.tgrelid, relation.oid) as oid,
      relation.schema_name as schema, relation.table_name as table,
      relation.key_columns as "keyColumns", relation.key_from as "keyFrom",
      relation.excluded, relation.exclude_columns as "excludeColumns", relation.exclude_globs as "excludeGlobs",
      relation.only_columns as "onlyColumns", relation.only_globs as "onlyGlobs",
      relation.redacted, relation.redact_columns as "redactColumns", relation.redact_globs as "redactGlobs",
      relation.images, relation.on_truncate as "onTruncate", relation.oversize,
      relation.keeps_statement as "keepsStatement", relation.always, relation.view_name as "viewName",
      retention.name as retention, retention.id as "retentionId",
      relation.capture, relation.kind, relation.enabled,
      relation.dropped_at is not null or class.oid is null as dropped
    from ${object("relation")} as relation
    join ${object("retention")} as retention on retention.id = relation.retention
    left join pg_trigger as own
      on own.tgname = '00_' || ${installation.schema}::text || '_update_' || relation.id and own.tgparentid = 0
    left join pg_class as class on class.oid = coalesce(own.tgrelid, relation.oid)
    order by relation.schema_name, relation.table_name, relation.id`;
  return rows.map(
    ({ excludeColumns, excludeGlobs, onlyColumns, onlyGlobs, redactColumns, redactGlobs, ...row }) => ({
      ...row,
      exclude: { columns: excludeColumns, globs: excludeGlobs },
      only: onlyColumns && { columns: onlyColumns, globs: onlyGlobs },
      redact: { columns: redactColumns, globs: redactGlobs },
    }),
  );
}

/** The registry's entry of a table that is there; undefined if it was never audited. */
export async function findRelation(audit: AuditDatabase, oid: number): Promise<Relation | undefined> {
  const [found] = await audit.sql<
    { id: number | null }[]
  >`select ${audit.object("_relation_of")}(${oid}::oid) as id`;
  if (found?.id == null) return undefined;
  return (await listRelations(audit)).find(({ id }) => id === found.id);
}

/** The audited table that is there under the name an argument gives; undefined where it gives none of these. */
export async function findNamedRelation(audit: AuditDatabase, typed: string): Promise<Relation | undefined> {
  let name: TableName;
  try {
    name = parseTableName(typed);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
  const oid = await findTable(audit.sql, name, audit.searchPath);
  return oid === undefined ? undefined : findRelation(audit, oid);
}

/**
 * The audited table meant by a command-line argument: by its present name, by its last name if it was
 * dropped, or by `relation:ID`. Exit 2 where there is no such table, 3 where it was never audited.
 */
export async function resolveRelation(audit: AuditDatabase, typed: string): Promise<Relation> {
  const relations = await listRelations(audit);
  const number = /^relation:(\d+)$/.exec(typed)?.[1];
  if (number !== undefined) {
    const found = relations.find(({ id }) => id === Number(number));
    if (found) return found;
    throw usageError(
      `There is no relation ${number} in the registry.`,
      "See the numbers with: audit status --json",
    );
  }
  const name = parseTableName(typed);
  const oid = await findTable(audit.sql, name, audit.searchPath);
  if (oid !== undefined) {
    const live = await findRelation(audit, oid);
    if (live) return live;
  }
  const former = relations.filter(
    (relation) => relation.dropped && relation.table === name.table && isIn(relation, name, audit.searchPath),
  );
  const [only, second] = former;
  if (only === undefined) {
    if (oid === undefined)
      throw usageError(
        await unknownTable(audit.sql, name, audit.searchPath),
        "See what is audited with: audit status",
      );
    throw new UserError(
      ExitCode.Inconclusive,
      `${tableLabel(name)} was never audited, so nothing is known of its past.`,
      {
        hint: `Start now: audit enable ${tableLabel(name)}`,
      },
    );
  }
  if (second !== undefined) {
    throw usageError(
      `Several dropped tables were called ${tableLabel(name)}: ${former.map(({ id }) => `relation:${id}`).join(", ")}.`,
      "Name one of these instead of the table.",
    );
  }
  return only;
}

function isIn(relation: Relation, { schema }: TableName, searchPath: readonly string[]): boolean {
  return schema === undefined ? searchPath.includes(relation.schema) : relation.schema === schema;
}

/** The text by which the log knows a row: key values run through the key columns' own types. */
export async function resolveKey(
  audit: AuditDatabase,
  relation: Relation,
  typed: readonly string[],
): Promise<string> {
  const { sql } = audit;
  if (relation.keyFrom === "none") {
    throw new UserError(
      ExitCode.Inconclusive,
      `${tableLabel(relation)} is audited without a key, so the history of one of its rows cannot be told.`,
      { hint: `See all of its changes: audit history ${tableLabel(relation)}` },
    );
  }
  const columns = await sql<{ name: string; type: string }[]>`
    select attribute.attname as name, under.named as type
    from unnest(${sql.array([...relation.keyColumns], 21)}::smallint[]) with ordinality as place (attnum, ordinality)
    join pg_attribute as attribute on attribute.attrelid = ${relation.oid} and attribute.attnum = place.attnum
    cross join lateral ${audit.object("_base_type")}(attribute.atttypid, attribute.atttypmod) as under
    order by place.ordinality`;
  // A dropped table has no types to ask: its key is taken as the log's own text.
  if (columns.length === 0)
    return typed.length === 1 ? (typed[0] ?? "") : JSON.stringify(typed).replaceAll('","', '", "');
  const values = keyValues(
    typed,
    columns.map(({ name }) => name),
    tableLabel(relation),
  );
  const [made] = await sql<{ expression: string }[]>`
    select ${audit.object("_key_expression")}(${relation.oid}::oid, ${sql.array([...relation.keyColumns], 21)}::smallint[], 'given.') as expression`;
  // Through the types' input functions: a cast is code that the owner of a type may have written, a check of a domain too.
  const given = columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(", ");
  const texts = Object.fromEntries(columns.map(({ name }, index) => [name, values[index]]));
  const [row] = await sql.unsafe<{ key: string }[]>(
    `select ${made?.expression} as key from jsonb_to_record($1::text::jsonb) as given (${given})`,
    [JSON.stringify(texts)],
  );
  return row?.key ?? "";
}

/** Key arguments as values in key order: one per column, or `col=value` pairs in any order. */
export function keyValues(typed: readonly string[], columns: readonly string[], table: string): string[] {
  const shown = columns.map((name) => safeText(name));
  const hint = `Give the key of ${table} as ${shown.map((name) => `<${name}>`).join(" ")}, or as ${shown.map((name) => `${name}=…`).join(" ")}.`;
  const pairs = typed.map((text) => {
    const column = columns.find((name) => text.startsWith(`${name}=`));
    return column === undefined ? undefined : ([column, text.slice(column.length + 1)] as const);
  });
  if (pairs.every((pair) => pair !== undefined) && pairs.length > 0) {
    const byColumn = new Map(pairs);
    const values = columns.map((column) => byColumn.get(column));
    const missing = columns.filter((column) => !byColumn.has(column));
    if (missing.length > 0)
      throw usageError(
        `The key of ${table} is incomplete: ${safeText(missing.join(", "))} is missing.`,
        hint,
      );
    if (byColumn.size !== pairs.length)
      throw usageError(`A column of the key of ${table} is given twice.`, hint);
    return values.map((value) => value ?? "");
  }
  if (typed.length !== columns.length) {
    throw usageError(
      `The key of ${table} has ${columns.length === 1 ? "one column" : `${columns.length} columns`} (${shown.join(", ")}), but ${typed.length === 1 ? "1 value was" : `${typed.length} values were`} given.`,
      hint,
    );
  }
  return [...typed];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
