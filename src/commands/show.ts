import type { Command } from "commander";
import type { Subject } from "../core/subject.ts";
import type { Io } from "../io.ts";
import type { OperationName } from "../types.ts";
import { filterWords, type NameOptions, namesOption, parseOperations } from "./changeOptions.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  outputFormats,
  parseCount,
  type ZoneOptions,
} from "./options.ts";

export interface ShowOptions
  extends ConnectionOptions,
    ArchiveReadingOptions,
    OutputOptions,
    ZoneOptions,
    NameOptions {
  readonly what: Subject;
  /** Of a transaction, only these of its changes. */
  readonly op?: readonly OperationName[] | undefined;
  readonly column?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

export function addShowCommand(
  program: Command,
  io: Io,
  run: (options: ShowOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("show")
    .description("Show a change in full, or a transaction with its changes, which can be narrowed")
    .argument("<what>", "change:ID, the number of a change alone, or tx:ID")
    .option("--op <operations>", filterWords.op, parseOperations)
    .option("--column <names>", filterWords.column, collectList)
    .option("--limit <n>", filterWords.limit, parseCount)
    .addOption(namesOption());
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: outputFormats,
    example: "audit show tx:812",
  });
  command.action(async (what: string, options: Omit<ShowOptions, "what">) => {
    const { parseSubject } = await import("../core/subject.ts");
    await run({ ...options, what: parseSubject(what.trim()) }, io);
  });
}

const runLazily = async (options: ShowOptions, io: Io): Promise<void> =>
  (await import("../actions/show.ts")).runShow(options, io);
