import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
} from "./options.ts";

export type RetentionListOptions = ConnectionOptions & OutputOptions;

export interface RetentionSetOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly name: string;
  /** For PostgreSQL, such as "90 days"; null keeps for ever. */
  readonly keep: string | null;
}

export function addRetentionCommand(
  program: Command,
  io: Io,
  run: {
    readonly list: (options: RetentionListOptions, io: Io) => Promise<void>;
    readonly set: (options: RetentionSetOptions, io: Io) => Promise<void>;
  } = runLazily,
): void {
  const command = program.command("retention").description("List or set how long changes are kept");
  const list = command
    .command("list", { isDefault: true })
    .description("List the retention classes and their tables");
  addCommonOptions(list, { example: "audit retention" });
  list.action((options: RetentionListOptions) => run.list(options, io));

  const set = command
    .command("set")
    .description("Make a retention class, or change how long it keeps")
    .argument("<name>", "the class, such as normal; tables join it by: audit enable <table> --retain normal")
    .argument("<interval>", "such as 90d, '18 months' or forever");
  addCommonOptions(set, { writes: true, example: "audit retention set normal 1y" });
  set.action(async (name: string, interval: string, options: Omit<RetentionSetOptions, "name" | "keep">) =>
    run.set({ ...options, name, keep: await readKeep(interval) }, io),
  );
}

async function readKeep(text: string): Promise<string | null> {
  const { parseInterval } = await import("../core/interval.ts");
  return parseInterval(text)?.text ?? null;
}

const runLazily = {
  list: async (options: RetentionListOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionList(options, io),
  set: async (options: RetentionSetOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionSet(options, io),
};
