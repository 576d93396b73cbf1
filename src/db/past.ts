import { resolveColumns } from "../core/columns.ts";
import { quoteIdentifier, tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import type { Instant, Value } from "../types.ts";
import { requireCondition } from "./condition.ts";
import type { AuditDatabase } from "./installation.ts";
import { streamRows } from "./rawRows.ts";
import type { Relation } from "./registry.ts";

/** A column whose value at an instant cannot be known, and why. */
export interface UnknownColumn {
  readonly name: string;
  readonly reason: string;
}

/** Rows as they were, with the columns of today. */
export interface PastRows {
  readonly columns: readonly string[];
  readonly unknown: readonly UnknownColumn[];
  readonly batches: AsyncGenerator<(readonly Value[])[], void, undefined>;
}

/** Which of a table's rows and columns to read. Whatever is left out does not narrow. */
export interface PastQuery {
  /** One row's key, as the log has it. */
  readonly key?: string | undefined;
  /** An SQL condition over the columns, as typed. */
  readonly where?: string | undefined;
  /** Names or globs of columns. */
  readonly columns?: readonly string[] | undefined;
  /** The table's columns of today, or those it had then under the names of then. */
  readonly schema?: "now" | "then" | undefined;
}

/**
 * The rows of a table at an instant, in the order of their keys, streamed. Throws, before the first row, where the
 * instant lies outside coverage, for columns that are not there and for a condition that is none (exit 2).
 */
export async function readPast(
  audit: AuditDatabase,
  relation: Relation,
  instant: Instant,
  { key, where, columns: patterns, schema = "now" }: PastQuery,
): Promise<PastRows> {
  const statement = await statementAt(audit, relation, instant, key === undefined ? null : [key]);
  const present = await columnsAt(audit, relation, instant);
  const all = schema === "now" ? present : await columnsThen(audit, relation, instant, present);
  const chosen = patterns === undefined ? all : chooseColumns(all, patterns, relation);
  // Under the table's own name, which a condition may qualify its columns with.
  const alias = quoteIdentifier(relation.table);
  const list = chosen.map(({ name, source }) =>
    source === undefined
      ? `null as ${quoteIdentifier(name)}`
      : `${alias}.${quoteIdentifier(source)} as ${quoteIdentifier(name)}`,
  );
  const rows = `(${statement}) as ${alias}`;
  if (where !== undefined) await requirePastCondition(audit, where, rows, present);
  const order = (await keyNames(audit, relation)).map((name) => `${alias}.${name}`);
  return {
    columns: chosen.map(({ name }) => name),
    unknown: unknownAmong(chosen),
    batches: streamRows(
      audit.sql,
      [
        `select ${list.join(", ")}`,
        `from ${rows}`,
        where === undefined ? "" : `where (${where}\n)`,
        order.length === 0 ? "" : `order by ${order.join(", ")}`,
      ].join("\n"),
    ),
  };
}

/** Which of these keys belong to rows for which an SQL condition held at an instant. Exit 2 for a condition that is none. */
export async function keysWhere(
  audit: AuditDatabase,
  relation: Relation,
  instant: Instant,
  where: string,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const { sql, object } = audit;
  const alias = quoteIdentifier(relation.table);
  const rows = `(${await statementAt(audit, relation, instant, keys)}) as ${alias}`;
  await requirePastCondition(audit, where, rows, await columnsAt(audit, relation, instant));
  const [made] = await sql<{ key: string }[]>`
    select ${object("_key_expression")}(
      ${relation.oid}::oid, ${sql.array([...relation.keyColumns], 21)}::smallint[], ${`${alias}.`}) as key`;
  const found = await sql.unsafe<{ key: string }[]>(
    `select ${made?.key} as key from ${rows} where (${where}\n)`,
  );
  return new Set(found.map(({ key }) => key));
}

async function requirePastCondition(
  audit: AuditDatabase,
  where: string,
  rows: string,
  columns: readonly { readonly name: string }[],
): Promise<void> {
  const names = columns.map(({ name }) => safeText(quoteIdentifier(name))).join(", ");
  await requireCondition(audit, where, { rows, hint: `Write a condition over its columns: ${names}.` });
}

/** A column to show: under which name, from which of today's columns (undefined: dropped), and why it is unknown. */
interface ShownColumn {
  readonly name: string;
  readonly source: string | undefined;
  readonly reason: string | null;
}

function chooseColumns(
  columns: readonly ShownColumn[],
  patterns: readonly string[],
  relation: Relation,
): ShownColumn[] {
  const { columns: names } = resolveColumns(
    patterns,
    columns.map(({ name }) => name),
    { flag: "--columns", table: tableLabel(relation), keyColumns: [] },
  );
  return columns.filter(({ name }) => names.includes(name));
}

/** The columns a table had at an instant, in its order of then; those dropped since are unknown. */
async function columnsThen(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
  present: readonly (ShownColumn & { readonly attnum: number })[],
): Promise<ShownColumn[]> {
  const then = await sql<{ attnum: number; name: string }[]>`
    select shape.attnum, shape.name
    from ${object("relation_shape")} as shape
    where shape.relation = ${relation.id}
      and shape.from_id = ${object("_shape_at")}(${relation.id}, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text)
    order by shape.attnum`;
  return then.map(({ attnum, name }) => {
    const today = present.find((column) => column.attnum === attnum);
    return today
      ? { name, source: today.source, reason: today.reason }
      : { name, source: undefined, reason: "dropped since" };
  });
}

/** The columns of the key in key order, quoted. What a primary key holds, a query can sort by. */
export async function keyNames({ sql }: AuditDatabase, relation: Relation): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select format('%I', attribute.attname) as name
    from unnest(${sql.array([...relation.keyColumns], 21)}::smallint[]) with ordinality as key_column (attnum, place)
    join pg_attribute as attribute on attribute.attrelid = ${relation.oid}::oid and attribute.attnum = key_column.attnum
    where not attribute.attisdropped
    order by key_column.place`;
  return rows.map(({ name }) => name);
}

/** The columns of a table whose values at an instant cannot be known, with why. */
export async function unknownColumns(
  audit: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<UnknownColumn[]> {
  return unknownAmong(await columnsAt(audit, relation, instant));
}

async function columnsAt({ sql, object }: AuditDatabase, relation: Relation, instant: Instant) {
  return sql<{ attnum: number; name: string; source: string; reason: string | null }[]>`
    select attnum, name, name as source, unknown as reason
    from ${object("_columns_at")}(${relation.id}, ${relation.oid}::oid, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text)`;
}

function unknownAmong(
  columns: readonly { readonly name: string; readonly reason: string | null }[],
): UnknownColumn[] {
  return columns.flatMap(({ name, reason }) => (reason === null ? [] : [{ name, reason }]));
}

/** The columns a table had at an instant that have been dropped since, under their names of then. */
export async function droppedColumns(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select shape.name
    from ${object("relation_shape")} as shape
    where shape.relation = ${relation.id}
      and shape.from_id = ${object("_shape_at")}(${relation.id}, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text)
      and not exists (
        select from pg_attribute as attribute
        where attribute.attrelid = ${relation.oid}::oid and attribute.attnum = shape.attnum and not attribute.attisdropped
      )
    order by shape.attnum`;
  return rows.map(({ name }) => name);
}

