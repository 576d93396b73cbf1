import type { Command } from "commander";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type ArchiveFormOptions, addArchiveFormOptions } from "./archiveOptions.ts";
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
    UnattendedOptions,
    ArchiveFormOptions {
  /** Remove all that has expired at once, rather than with the whole of its segment. */
  readonly exact?: boolean | undefined;
  /** Nothing is removed that is not in this archive; what is missing there is archived first. */
  readonly archive?: string | undefined;
}

export function addPruneCommand(
  program: Command,
  io: Io,
  run: (options: PruneOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("prune")
    .description("Remove what retention no longer keeps, and rotate segments; made for cron")
    .option("--exact", "remove all that has expired at once, not only with the whole of its segment");
  command.option("--archive <target>", "archive first what is to go: a directory or s3://bucket/prefix");
  addArchiveFormOptions(command);
  addUnattendedOptions(command);
  addCommonOptions(command, { writes: true, instants: true, example: "audit prune --dry-run" });
  command.action(async (typed: Omit<PruneOptions, keyof UnattendedOptions> & TypedUnattended) => {
    const idle = typed.format === undefined ? "--compression" : "--format";
    if (typed.archive === undefined && (typed.format ?? typed.compression) !== undefined)
      throw usageError(
        `${idle} is of archived files, and nothing is archived.`,
        "Give --archive <target> too.",
      );
    await run(await readUnattendedOptions(typed), io);
  });
}

const runLazily = async (options: PruneOptions, io: Io): Promise<void> =>
  (await import("../actions/prune.ts")).runPrune(options, io);
