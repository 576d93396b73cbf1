import type { RevertOptions } from "../commands/revert.ts";
import type { Io } from "../io.ts";
import { runRepair } from "./repair.ts";
import { gatherTakeOut } from "./takeOut.ts";

/** Takes transactions out and keeps what came later: the plan, or with --apply the deed. */
export async function runRevert(options: RevertOptions, io: Io): Promise<void> {
  await runRepair("revert", options, io, (audit) =>
    gatherTakeOut(audit, { ids: options.transactions, words: {}, extra: {} }, options),
  );
}