/** SQL text of a query for the rows of a table as they were at an instant; of some rows only where keys are given. */
export async function statementAt(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
  keys: readonly string[] | null,
): Promise<string> {
  const [made] = await sql<{ statement: string }[]>`
    select ${object("_at_statement")}(
      ${relation.oid}::oid, ${instant.at}::text::timestamptz, ${instant.tag ?? null}::text,
      ${keys === null ? null : sql.array([...keys], 25)}::text[]) as statement`;
  return made?.statement ?? "";
}

/** Whether the state of a table at an instant can be told from its present one: covered since, and rows told apart. */
export async function isCovered(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<boolean> {
  if (relation.keyFrom === "none") return false;
  const [oldest] = await sql<{ covered: boolean | null }[]>`
    select at <= ${instant.at}::text::timestamptz as covered from ${object("_oldest_instant")}(${relation.id})`;
  return oldest?.covered ?? false;
}

/** Exit 3, with the oldest instant possible, where the past of a table does not reach from an instant to now. */
export async function requireCoverage(
  { sql, object }: AuditDatabase,
  relation: Relation,
  instant: Instant,
): Promise<void> {
  await sql`select ${object("_require_coverage")}(${relation.id}, ${relation.oid}::oid, ${instant.at}::text::timestamptz)`;
}
