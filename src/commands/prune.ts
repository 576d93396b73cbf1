import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";
import {
  addUnattendedOptions,
  readUnattendedOptions,
  type TypedUnattended,
  type UnattendedOptions,
} from "./unattendedOptions.ts";

export interface PruneOptions
  extends ConnectionOptions,
    OutputOptions,
    WriteOptions,
    ZoneOptions,
    UnattendedOptions {}

export function addPruneCommand(
  program: Command,
  io: Io,
  run: (options: PruneOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("prune")
    .description("Remove what retention no longer keeps, and rotate segments; made for cron");
  addUnattendedOptions(command);
  addCommonOptions(command, { writes: true, instants: true, example: "audit prune --dry-run" });
  command.action(async (typed: Omit<PruneOptions, keyof UnattendedOptions> & TypedUnattended) =>
    run(await readUnattendedOptions(typed), io),
  );
}

const runLazily = async (options: PruneOptions, io: Io): Promise<void> =>
  (await import("../actions/prune.ts")).runPrune(options, io);
