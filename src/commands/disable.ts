import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { TableName } from "../types.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  readTables,
  type WriteOptions,
} from "./options.ts";

export interface DisableOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly tables: readonly TableName[];
  readonly all?: boolean | undefined;
}

export function addDisableCommand(
  program: Command,
  io: Io,
  run: (options: DisableOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("disable")
    .description("Stop auditing tables; what was recorded stays and can still be read")
    .argument("[table...]", 'users, public.users or "Odd.Name"')
    .option("--all", "every audited table");
  addCommonOptions(command, { writes: true, example: "audit disable sessions" });
  command.action(async (tables: string[], options: Omit<DisableOptions, "tables">) =>
    run({ ...options, tables: await readTables(tables) }, io),
  );
}

const runLazily = async (options: DisableOptions, io: Io): Promise<void> =>
  (await import("../actions/disable.ts")).runDisable(options, io);
