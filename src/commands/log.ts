import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addFilterOptions,
  type FilterOptions,
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

export interface LogOptions
  extends ConnectionOptions,
    ArchiveReadingOptions,
    OutputOptions,
    ZoneOptions,
    FilterOptions {
  /** As typed; empty for all. */
  readonly tables: readonly string[];
}

type Typed = TypedFilter<Omit<LogOptions, "tables">>;

export function addLogCommand(
  program: Command,
  io: Io,
  run: (options: LogOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("log")
    .description("Show what transactions did, across tables, newest first")
    .argument("[table...]", 'only what they did to users, public.users, "Odd.Name", or relation:ID');
  addFilterOptions(command);
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: "audit log --actor ana --since -2h",
  });
  command.action(async (tables: string[], options: Typed) =>
    run({ ...(await readFilterOptions(options)), tables }, io),
  );
}

const runLazily = async (options: LogOptions, io: Io): Promise<void> =>
  (await import("../actions/log.ts")).runLog(options, io);
