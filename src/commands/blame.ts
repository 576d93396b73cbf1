import type { Command } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  outputFormats,
  readOptionalWhen,
  type ZoneOptions,
} from "./options.ts";

export interface BlameOptions extends ConnectionOptions, ArchiveReadingOptions, OutputOptions, ZoneOptions {
  readonly table: string;
  readonly key: readonly string[];
  /** Columns by name or glob; undefined means all. */
  readonly column?: readonly string[] | undefined;
  /** The row as it was then; undefined means now. */
  readonly at?: When | undefined;
}

interface Typed extends Omit<BlameOptions, "table" | "key" | "at"> {
  readonly at?: string | undefined;
}

export function addBlameCommand(
  program: Command,
  io: Io,
  run: (options: BlameOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("blame")
    .description("Show who set each value of a row, when, in which transaction, and what it was before")
    .argument("<table>", 'users, public.users, "Odd.Name", or relation:ID')
    .argument("<key...>", "the row's key: a value per key column, or col=value")
    .option("--column <columns>", "these columns alone, by name or glob, comma-separated", collectList)
    .option("--at <when>", "the instant, such as 'yesterday 17:00', -2h or tag:NAME");
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: "audit blame users 42 --column email",
  });
  command.action(async (table: string, key: string[], { at, ...options }: Typed) =>
    run({ ...options, table, key, at: await readOptionalWhen(at) }, io),
  );
}

const runLazily = async (options: BlameOptions, io: Io): Promise<void> =>
  (await import("../actions/blame.ts")).runBlame(options, io);
