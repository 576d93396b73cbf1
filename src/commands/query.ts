import type { Command } from "commander";
import type { When } from "../core/when.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import type { TableName } from "../types.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  outputFormats,
  readTables,
  readWhen,
  type ZoneOptions,
} from "./options.ts";

/** Where the text of a query comes from. */
export type QuerySource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "file"; readonly path: string };

export interface QueryOptions extends ConnectionOptions, ArchiveReadingOptions, OutputOptions, ZoneOptions {
  readonly at: When;
  readonly source: QuerySource;
  /** Relations to be read as they are today. */
  readonly present: readonly TableName[];
}

interface Typed extends ConnectionOptions, ArchiveReadingOptions, OutputOptions, ZoneOptions {
  readonly at: string;
  readonly file?: string;
  readonly present?: readonly string[];
}

const limits = `
Tables and views are read as they were, whether written users or public.users. Tables that are not audited, and
materialized views, have no past: --present reads them as they are. A function reads today's tables: one that names a table is refused, unless
--present names it; what it reads in other ways cannot be seen.
In JSON a column's name that comes again gets a number: id, id_2.
`;

export function addQueryCommand(
  program: Command,
  io: Io,
  run: (options: QueryOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("query")
    .description("Run a SELECT over the past: every table in it as it was at one instant")
    .argument("[sql]", "a SELECT, WITH, VALUES or TABLE statement; - reads it from stdin")
    .requiredOption("--at <when>", "the instant, such as 'yesterday 17:00', -2h or tag:NAME")
    .option("--file <path>", "read the statement from a file")
    .option(
      "--present <tables>",
      "tables, views or functions to take as they are today; comma-separated, repeatable",
      collectList,
    );
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: `audit query --at 'yesterday 17:00' "select status, count(*) from orders group by 1 order by 1"`,
  });
  command.addHelpText("after", limits);
  command.action(async (sql: string | undefined, { at, file, present = [], ...options }: Typed) =>
    run(
      { ...options, at: await readWhen(at), source: sourceOf(sql, file), present: await readTables(present) },
      io,
    ),
  );
}

function sourceOf(sql: string | undefined, file: string | undefined): QuerySource {
  if (sql !== undefined && file !== undefined)
    throw usageError("The query is given twice, as an argument and by --file.", "Leave one of them out.");
  if (file !== undefined) return { kind: "file", path: file };
  if (sql === "-") return { kind: "stdin" };
  if (sql !== undefined) return { kind: "text", text: sql };
  throw usageError(
    "There is no query.",
    `Give it as an argument, such as "select * from users", with --file, or - for stdin.`,
  );
}

const runLazily = async (options: QueryOptions, io: Io): Promise<void> =>
  (await import("../actions/query.ts")).runQuery(options, io);
