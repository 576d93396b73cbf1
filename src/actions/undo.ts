import type { UndoOptions } from "../commands/undo.ts";
import { safeText } from "../core/safe.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { findLastRepair, findOperation, isRepair, type RecordedOperation } from "../db/operation.ts";
import { ExitCode, refusal, UserError, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { runRepair } from "./repair.ts";
import { gatherTakeOut } from "./takeOut.ts";

/** Takes back what a restore, revert or undo did, and keeps what came later: the plan, or with --apply the deed. */
export async function runUndo(options: UndoOptions, io: Io): Promise<void> {
  await runRepair("undo", options, io, async (audit) => {
    const { id, kind, at, tx } = await settleOperation(audit, options.operation);
    io.err(`undoes: operation ${id}, ${kind} of ${at}\n`);
    return gatherTakeOut(audit, { ids: [tx], words: { undoes: id }, extra: { undoes: id } }, options);
  });
}

async function settleOperation(
  audit: AuditDatabase,
  asked: string | undefined,
): Promise<RecordedOperation & { readonly tx: string }> {
  const operation = asked === undefined ? await findLastRepair(audit) : await findOperation(audit, asked);
  if (operation === undefined) {
    if (asked === undefined) throw refusal("There is no restore, revert or undo that could be undone.");
    throw usageError(
      `There is no operation ${asked}.`,
      "Leave the number out to undo the last restore, revert or undo.",
    );
  }
  const { id, kind, tx, former } = operation;
  if (!isRepair(kind) || tx === null)
    throw refusal(
      `Operation ${id} is of kind ${safeText(kind)}, and only a restore, revert or undo can be undone.`,
    );
  if (former)
    throw new UserError(
      ExitCode.Inconclusive,
      `Operation ${id} is of a former era: since then the database was restored from a dump, so what it did cannot be taken back by itself.`,
      { hint: "Put the rows back to how they were before it: audit restore <table> --to <instant>" },
    );
  return { ...operation, tx };
}
