import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
} from "./options.ts";

export interface UninstallOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  /** The database's name, typed out: needed where changes are recorded. */
  readonly confirm?: string | undefined;
}

export function addUninstallCommand(
  program: Command,
  io: Io,
  run: (options: UninstallOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("uninstall")
    .description("Remove the audit trail with its history, and leave the catalog as it was before init")
    .option("--confirm <database>", "the database's name, to remove recorded history");
  addCommonOptions(command, { writes: true, example: "audit uninstall --confirm shop" });
  command.action((options: UninstallOptions) => run(options, io));
}

const runLazily = async (options: UninstallOptions, io: Io): Promise<void> =>
  (await import("../actions/uninstall.ts")).runUninstall(options, io);
