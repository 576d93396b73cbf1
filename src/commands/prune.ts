import { type Command, Option } from "commander";
import type { Limit } from "../core/limit.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";

/** What to do where another command that writes is at work: nothing and well, wait for it, or end with 5. */
export const ifLockedChoices = ["skip", "wait", "fail"] as const;

export type IfLocked = (typeof ifLockedChoices)[number];

export interface PruneOptions extends ConnectionOptions, OutputOptions, WriteOptions, ZoneOptions {
  /** undefined means fail. */
  readonly ifLocked?: IfLocked | undefined;
  /** Remove all that has expired at once, rather than with the whole of its segment. */
  readonly exact?: boolean | undefined;
  /** After so long nothing new is begun. */
  readonly maxDuration?: Limit | undefined;
  /** Print nothing when all goes well. */
  readonly quiet?: boolean | undefined;
  /** The monitor to be told of start, success and failure. */
  readonly heartbeatUrl?: URL | undefined;
}

/** As commander hands them over: texts that are yet to be read. */
interface TypedOptions extends Omit<PruneOptions, "maxDuration" | "heartbeatUrl"> {
  readonly maxDuration?: string;
  readonly heartbeatUrl?: string;
}

export function addPruneCommand(
  program: Command,
  io: Io,
  run: (options: PruneOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("prune")
    .description("Remove what retention no longer keeps, and rotate segments; made for cron")
    .option("--exact", "remove all that has expired at once, not only with the whole of its segment")
    .addOption(
      new Option("--if-locked <what>", "where another audit command is at work (else fail)").choices(
        ifLockedChoices,
      ),
    )
    .option("--max-duration <time>", "begin nothing more after so long, such as 10m; the next run goes on")
    .option("--quiet", "print nothing when all goes well")
    .option("--heartbeat-url <url>", "tell a monitor: the address, with /start and /fail; best effort");
  addCommonOptions(command, { writes: true, instants: true, example: "audit prune --dry-run" });
  command.action(async (typed: TypedOptions) => run(await readOptions(typed), io));
}

async function readOptions({ maxDuration, heartbeatUrl, ...options }: TypedOptions): Promise<PruneOptions> {
  const forRunsAlone = [
    ["--if-locked", options.ifLocked],
    ["--max-duration", maxDuration],
    ["--quiet", options.quiet],
    ["--heartbeat-url", heartbeatUrl],
  ] as const;
  const idle = forRunsAlone.find(([, value]) => value !== undefined);
  if (options.dryRun && idle)
    throw usageError(
      `--dry-run only shows the plan, so ${idle[0]} has no meaning beside it.`,
      "Leave one of them out.",
    );
  if (options.quiet && options.json)
    throw usageError("--quiet prints nothing, --json a document.", "Leave one of them out.");
  return {
    ...options,
    ...(maxDuration !== undefined && {
      maxDuration: (await import("../core/limit.ts")).parseLimit(maxDuration),
    }),
    ...(heartbeatUrl !== undefined && {
      heartbeatUrl: (await import("../heartbeat.ts")).readHeartbeatUrl(heartbeatUrl),
    }),
  };
}

const runLazily = async (options: PruneOptions, io: Io): Promise<void> =>
  (await import("../actions/prune.ts")).runPrune(options, io);
