import { type Command, Option } from "commander";
import type { Limit } from "../core/limit.ts";
import { usageError } from "../errors.ts";
import type { OutputOptions, WriteOptions } from "./options.ts";

/** What to do where another command that writes is at work: nothing and well, wait for it, or end with 5. */
export const ifLockedChoices = ["skip", "wait", "fail"] as const;

export type IfLocked = (typeof ifLockedChoices)[number];

/** What a command is given that is made for cron. */
export interface UnattendedOptions {
  /** undefined means fail. */
  readonly ifLocked?: IfLocked | undefined;
  /** After so long nothing new is begun. */
  readonly maxDuration?: Limit | undefined;
  /** Print nothing when all goes well. */
  readonly quiet?: boolean | undefined;
  /** The monitor to be told of start, success and failure. */
  readonly heartbeatUrl?: URL | undefined;
}

/** As commander hands them over: texts that are yet to be read. */
export interface TypedUnattended extends Omit<UnattendedOptions, "maxDuration" | "heartbeatUrl"> {
  readonly maxDuration?: string;
  readonly heartbeatUrl?: string;
}

/** Adds the options of a command that is made for cron, in the same words everywhere. */
export function addUnattendedOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--if-locked <what>", "where another audit command is at work (else fail)").choices(
        ifLockedChoices,
      ),
    )
    .option("--max-duration <time>", "begin nothing more after so long, such as 10m; the next run goes on")
    .option("--quiet", "print nothing when all goes well")
    .option("--heartbeat-url <url>", "tell a monitor: the address, with /start and /fail; best effort");
}

/** Reads them. Exit 2 for what is none, and for what has no meaning beside --dry-run or --json. */
export async function readUnattendedOptions<Typed extends TypedUnattended & OutputOptions & WriteOptions>({
  maxDuration,
  heartbeatUrl,
  ...options
}: Typed): Promise<Omit<Typed, "maxDuration" | "heartbeatUrl"> & UnattendedOptions> {
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
