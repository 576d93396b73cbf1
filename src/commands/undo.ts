import { type Command, InvalidArgumentError } from "commander";
import type { Io } from "../io.ts";
import { addCommonOptions } from "./options.ts";
import { addRepairOptions, planFormats } from "./repairOptions.ts";
import { addRevertOptions, type RevertChoices } from "./revertOptions.ts";

export interface UndoOptions extends RevertChoices {
  /** undefined means the last one that is not undone yet. */
  readonly operation: string | undefined;
}

export function addUndoCommand(
  program: Command,
  io: Io,
  run: (options: UndoOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("undo")
    .description("Take back a restore, revert or undo: the plan, and with --apply the deed")
    .argument("[operation]", "its number (else the last one that is not undone yet)", parseOperation);
  addRevertOptions(command);
  addRepairOptions(command);
  addCommonOptions(command, {
    writes: true,
    instants: true,
    formats: planFormats,
    example: "audit undo 7",
  });
  command.action(async (operation: string | undefined, options: RevertChoices) =>
    run({ ...options, operation }, io),
  );
}

/** Operations are numbered by 64 bits. */
function parseOperation(text: string): string {
  if (!/^\d{1,18}$/.test(text))
    throw new InvalidArgumentError(`"${text}" is not the number of an operation.`);
  return String(BigInt(text));
}

const runLazily = async (options: UndoOptions, io: Io): Promise<void> =>
  (await import("../actions/undo.ts")).runUndo(options, io);
