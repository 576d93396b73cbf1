import type { Command } from "commander";
import { parseInterval } from "../core/interval.ts";
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
    .argument(
      "<interval>",
      "such as 90d, '18 months' or forever",
      (text) => parseInterval(text)?.text ?? null,
    );
  addCommonOptions(set, { writes: true, example: "audit retention set normal 1y" });
  set.action((name: string, keep: string | null, options: Omit<RetentionSetOptions, "name" | "keep">) =>
    run.set({ ...options, name, keep }, io),
  );
}

const runLazily = {
  list: async (options: RetentionListOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionList(options, io),
  set: async (options: RetentionSetOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionSet(options, io),
};
