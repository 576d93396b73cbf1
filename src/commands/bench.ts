import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import type { Images, TableName } from "../types.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  parseCount,
  readTables,
  type WriteOptions,
} from "./options.ts";

export interface BenchOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly table: TableName;
  /** How many of the table's rows to copy at most. */
  readonly rows: number;
  readonly rounds: number;
  /** What to keep of an update; undefined means what the table has, or would be given by enable. */
  readonly images?: Images | undefined;
}

export function addBenchCommand(
  program: Command,
  io: Io,
  run: (options: BenchOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("bench")
    .description("Measure what auditing a table costs, on copies of it in a transaction that is rolled back")
    .argument("<table>", 'users, public.users or "Odd.Name"')
    .option("--rows <n>", "how many of its rows to copy", parseCount, 10_000)
    .option("--rounds <n>", "how often to measure", parseCount, 5)
    .addOption(
      new Option(
        "--images <what>",
        "keep of an update the changed columns, whole rows, or the old values alone",
      ).choices(["changes", "full", "lean"]),
    );
  addCommonOptions(command, { writes: true, example: "audit bench users --rows 50000" });
  command.action(async (table: string, options: Omit<BenchOptions, "table">) => {
    const [name] = await readTables([table]);
    if (name) await run({ ...options, table: name }, io);
  });
}

const runLazily = async (options: BenchOptions, io: Io): Promise<void> =>
  (await import("../actions/bench.ts")).runBench(options, io);
