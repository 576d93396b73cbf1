import type { Command } from "commander";
import type { When } from "../core/when.ts";
import type { Io } from "../io.ts";
import { addCommonOptions, collectList, readWhen } from "./options.ts";
import { addRepairOptions, planFormats, type RepairOptions } from "./repairOptions.ts";

export interface RestoreOptions extends RepairOptions {
  readonly table: string;
  /** One row's key, or more tables where each of them names one. */
  readonly key: readonly string[];
  readonly to: When;
  /** An SQL condition over the columns. */
  readonly where?: string | undefined;
  /** Names or globs of columns. */
  readonly columns?: readonly string[] | undefined;
}

interface Typed extends Omit<RestoreOptions, "table" | "key" | "to"> {
  readonly to: string;
}

export function addRestoreCommand(
  program: Command,
  io: Io,
  run: (options: RestoreOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("restore")
    .description("Put rows back to how they were at an instant: the plan, and with --apply the deed")
    .argument("<table>", 'users, public.users or "Odd.Name"')
    .argument("[key...]", "one row's key: a value per key column, or col=value; or more tables")
    .requiredOption("--to <instant>", "how they were then, such as '2 days ago' or tag:before-import")
    .option(
      "--where <condition>",
      "only rows for which this condition held, such as \"age > 30 and name like 'A%'\"",
    )
    .option("--columns <columns>", "only these columns, by name or glob, comma-separated", collectList);
  addRepairOptions(command);
  addCommonOptions(command, {
    writes: true,
    instants: true,
    formats: planFormats,
    example: "audit restore users 42 --to '2 hours ago'",
  });
  command.action(async (table: string, key: string[], { to, ...options }: Typed) =>
    run({ ...options, table, key, to: await readWhen(to) }, io),
  );
}

const runLazily = async (options: RestoreOptions, io: Io): Promise<void> =>
  (await import("../actions/restore.ts")).runRestore(options, io);
