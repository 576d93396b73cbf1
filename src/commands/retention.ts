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
  /** When its segments rotate: an interval for PostgreSQL; null for the default, undefined for as it was. */
  readonly rotate?: string | null | undefined;
  /** At how many bytes as well; null for none, undefined for as it was. */
  readonly rotateBytes?: number | null | undefined;
}

/** As commander hands them over: texts that are yet to be read. */
interface TypedSetOptions extends Omit<RetentionSetOptions, "name" | "keep" | "rotate" | "rotateBytes"> {
  readonly rotate?: string;
  readonly rotateSize?: string;
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
    .description("Make a retention class, or change how long it keeps and when it rotates")
    .argument("<name>", "the class, such as normal; tables join it by: audit enable <table> --retain normal")
    .argument("<interval>", "such as 90d, '18 months' or forever")
    .option("--rotate <interval>", "begin a new segment after so long (default: a tenth, a month at most)")
    .option("--rotate-size <size>", "begin one at such a size as well, such as 10GB, or none");
  addCommonOptions(set, { writes: true, example: "audit retention set normal 1y" });
  set.action(async (name: string, interval: string, typed: TypedSetOptions) =>
    run.set(await readSet(name, interval, typed), io),
  );
}

async function readSet(
  name: string,
  interval: string,
  { rotate, rotateSize, ...options }: TypedSetOptions,
): Promise<RetentionSetOptions> {
  const { parseInterval } = await import("../core/interval.ts");
  const { parseRotate, parseRotateSize } = await import("../core/rotation.ts");
  return {
    ...options,
    name,
    keep: parseInterval(interval)?.text ?? null,
    ...(rotate === undefined ? {} : { rotate: parseRotate(rotate)?.text ?? null }),
    ...(rotateSize === undefined ? {} : { rotateBytes: parseRotateSize(rotateSize) }),
  };
}

const runLazily = {
  list: async (options: RetentionListOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionList(options, io),
  set: async (options: RetentionSetOptions, io: Io): Promise<void> =>
    (await import("../actions/retention.ts")).runRetentionSet(options, io),
};
