import { type Command, Option } from "commander";
import { usageError } from "../errors.ts";
import type { ConnectionOptions, OutputOptions, WriteOptions, ZoneOptions } from "./options.ts";

/** The forms of a plan. */
export const planFormats = ["table", "json", "sql"] as const;

export type PlanFormat = (typeof planFormats)[number];

/** Whether the application's triggers fire for what is written. */
export const triggerChoices = ["fire", "skip"] as const;

/** What every command is given that puts rows back. */
export interface RepairOptions
  extends ConnectionOptions,
    OutputOptions<PlanFormat>,
    WriteOptions,
    ZoneOptions {
  /** Carry the plan out, rather than showing it. */
  readonly apply?: boolean | undefined;
  readonly reason?: string | undefined;
  /** Who does it, for the log; undefined means the setting audit.actor. */
  readonly actor?: string | undefined;
  /** undefined means fire. */
  readonly triggers?: (typeof triggerChoices)[number] | undefined;
  /** Leave alone what cannot be put back of a row. */
  readonly skipColumns?: boolean | undefined;
  /** Whether triggers and foreign keys may change more than the plan says. */
  readonly allowSideEffects?: boolean | undefined;
}

/** Adds the options that every command has that puts rows back, in the same words. */
export function addRepairOptions(command: Command): Command {
  return command
    .option("--apply", "do it, in one transaction (without: show the plan)")
    .option("--reason <why>", "why, for the log (reason in the context)")
    .option("--actor <who>", "who does it, for the log (else the setting audit.actor)")
    .addOption(
      new Option("--triggers <what>", "the application's own triggers (else fire)").choices(triggerChoices),
    )
    .option("--skip-columns", "leave columns alone whose former values are not known")
    .option("--allow-side-effects", "also where triggers or foreign keys change more than is asked for")
    .hook("preAction", () => {
      const { apply, dryRun, output } = command.opts<RepairOptions>();
      const idle = dryRun ? "--dry-run" : output === "sql" ? "-o sql" : undefined;
      if (apply && idle)
        throw usageError(`--apply does it, ${idle} only shows what would be done.`, "Leave one of them out.");
    });
}
