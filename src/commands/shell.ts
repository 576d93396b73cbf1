import type { Command } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import type { TableName } from "../types.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  outputFormats,
  readTables,
  readWhen,
  type ZoneOptions,
} from "./options.ts";

export interface ShellOptions extends ConnectionOptions, OutputOptions, ZoneOptions {
  readonly at: When;
  /** Relations and functions to be taken as they are today. */
  readonly present: readonly TableName[];
}

interface Typed extends ConnectionOptions, OutputOptions, ZoneOptions {
  readonly at: string;
  readonly present?: readonly string[];
}

const usage = `
Statements end with ";" and run as audit query runs them, all in one snapshot of the database. \\at <when>
goes to another instant, \\d lists the audited tables, \\? helps, \\q leaves. Ctrl-C cancels what is running.
Statements from a pipe are run up to the first that fails.
`;

export function addShellCommand(
  program: Command,
  io: Io,
  run: (options: ShellOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("shell")
    .description("Look around in the past: run one query after the other")
    .requiredOption("--at <when>", "the instant, such as 'yesterday 17:00', -2h or tag:NAME")
    .option(
      "--present <tables>",
      "tables, views or functions to take as they are today; comma-separated, repeatable",
      collectList,
    );
  addCommonOptions(command, {
    instants: true,
    formats: outputFormats,
    example: "audit shell --at 'yesterday 17:00'",
  });
  command.addHelpText("after", usage);
  command.action(async ({ at, present = [], ...options }: Typed) =>
    run({ ...options, at: await readWhen(at), present: await readTables(present) }, io),
  );
}

const runLazily = async (options: ShellOptions, io: Io): Promise<void> =>
  (await import("../actions/shell.ts")).runShell(options, io);
