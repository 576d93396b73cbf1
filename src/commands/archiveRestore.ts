import type { Command } from "commander";
import type { Interval } from "../core/interval.ts";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  collectNumbers,
  type OutputOptions,
  readOptionalWhen,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";

export interface ArchiveRestoreOptions extends ConnectionOptions, OutputOptions, WriteOptions, ZoneOptions {
  readonly target: string;
  /** Numbers of segments; undefined means all that fit. */
  readonly segment?: readonly number[] | undefined;
  /** Only those that hold changes of this table. */
  readonly table?: string | undefined;
  readonly since?: When | undefined;
  readonly until?: When | undefined;
  /** How long they are kept. */
  readonly for: Interval;
}

interface Typed extends Omit<ArchiveRestoreOptions, "target" | "since" | "until" | "for"> {
  readonly since?: string;
  readonly until?: string;
  readonly for: string;
}

/** Adds `archive restore` to `archive`. */
export function addArchiveRestoreCommand(
  archive: Command,
  io: Io,
  run: (options: ArchiveRestoreOptions, io: Io) => Promise<void>,
): void {
  const command = archive
    .command("restore")
    .description(
      "Bring segments back from an archive for a time, all or those of a table; prune drops them after it",
    )
    .argument("<target>", "a directory, file:///path or s3://bucket/prefix")
    .option("--segment <numbers>", "these segments only; comma-separated, repeatable", collectNumbers)
    .option("--table <table>", 'users, public.users, "Odd.Name", or relation:ID')
    .option("--since <when>", "changes from this instant on")
    .option("--until <when>", "changes up to this instant")
    .option("--for <interval>", "how long they stay, such as 7d", "30 days");
  addCommonOptions(command, {
    writes: true,
    instants: true,
    example: "audit archive restore /mnt/archive --since 2025-01-01 --until 2025-03-31",
  });
  command.action(async (target: string, { since, until, for: length, ...options }: Typed) =>
    run(
      {
        ...options,
        target,
        since: await readOptionalWhen(since),
        until: await readOptionalWhen(until),
        for: await readLength(length),
      },
      io,
    ),
  );
}

async function readLength(text: string): Promise<Interval> {
  const { parseInterval } = await import("../core/interval.ts");
  const interval = parseInterval(text);
  if (interval !== undefined) return interval;
  const { usageError } = await import("../errors.ts");
  throw usageError(
    `--for ${text} has no end, and what is brought back is to go again.`,
    "Give a length of time such as 30d.",
  );
}
