import type { Command } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  readOptionalWhen,
  readWhen,
  type ZoneOptions,
} from "./options.ts";

export interface DiffOptions extends ConnectionOptions, OutputOptions, ZoneOptions {
  readonly table: string;
  readonly key: readonly string[];
  readonly from: When;
  /** undefined means now. */
  readonly to?: When | undefined;
}

interface Typed extends Omit<DiffOptions, "table" | "key" | "from" | "to"> {
  readonly from: string;
  readonly to?: string | undefined;
}

export function addDiffCommand(
  program: Command,
  io: Io,
  run: (options: DiffOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("diff")
    .description("Show which rows of a table differ between two instants, and in what")
    .argument("<table>", 'users, public.users or "Odd.Name"')
    .argument("[key...]", "one row's key: a value per key column, or col=value")
    .requiredOption("--from <when>", "the earlier instant")
    .option("--to <when>", "the later instant (now without)");
  addCommonOptions(command, {
    instants: true,
    example: "audit diff users --from 'yesterday 17:00' --to now",
  });
  command.action(async (table: string, key: string[], { from, to, ...options }: Typed) =>
    run({ ...options, table, key, from: await readWhen(from), to: await readOptionalWhen(to) }, io),
  );
}

const runLazily = async (options: DiffOptions, io: Io): Promise<void> =>
  (await import("../actions/diff.ts")).runDiff(options, io);
