import type { Command } from "commander";
import { usageError } from "../errors.ts";
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
  /** The least it may be told to keep, for PostgreSQL; null takes the floor away, undefined leaves it as it is. */
  readonly floor?: string | null | undefined;
  /** When its segments rotate: an interval for PostgreSQL; null for the default, undefined for as it was. */
  readonly rotate?: string | null | undefined;
  /** At how many bytes as well; null for none, undefined for as it was. */
  readonly rotateBytes?: number | null | undefined;
}

/** As commander hands them over: texts that are yet to be read. */
interface TypedSetOptions
  extends Omit<RetentionSetOptions, "name" | "keep" | "floor" | "rotate" | "rotateBytes"> {
  readonly floor?: string;
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
    .option("--floor <interval>", "from now on refuse to set it below this; none takes the floor away")
    .option("--rotate <interval>", "begin a new segment after so long (default: a tenth, a month at most)")
    .option("--rotate-size <size>", "begin one at such a size as well, such as 10GB, or none");
  addCommonOptions(set, { writes: true, example: "audit retention set normal 1y" });
  set.action(async (name: string, interval: string, typed: TypedSetOptions) =>
    run.set(await readSet(name, interval, typed), io),
  );
}

async function readFloor(text: string): Promise<string | null> {
  if (text === "none") return null;
  const { parseInterval } = await import("../core/interval.ts");
  const floor = parseInterval(text);
  if (floor === undefined)
    throw usageError(
      "A floor of forever would leave no other choice.",
      "Give an interval such as 1y, or set the class itself to forever.",
    );
  return floor.text;
}

async function readSet(
  name: string,
  interval: string,
  { floor, rotate, rotateSize, ...options }: TypedSetOptions,
): Promise<RetentionSetOptions> {
  const { parseInterval } = await import("../core/interval.ts");
  const { parseRotate, parseRotateSize } = await import("../core/rotation.ts");
  return {
    ...options,
    name,
    keep: parseInterval(interval)?.text ?? null,
    ...(floor === undefined ? {} : { floor: await readFloor(floor) }),
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
