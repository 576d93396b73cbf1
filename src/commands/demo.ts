import type { Command } from "commander";
import type { Io } from "../io.ts";

export interface DemoOptions {
  /** A server to play on instead of an embedded one; the demo makes a database of its own there. */
  readonly databaseUrl?: string | undefined;
  /** Leave the database running afterwards. */
  readonly keep?: boolean | undefined;
}

export function addDemoCommand(
  program: Command,
  io: Io,
  run: (options: DemoOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("demo")
    .description("Try it: a small shop on a PostgreSQL of its own, with some days of life behind it")
    .option(
      "--database-url <url>",
      "play on this server instead of an embedded one, in a database of its own",
    )
    .option("--keep", "leave the database running, to try things on")
    .option("--no-color", "no colour (as does NO_COLOR)")
    .option("--verbose", "add SQLSTATE and details to errors")
    .addHelpText("after", "\nExample:\n  $ audit demo --keep\n");
  command.action((options: DemoOptions) => run(options, io));
}

const runLazily = async (options: DemoOptions, io: Io): Promise<void> =>
  (await import("../actions/demo.ts")).runDemo(options, io);
