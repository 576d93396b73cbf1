import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
} from "./options.ts";

export type InitOptions = ConnectionOptions & OutputOptions & WriteOptions;

export function addInitCommand(
  program: Command,
  io: Io,
  run: (options: InitOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("init")
    .description("Install the audit trail's schema in a database, or bring it up to this version");
  addCommonOptions(command, {
    writes: true,
    example: "audit init --database-url postgres://admin@db.example/shop",
  });
  command.action((options: InitOptions) => run(options, io));
}

const runLazily = async (options: InitOptions, io: Io): Promise<void> =>
  (await import("../actions/init.ts")).runInit(options, io);
