import { Command } from "commander";
import type { Io } from "./io.ts";
import { version } from "./version.ts";

/** A fresh command tree. Nothing runs and nothing leaves the process until parseAsync. */
export function createProgram(io: Io): Command {
  const program = new Command("audit")
    .description("A time machine and audit trail for PostgreSQL")
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.width ?? 100,
      getErrHelpWidth: () => io.width ?? 100,
      getOutHasColors: () => io.outColor,
      getErrHasColors: () => io.errColor,
    })
    .showSuggestionAfterError();
  return program;
}
