import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import {
  addFilterOptions,
  type FilterOptions,
  type NameOptions,
  namesOption,
  readFilterOptions,
  type TypedFilter,
} from "./changeOptions.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  outputFormats,
  type ZoneOptions,
} from "./options.ts";

export interface HistoryOptions
  extends ConnectionOptions,
    ArchiveReadingOptions,
    OutputOptions,
    ZoneOptions,
    FilterOptions,
    NameOptions {
  readonly table: string;
  /** Key values in key order, or col=value pairs; empty for the whole table. */
  readonly key: readonly string[];
  /** A column to draw over time instead of telling the changes. */
  readonly plot?: string | undefined;
  readonly verbose?: boolean | undefined;
}

type Typed = TypedFilter<Omit<HistoryOptions, "table" | "key">>;

export function addHistoryCommand(
  program: Command,
  io: Io,
  run: (options: HistoryOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("history")
    .description("Show the changes of a row, or of a whole table, oldest first")
    .argument("<table>", 'users, public.users, "Odd.Name", or relation:ID')
    .argument("[key...]", "the row's key: a value per key column, or col=value");
  addFilterOptions(command);
  command
    .addOption(namesOption())
    .addOption(
      new Option("--plot <column>", "draw a numeric column of one row over time").conflicts([
        ...["column", "limit", "reverse", "op", "actor", "dbUser", "where", "grep", "context", "schema"],
      ]),
    );
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: "audit history users 42 --since '2 days ago'",
  });
  command.action(async (table: string, key: string[], options: Typed) =>
    run({ ...(await readFilterOptions(options)), table, key }, io),
  );
}

const runLazily = async (options: HistoryOptions, io: Io): Promise<void> =>
  (await import("../actions/history.ts")).runHistory(options, io);
