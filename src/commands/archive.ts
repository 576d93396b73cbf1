import type { Command } from "commander";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type ArchiveFormOptions, addArchiveFormOptions } from "./archiveOptions.ts";
import { type ArchiveRestoreOptions, addArchiveRestoreCommand } from "./archiveRestore.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  outputFormats,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";
import {
  addUnattendedOptions,
  readUnattendedOptions,
  type TypedUnattended,
  type UnattendedOptions,
} from "./unattendedOptions.ts";

export interface ArchiveOptions
  extends ConnectionOptions,
    OutputOptions,
    WriteOptions,
    ZoneOptions,
    UnattendedOptions,
    ArchiveFormOptions {
  readonly target: string;
}

export interface ArchiveListOptions extends OutputOptions, ZoneOptions {
  readonly target: string;
}

export interface ArchiveVerifyOptions extends ConnectionOptions, OutputOptions {
  readonly target: string;
  /** Look at the archive alone, without a database. */
  readonly offline?: boolean | undefined;
}

type Typed<Options> = Omit<Options, "target">;

const targetHelp = "a directory, file:///path or s3://bucket/prefix";

export function addArchiveCommand(
  program: Command,
  io: Io,
  run: {
    readonly write: (options: ArchiveOptions, io: Io) => Promise<void>;
    readonly list: (options: ArchiveListOptions, io: Io) => Promise<void>;
    readonly restore: (options: ArchiveRestoreOptions, io: Io) => Promise<void>;
    readonly verify: (options: ArchiveVerifyOptions, io: Io) => Promise<void>;
  } = runLazily,
): void {
  const command = program
    .command("archive")
    .description(
      "Copy closed segments to files in a directory or a bucket, list or verify them, bring them back",
    );
  const write = command
    .command("write", { isDefault: true })
    .description("Copy every closed segment that is not yet there, and read it back; made for cron")
    .argument("<target>", targetHelp);
  addUnattendedOptions(addArchiveFormOptions(write));
  addCommonOptions(write, { writes: true, instants: true, example: "audit archive s3://backups/shop" });
  write.action(
    async (target: string, typed: Omit<Typed<ArchiveOptions>, keyof UnattendedOptions> & TypedUnattended) =>
      run.write({ ...(await readUnattendedOptions(typed)), target }, io),
  );

  const list = command
    .command("list")
    .description("List what lies in an archive, by segment and table; needs no database")
    .argument("<target>", targetHelp);
  addCommonOptions(list, {
    instants: true,
    connects: false,
    formats: outputFormats,
    example: "audit archive list /mnt/archive",
  });
  list.action((target: string, options: Typed<ArchiveListOptions>) => run.list({ ...options, target }, io));

  addArchiveRestoreCommand(command, io, run.restore);

  const verify = command
    .command("verify")
    .description("Read an archive back, every byte of it, and say what is not as it was written (exit 1)")
    .argument("<target>", targetHelp)
    .option("--offline", "look at the archive alone, without the database that tells what must be there");
  addCommonOptions(verify, { example: "audit archive verify /mnt/archive" });
  verify.action((target: string, options: Typed<ArchiveVerifyOptions>) => {
    if (options.offline && options.databaseUrl !== undefined)
      throw usageError("--offline asks no database, --database-url names one.", "Leave one of them out.");
    return run.verify({ ...options, target }, io);
  });
}

const runLazily = {
  write: async (options: ArchiveOptions, io: Io): Promise<void> =>
    (await import("../actions/archive.ts")).runArchiveWrite(options, io),
  list: async (options: ArchiveListOptions, io: Io): Promise<void> =>
    (await import("../actions/archiveList.ts")).runArchiveList(options, io),
  restore: async (options: ArchiveRestoreOptions, io: Io): Promise<void> =>
    (await import("../actions/archiveRestore.ts")).runArchiveRestore(options, io),
  verify: async (options: ArchiveVerifyOptions, io: Io): Promise<void> =>
    (await import("../actions/archiveVerify.ts")).runArchiveVerify(options, io),
};
