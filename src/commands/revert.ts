import type { Command } from "commander";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { addCommonOptions } from "./options.ts";
import { addRepairOptions, planFormats } from "./repairOptions.ts";
import { addRevertOptions, type RevertChoices } from "./revertOptions.ts";

export interface RevertOptions extends RevertChoices {
  /** Ids of transactions. */
  readonly transactions: readonly string[];
}

export function addRevertCommand(
  program: Command,
  io: Io,
  run: (options: RevertOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("revert")
    .description("Take transactions out, and keep what came later: the plan, and with --apply the deed")
    .argument("<tx...>", "tx:ID, one or several");
  addRevertOptions(command);
  addRepairOptions(command);
  addCommonOptions(command, {
    writes: true,
    instants: true,
    formats: planFormats,
    example: "audit revert tx:812",
  });
  command.action(async (typed: string[], options: RevertChoices) => {
    const { parseSubject } = await import("../core/subject.ts");
    const transactions = typed.map((text) => {
      const { kind, id } = parseSubject(text.trim());
      if (kind === "change")
        throw usageError(
          `${text} is a change, and only whole transactions are reverted.`,
          `See which transaction it is of with: audit show change:${id}`,
        );
      return id;
    });
    await run({ ...options, transactions: [...new Set(transactions)] }, io);
  });
}

const runLazily = async (options: RevertOptions, io: Io): Promise<void> =>
  (await import("../actions/revert.ts")).runRevert(options, io);
