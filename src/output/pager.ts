import type { OutputFormat, OutputOptions } from "../commands/options.ts";
import type { Io } from "../io.ts";

/** The forms of an answer: those that can be asked for by name, and the one for people. */
export type Form = OutputFormat | "text";

/**
 * The command an answer is paged by: AUDIT_PAGER, else PAGER, else less. undefined where it is not: off a terminal,
 * on one that cannot move its cursor, in a form that programs read, with --no-pager, and where the command is empty
 * or `cat`.
 */
export function choosePager(
  form: Form,
  { pager }: Pick<OutputOptions, "pager">,
  { outIsTTY, env }: Pick<Io, "outIsTTY" | "env">,
): string | undefined {
  if (!pager || !outIsTTY || env.TERM === "dumb" || (form !== "text" && form !== "table")) return undefined;
  const command = (env.AUDIT_PAGER ?? env.PAGER ?? "less").trim();
  return command === "" || command === "cat" ? undefined : command;
}
