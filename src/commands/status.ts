import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addCommonOptions, type ConnectionOptions, type OutputOptions, type ZoneOptions } from "./options.ts";

export interface StatusOptions extends ConnectionOptions, OutputOptions, ZoneOptions {
  readonly table?: string | undefined;
}

export function addStatusCommand(
  program: Command,
  io: Io,
  run: (options: StatusOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("status")
    .description("Show what is audited since when, how far back it reaches and what it takes")
    .argument("[table]", "one table; all of them without");
  addCommonOptions(command, { instants: true, example: "audit status" });
  command.action((table: string | undefined, options: Omit<StatusOptions, "table">) =>
    run({ ...options, table }, io),
  );
}

const runLazily = async (options: StatusOptions, io: Io): Promise<void> =>
  (await import("../actions/status.ts")).runStatus(options, io);
