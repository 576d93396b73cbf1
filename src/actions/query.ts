import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import type { OutputOptions } from "../commands/options.ts";
import type { QueryOptions, QuerySource } from "../commands/query.ts";
import { formatTableName } from "../core/name.ts";
import { escapeControls, safeText } from "../core/safe.ts";
import { parseReading } from "../core/sqlStatement.ts";
import { uniqueNames } from "../core/uniqueNames.ts";
import { unknownTable } from "../db/catalog.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { preparePastQuery } from "../db/pastQuery.ts";
import { withReading } from "../db/reading.ts";
import { findRelations, type RelationFacts } from "../db/relationFacts.ts";
import { ExitCode, UserError, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { countOf } from "../output/duration.ts";
import { instantJson } from "../output/instant.ts";
import type { Instant, TableName, Value } from "../types.ts";

/** Prints the rows of a query over the past: every table in it as it was at one instant. */
export async function runQuery(
  options: QueryOptions,
  io: Io,
  input: NodeJS.ReadableStream = process.stdin,
): Promise<void> {
  const sql = await readSource(options.source, input);
  await withReading(options, io, async (audit) => {
    const present = await resolvePresent(audit, options.present);
    parseReading(sql);
    const instant = await settleInstant(audit, options.at, options, io);
    await answerQuery(audit, sql, { instant, present, output: options }, io);
  });
}

/** Runs one statement and prints its rows. */
export async function answerQuery(
  audit: AuditDatabase,
  sql: string,
  {
    instant,
    present,
    output,
  }: {
    readonly instant: Instant;
    readonly present: readonly RelationFacts[];
    readonly output: OutputOptions;
  },
  io: Io,
): Promise<void> {
  const query = await preparePastQuery(audit, parseReading(sql), instant, present);
  const nameOf = (facts: TableName) => safeText(formatTableName(facts));
  for (const facts of query.present) io.err(`note: ${nameOf(facts)} is read as it is today\n`);
  for (const name of query.doubtful)
    io.err(`note: ${name} is a function that may read tables; what it reads itself is as of today\n`);
  const unknown = query.tables.flatMap(({ facts, unknown: columns }) =>
    columns.map(({ name, reason }) => ({ schema: facts.schema, table: facts.table, column: name, reason })),
  );
  for (const { schema, table, column, reason } of unknown)
    io.err(
      `note: column ${safeText(column)} of ${nameOf({ schema, table })} is unknown then (${safeText(reason)}) and NULL\n`,
    );
  const names = uniqueNames(query.columns);
  const shown = await writeAnswer<readonly Value[]>(
    {
      batches: query.rows,
      extra: {
        at: instantJson(instant),
        unknown: unknown.map(({ schema, table, column }) => ({ schema, table, column })),
        present: query.present.map(({ schema, table }) => ({ schema, table })),
      },
      json: (row) => rowJson(names, row),
      columns: query.columns.map((title) => ({ title })),
      row: (row) => row,
    },
    output,
    io,
  );
  io.err(`${countOf(shown, "row")}\n`);
}

/** An object without prototype: a column may be called __proto__. */
function rowJson(names: readonly string[], row: readonly Value[]): Record<string, Value> {
  const item: Record<string, Value> = Object.create(null);
  names.forEach((name, index) => {
    item[name] = row[index] ?? null;
  });
  return item;
}

/** The relations that are to be read as they are today. Exit 2 where there is none of a name. */
export async function resolvePresent(
  audit: AuditDatabase,
  names: readonly TableName[],
): Promise<RelationFacts[]> {
  const found = await findRelations(audit.sql, names, audit.searchPath);
  const faults = [];
  for (const [index, name] of names.entries())
    if (found[index] === undefined) faults.push(await unknownTable(audit.sql, name, audit.searchPath));
  if (faults.length > 0) throw usageError(faults.join("\n"));
  return found.filter((facts) => facts !== undefined);
}

async function readSource(source: QuerySource, input: NodeJS.ReadableStream): Promise<string> {
  if (source.kind === "text") return source.text;
  if (source.kind === "stdin") return readAll(input);
  try {
    return await readFile(source.path, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new UserError(ExitCode.Surroundings, `Cannot read "${escapeControls(source.path)}" (${code}).`, {
      hint: "Check the path, or give the query itself.",
      cause: error,
    });
  }
}
