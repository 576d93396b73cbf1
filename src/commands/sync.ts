import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
} from "./options.ts";

export type SyncOptions = ConnectionOptions & OutputOptions & WriteOptions;

export function addSyncCommand(
  program: Command,
  io: Io,
  run: (options: SyncOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program.command("sync").description("Mend what check finds, by the SQL that check prints");
  addCommonOptions(command, { writes: true, example: "audit sync" });
  command.action((options: SyncOptions) => run(options, io));
}

const runLazily = async (options: SyncOptions, io: Io): Promise<void> =>
  (await import("../actions/sync.ts")).runSync(options, io);
