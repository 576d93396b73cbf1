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
    .argument("<interval>", "such as 90d, '18 months' or forever")
    .option("--floor <interval>", "from now on refuse to set it below this; none takes the floor away");
  addCommonOptions(set, { writes: true, example: "audit retention set normal 1y" });
  set.action(async (name: string, interval: string, { floor, ...options }: TypedSet) =>
    run.set(
      {
        ...options,
        name,
        keep: await readKeep(interval),
        ...(floor !== undefined && { floor: await readFloor(floor) }),
      },
      io,
    ),
  );
}

/** As commander hands it over. */
interface TypedSet extends Omit<RetentionSetOptions, "name" | "keep" | "floor"> {
  readonly floor?: string;
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
