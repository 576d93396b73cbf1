import { type Command, CommanderError } from "commander";
import { normaliseArgv } from "./argv.ts";
import { refuseUnstorable } from "./core/argument.ts";
import { escapeControls, safeLines } from "./core/safe.ts";
import { suggest } from "./core/suggest.ts";
import { ExitCode, SilentExit, UserError, usageError } from "./errors.ts";
import { ClosedPipe, type Io } from "./io.ts";
import { jsonLine } from "./output/json.ts";
import { createProgram } from "./program.ts";
import { version } from "./version.ts";

interface Manner {
  readonly json: boolean;
  readonly verbose: boolean;
}

/**
 * Runs one command line, until the reader has left the pager where there is one. The only place that knows how
 * errors become messages and exit codes.
 */
export async function main(args: string[], io: Io): Promise<ExitCode> {
  const code = await run(args, io);
  await io.pager.close();
  return code;
}

async function run(args: string[], io: Io): Promise<ExitCode> {
  // Behind "--" stand values, whatever they look like.
  const flags = args.slice(0, args.indexOf("--") < 0 ? args.length : args.indexOf("--"));
  const manner = { json: asksForJson(flags), verbose: flags.includes("--verbose") };
  const dressed = flags.includes("--no-color") ? { ...io, outColor: false, errColor: false } : io;
  try {
    refuseUnstorable(args);
    const program = createProgram(dressed);
    refuseUnknownTopic(program, args);
    await program.parseAsync(normaliseArgv(args), { from: "user" });
    return ExitCode.Done;
  } catch (error) {
    return reportError(error, dressed, manner);
  }
}

/** Asked of the words, since what is wrong may be the options themselves. */
function asksForJson(flags: readonly string[]): boolean {
  return flags.some((flag, index) => {
    const named =
      flag === "-o" || flag === "--output" ? flags[index + 1] : /^(?:-o|--output=)(.*)$/.exec(flag)?.[1];
    return flag === "--json" || named === "json";
  });
}

/** Left alone, commander answers with the whole help and does not say what was wrong. */
function refuseUnknownTopic(program: Command, [command, topic]: readonly string[]): void {
  const names = program.commands.map((known) => known.name());
  if (command !== "help" || topic === undefined || topic.startsWith("-") || names.includes(topic)) return;
  const meant = suggest(topic, names)[0];
  throw usageError(
    `Unknown command '${escapeControls(topic)}'${meant === undefined ? "." : ` (Did you mean ${meant}?)`}`,
    "See audit --help, or audit help <command>.",
  );
}

function reportError(error: unknown, io: Io, manner: Manner): ExitCode {
  if (error instanceof ClosedPipe) return ExitCode.Done;
  if (error instanceof SilentExit) return error.exitCode;
  if (error instanceof CommanderError) return reportUsage(error, io, manner);
  if (error instanceof UserError) {
    report(io, manner, {
      exitCode: error.exitCode,
      message: error.message,
      hint: error.hint,
      detail: error.detail,
    });
    return error.exitCode;
  }
  return reportBug(error, io, manner);
}

function reportUsage(error: CommanderError, io: Io, manner: Manner): ExitCode {
  // Help and version were asked for and are printed.
  if (error.exitCode === 0) return ExitCode.Done;
  // Without a command commander prints the help on stderr and has nothing to add.
  if (error.code !== "commander.help") {
    const message = error.message.replace(/^error: /, "").replace(/\n\(Did/, " (Did");
    report(io, manner, {
      exitCode: ExitCode.Usage,
      message: `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?)]$/.test(message) ? "" : "."}`,
      hint: "See audit --help, or audit help <command>.",
    });
  }
  return ExitCode.Usage;
}

function reportBug(error: unknown, io: Io, manner: Manner): ExitCode {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  report(io, manner, {
    exitCode: ExitCode.Bug,
    message: `This is a bug in audit ${version}: ${escapeControls(text)}`,
    hint: manner.verbose ? undefined : "Run it again with --verbose and report what it prints.",
    detail: error instanceof Error ? error.stack : undefined,
  });
  return ExitCode.Bug;
}

function report(
  io: Io,
  { json, verbose }: Manner,
  what: { exitCode: ExitCode; message: string; hint?: string | undefined; detail?: string | undefined },
): void {
  const detail = verbose ? what.detail : undefined;
  if (json) {
    io.err(
      `${jsonLine({ version: 1, error: { exit_code: what.exitCode, message: what.message, hint: what.hint, detail } })}\n`,
    );
    return;
  }
  const parts = [`error: ${what.message}`, what.hint, detail];
  io.err(`${safeLines(parts.filter((part) => part !== undefined && part !== "").join("\n"))}\n`);
}
