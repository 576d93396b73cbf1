import { type Command, Option } from "commander";
import { collectList } from "./options.ts";
import type { RepairOptions } from "./repairOptions.ts";

/** What becomes of values that somebody has changed since. */
export const revertModes = ["stop", "nonconflict", "force", "cascade"] as const;

export type RevertMode = (typeof revertModes)[number];

/** What every command is given that takes transactions out. */
export interface RevertChoices extends RepairOptions {
  /** undefined means stop. */
  readonly mode?: RevertMode | undefined;
  /** Only these tables, as typed. */
  readonly table?: readonly string[] | undefined;
}

/** Adds the options that every command has that takes transactions out, in the same words. */
export function addRevertOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--mode <mode>",
        "where others have changed it since: stop, leave that alone, overwrite it, or revert the others too (else stop)",
      ).choices(revertModes),
    )
    .option("--table <tables>", "only its changes of these tables, comma-separated", collectList);
}
