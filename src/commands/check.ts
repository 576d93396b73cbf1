import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addCommonOptions, type ConnectionOptions, type OutputOptions } from "./options.ts";

export type CheckOptions = ConnectionOptions & OutputOptions;

export function addCheckCommand(
  program: Command,
  io: Io,
  run: (options: CheckOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("check")
    .description("Look for what is no longer as it was set up (exit 1), with the SQL that mends it");
  addCommonOptions(command, { example: "audit check || audit sync" });
  command.action((options: CheckOptions) => run(options, io));
}

const runLazily = async (options: CheckOptions, io: Io): Promise<void> =>
  (await import("../actions/check.ts")).runCheck(options, io);
