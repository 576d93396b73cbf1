import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import type { OutputOptions } from "../commands/options.ts";
import type { QueryOptions, QuerySource } from "../commands/query.ts";
import { formatTableName } from "../core/name.ts";
import { escapeControls, safeText } from "../core/safe.ts";
import { parseReading, type ReadingStatement } from "../core/sqlStatement.ts";
import { uniqueNames } from "../core/uniqueNames.ts";
import { unknownTable } from "../db/catalog.ts";
import { isFunction } from "../db/functionReadings.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { type PresentAllowed, preparePastQuery } from "../db/pastQuery.ts";
import { withReading } from "../db/reading.ts";
import { findRelations } from "../db/relationFacts.ts";
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
  const statement = parseReading(await readSource(options.source, input));
  await withReading(options, io, async (audit) => {
    const present = await resolvePresent(audit, options.present);
    const instant = await settleInstant(audit, options.at, options, io);
    await answerQuery(audit, statement, { instant, present, output: options }, io);
  });
}

/** Runs one statement and prints its rows. */
export async function answerQuery(
  audit: AuditDatabase,
  statement: ReadingStatement,
  {
    instant,
    present,
    output,
  }: {
    readonly instant: Instant;
    readonly present: PresentAllowed;
    readonly output: OutputOptions;
  },
  io: Io,
): Promise<void> {
  const query = await preparePastQuery(audit, statement, instant, present);
  const nameOf = (name: TableName) => safeText(formatTableName(name));
  for (const name of query.present) io.err(`note: ${nameOf(name)} is taken as it is today\n`);
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
        present: query.present.map(({ schema = null, table }) => ({ schema, table })),
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

/** What is to be read as it is today: tables, views, functions. Exit 2 where there is nothing of a name. */
export async function resolvePresent(
  audit: AuditDatabase,
  names: readonly TableName[],
): Promise<PresentAllowed> {
  const found = await findRelations(audit.sql, names, audit.searchPath);
  const functions: TableName[] = [];
  const faults: string[] = [];
  for (const name of names.filter((_, index) => found[index] === undefined)) {
    if (await isFunction(audit, name)) functions.push(name);
    else faults.push(await unknownTable(audit.sql, name, audit.searchPath));
  }
  if (faults.length > 0) throw usageError(faults.join("\n"));
  return { relations: found.filter((facts) => facts !== undefined), functions };
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
