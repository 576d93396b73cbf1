import { type Command, InvalidArgumentError } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import type { OperationName } from "../types.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  parseCount,
  readOptionalWhen,
  type ZoneOptions,
} from "./options.ts";

export interface HistoryOptions extends ConnectionOptions, OutputOptions, ZoneOptions {
  readonly table: string;
  /** Key values in key order, or col=value pairs; empty for the whole table. */
  readonly key: readonly string[];
  readonly since?: When | undefined;
  readonly until?: When | undefined;
  readonly op?: readonly OperationName[] | undefined;
  readonly actor?: string | undefined;
  readonly limit?: number | undefined;
}

interface Typed extends Omit<HistoryOptions, "table" | "key" | "since" | "until"> {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export function addHistoryCommand(
  program: Command,
  io: Io,
  run: (options: HistoryOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("history")
    .description("Show the changes of a row, or of a whole table, oldest first")
    .argument("<table>", 'users, public.users, "Odd.Name", or relation:ID')
    .argument("[key...]", "the row's key: a value per key column, or col=value")
    .option("--since <when>", "changes from this instant on")
    .option("--until <when>", "changes up to this instant")
    .option("--op <operations>", "insert, update, delete, truncate; comma-separated", parseOperations)
    .option("--actor <name>", "changes of this actor, or of this database user where no actor was claimed")
    .option("--limit <n>", "the newest n changes", parseCount);
  addCommonOptions(command, { instants: true, example: "audit history users 42 --since '2 days ago'" });
  command.action(async (table: string, key: string[], { since, until, ...options }: Typed) =>
    run(
      { ...options, table, key, since: await readOptionalWhen(since), until: await readOptionalWhen(until) },
      io,
    ),
  );
}

const operations: readonly OperationName[] = ["insert", "update", "delete", "truncate"];

function parseOperations(text: string, former: readonly OperationName[] = []): OperationName[] {
  const named = collectList(text).map((word) => {
    const found = operations.find((name) => name === word.toLowerCase());
    if (!found)
      throw new InvalidArgumentError(`"${word}" is not an operation. Write ${operations.join(", ")}.`);
    return found;
  });
  return [...former, ...named];
}

const runLazily = async (options: HistoryOptions, io: Io): Promise<void> =>
  (await import("../actions/history.ts")).runHistory(options, io);
