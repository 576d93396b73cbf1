import type { DemoOptions } from "../commands/demo.ts";
import type { Io } from "../io.ts";

/**
 * Shows what the tool does, on a database made for it: a small shop, some days of its life, and a walk through
 * what was recorded, each command with its real output. Everything is removed afterwards, however it ends,
 * unless `keep` is given and it went well.
 */
export async function runDemo(options: DemoOptions, io: Io): Promise<void> {
  // Said before anything heavy is loaded: a server takes its time.
  io.err(
    options.databaseUrl === undefined
      ? "Starting a PostgreSQL for the demo …\n"
      : "Making a database for the demo …\n",
  );
  const { giveDemo } = await import("../demo/give.ts");
  await giveDemo(options, io);
}
