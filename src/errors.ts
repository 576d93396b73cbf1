/** Every way the command can end. The one table behind `--help`, the README and the code. */
export const ExitCode = {
  /** The work is done, the answer is given. */
  Done: 0,
  /** The answer is no: differences, findings, a mismatch. */
  No: 1,
  /** A flag, a name or a time that cannot be understood. */
  Usage: 2,
  /** Nothing can be proven: the instant lies outside coverage. */
  Inconclusive: 3,
  /** The surroundings: cannot connect, not permitted, cannot write. */
  Surroundings: 4,
  /** Refused: conflict, busy, unsafe plan, not installed. */
  Refused: 5,
  /** A bug of ours. */
  Bug: 70,
  Interrupted: 130,
  Terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * Something the user can cause and mend. `message` says what is wrong with the value in it; `hint` says
 * what to do next. `detail` (a SQLSTATE) is shown with --verbose only. Anything thrown that is not a
 * UserError is a bug and ends with code 70.
 */
export class UserError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: { hint?: string | undefined; detail?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "UserError";
    this.exitCode = exitCode;
    this.hint = options.hint;
    this.detail = options.detail;
  }
}

/** A fault in what was typed (exit 2). */
export function usageError(message: string, hint?: string): UserError {
  return new UserError(ExitCode.Usage, message, { hint });
}

/** An understandable request that is not carried out (exit 5). */
export function refusal(message: string, hint?: string): UserError {
  return new UserError(ExitCode.Refused, message, { hint });
}

/** Thrown after the answer is printed, when only the exit code is left to say. */
export class SilentExit extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`exit ${exitCode}`);
    this.name = "SilentExit";
    this.exitCode = exitCode;
  }
}
