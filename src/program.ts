import { Command } from "commander";
import { addArchiveCommand } from "./commands/archive.ts";
import { addAtTimeCommand } from "./commands/atTime.ts";
import { addBenchCommand } from "./commands/bench.ts";
import { addBlameCommand } from "./commands/blame.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addDefaultsCommand } from "./commands/defaults.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addDisableCommand } from "./commands/disable.ts";
import { addEnableCommand } from "./commands/enable.ts";
import { addHistoryCommand } from "./commands/history.ts";
import { addHoldCommand } from "./commands/hold.ts";
import { addInitCommand } from "./commands/init.ts";
import { addLogCommand } from "./commands/log.ts";
import { addPruneCommand } from "./commands/prune.ts";
import { addQueryCommand } from "./commands/query.ts";
import { addRestoreCommand } from "./commands/restore.ts";
import { addRetentionCommand } from "./commands/retention.ts";
import { addRevertCommand } from "./commands/revert.ts";
import { addShellCommand } from "./commands/shell.ts";
import { addShowCommand } from "./commands/show.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addSyncCommand } from "./commands/sync.ts";
import { addTagCommand } from "./commands/tag.ts";
import { addTagsCommand } from "./commands/tags.ts";
import { addUndoCommand } from "./commands/undo.ts";
import { addUninstallCommand } from "./commands/uninstall.ts";
import type { Io } from "./io.ts";
import { version } from "./version.ts";

const exitStatuses = `
Exit codes:
  0    done
  1    the answer is no
  2    a flag, a name or a time that cannot be understood
  3    nothing can be proven: outside coverage
  4    the surroundings: cannot connect, not permitted, cannot write
  5    refused: conflict, busy, not installed
  70   a bug of ours
  130, 143  ended by a signal
`;

/** A fresh command tree. Nothing runs and nothing leaves the process until parseAsync. */
export function createProgram(io: Io): Command {
  const program = new Command("audit")
    .description("A time machine and audit trail for PostgreSQL")
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out(text).catch(() => {}),
      writeErr: (text) => io.err(text),
      // Errors are told by main, in one manner for all of them.
      outputError: () => {},
      getOutHelpWidth: () => io.width ?? 100,
      getErrHelpWidth: () => io.width ?? 100,
      getOutHasColors: () => io.outColor,
      getErrHasColors: () => io.errColor,
    })
    .showSuggestionAfterError()
    .addHelpText("after", exitStatuses);
  addInitCommand(program, io);
  addEnableCommand(program, io);
  addDisableCommand(program, io);
  addStatusCommand(program, io);
  addCheckCommand(program, io);
  addSyncCommand(program, io);
  addHistoryCommand(program, io);
  addLogCommand(program, io);
  addShowCommand(program, io);
  addDiffCommand(program, io);
  addAtTimeCommand(program, io);
  addBlameCommand(program, io);
  addQueryCommand(program, io);
  addShellCommand(program, io);
  addRestoreCommand(program, io);
  addRevertCommand(program, io);
  addUndoCommand(program, io);
  addTagCommand(program, io);
  addTagsCommand(program, io);
  addDefaultsCommand(program, io);
  addRetentionCommand(program, io);
  addHoldCommand(program, io);
  addPruneCommand(program, io);
  addArchiveCommand(program, io);
  addUninstallCommand(program, io);
  addBenchCommand(program, io);
  addDemoCommand(program, io);
  return program;
}
