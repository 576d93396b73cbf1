import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";

export type PruneOptions = ConnectionOptions & OutputOptions & WriteOptions & ZoneOptions;

export function addPruneCommand(
  program: Command,
  io: Io,
  run: (options: PruneOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("prune")
    .description("Remove what retention no longer keeps, and rotate segments; made for cron");
  addCommonOptions(command, { writes: true, instants: true, example: "audit prune --dry-run" });
  command.action((options: PruneOptions) => run(options, io));
}

const runLazily = async (options: PruneOptions, io: Io): Promise<void> =>
  (await import("../actions/prune.ts")).runPrune(options, io);
