import { type Command, Option } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  outputFormats,
  readWhen,
  type ZoneOptions,
} from "./options.ts";

export interface AtTimeOptions extends ConnectionOptions, ArchiveReadingOptions, OutputOptions, ZoneOptions {
  readonly when: When;
  readonly table: string;
  readonly key: readonly string[];
  /** An SQL condition over the columns. */
  readonly where?: string | undefined;
  /** Names or globs of columns. */
  readonly columns?: readonly string[] | undefined;
  /** Columns of today, or those of then under their names of then. */
  readonly schema?: "now" | "then" | undefined;
}

export function addAtTimeCommand(
  program: Command,
  io: Io,
  run: (options: AtTimeOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("at-time")
    .description("Show the rows of a table as they were at an instant")
    .argument("<when>", "such as '2026-11-20 17:00', 'yesterday 17:00', '2 days ago' or -2h")
    .argument("<table>", 'users, public.users or "Odd.Name"')
    .argument("[key...]", "one row's key: a value per key column, or col=value")
    .option(
      "--where <condition>",
      "only rows for which this condition held, such as \"age > 30 and name like 'A%'\"",
    )
    .option("--columns <columns>", "only these columns, by name or glob, comma-separated", collectList)
    .addOption(
      new Option("--schema <whose>", "columns as the table has them now, or as it had them then").choices([
        "now",
        "then",
      ]),
    );
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: "audit at-time '2 days ago' users 42",
  });
  command.action(
    async (
      when: string,
      table: string,
      key: string[],
      options: Omit<AtTimeOptions, "when" | "table" | "key">,
    ) => run({ ...options, when: await readWhen(when), table, key }, io),
  );
}

const runLazily = async (options: AtTimeOptions, io: Io): Promise<void> =>
  (await import("../actions/atTime.ts")).runAtTime(options, io);
