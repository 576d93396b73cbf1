import { ExitCode, UserError } from "../errors.ts";

/** What the server says of a failure, without the parts that quote rows or parameters. */
interface ServerError extends Error {
  readonly code: string;
  readonly severity: string;
  readonly hint?: string;
  /** Said instead of the server's own. */
  readonly instead?: true;
}

/** A failure of the server that nobody using the command causes: our bug. Carries no query and no values. */
export class DatabaseFault extends Error {
  readonly sqlState: string;

  constructor(sqlState: string, message: string, stack: string | undefined) {
    super(`${message} (SQLSTATE ${sqlState})`);
    this.name = "DatabaseFault";
    this.sqlState = sqlState;
    // The driver's stack leads to the query's place in our code; its first lines repeat the message.
    const frames = stack?.match(/^\s+at .*/gm)?.join("\n");
    if (frames) this.stack = `${this.name}: ${this.message}\n${frames}`;
  }
}

/** The SQLSTATE of an error that the server sent; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof DatabaseFault) return error.sqlState;
  return isServerError(error) ? error.code : undefined;
}

/** Whether the error says that the link to the server broke, as opposed to the server's saying no. */
export function isLinkFailure(error: unknown): boolean {
  if (!(error instanceof Error) || isServerError(error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return DRIVER_LINK_CODES.has(code) || SOCKET_CODES.has(code);
}

const DRIVER_LINK_CODES = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
]);

const SOCKET_CODES = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ECONNABORTED",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "EPROTO",
]);

/**
 * Turns an error of the server or the link into a UserError by SQLSTATE. The server's message and hint are
 * kept; its detail, context, query and parameters are not, because they quote values. Errors that are
 * neither (a UserError, a SilentExit, a ClosedPipe, a bug) come back as they are.
 */
export function translateFailure(error: unknown): unknown {
  if (isServerError(error)) return translateServerError(error);
  if (isLinkFailure(error)) return linkLost();
  return error;
}

/** The link broke in the middle of the work. */
export function linkLost(options: { committing?: boolean; sqlState?: string } = {}): UserError {
  const detail = options.sqlState === undefined ? undefined : sqlStateDetail(options.sqlState);
  if (options.committing) {
    return new UserError(
      ExitCode.Surroundings,
      "The connection to the server was lost during COMMIT: whether the work is kept is not known.",
      { hint: "Look at the result before you run the command again.", detail },
    );
  }
  return new UserError(
    ExitCode.Surroundings,
    "The connection to the server was lost. The answer so far is incomplete, and work that was not committed is undone.",
    { hint: "Run the command again.", detail },
  );
}

function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    /^[0-9A-Z]{5}$/.test(error.code) &&
    "severity" in error
  );
}

interface Verdict {
  readonly exitCode: ExitCode;
  /** Said when the server gives no hint of its own. */
  readonly hint?: string;
  /** Said instead of the server's own. */
  readonly instead?: true;
}

const BY_STATE: Readonly<Record<string, Verdict>> = {
  // Raised by our own functions.
  UA001: { exitCode: ExitCode.Inconclusive },
  UA002: { exitCode: ExitCode.Inconclusive },
  UA003: { exitCode: ExitCode.Inconclusive },
  UA004: { exitCode: ExitCode.Inconclusive },
  UA005: { exitCode: ExitCode.Refused },
  UA006: { exitCode: ExitCode.Usage },
  UA007: { exitCode: ExitCode.Inconclusive },
  UA008: { exitCode: ExitCode.Refused },

  "28000": {
    exitCode: ExitCode.Surroundings,
    hint: "The server's pg_hba.conf decides who may connect and how.",
  },
  "28P01": {
    exitCode: ExitCode.Surroundings,
    hint: "Check the password in the URL, PGPASSWORD or the password file.",
  },
  "3D000": { exitCode: ExitCode.Surroundings, hint: "Check the database's name, or create it first." },
  "42501": {
    exitCode: ExitCode.Surroundings,
    hint: "Ask the owner to grant the privilege, or connect as a role that has it.",
  },
  "25006": {
    exitCode: ExitCode.Surroundings,
    hint: "The server may be a standby, or transactions be read-only by default: connect to the primary.",
  },
  "53300": {
    exitCode: ExitCode.Surroundings,
    hint: "Wait until others have left, or raise max_connections.",
  },
  "57P03": { exitCode: ExitCode.Surroundings, hint: "Wait a moment and try again." },
  "22021": {
    exitCode: ExitCode.Surroundings,
    hint: "The database holds bytes that are not valid text in its encoding (see: show server_encoding).",
  },
  "2BP01": { exitCode: ExitCode.Refused, hint: "Drop what is built on it first.", instead: true },
  "55P03": { exitCode: ExitCode.Refused, hint: "Another session holds the lock. Try again later." },
  "40001": { exitCode: ExitCode.Refused, hint: "Another transaction came first. Run the command again." },
  "40P01": { exitCode: ExitCode.Refused, hint: "Another transaction waited for us. Run the command again." },
  "57014": {
    exitCode: ExitCode.Refused,
    hint: "The statement took too long or was cancelled on the server.",
  },
  "3F000": { exitCode: ExitCode.Usage },
};

const BY_CLASS: Readonly<Record<string, Verdict>> = {
  "08": { exitCode: ExitCode.Surroundings },
  "22": { exitCode: ExitCode.Usage },
  "28": { exitCode: ExitCode.Surroundings },
  "42": { exitCode: ExitCode.Usage },
  "53": { exitCode: ExitCode.Surroundings },
  "58": { exitCode: ExitCode.Surroundings },
};

/** The server ended our session: 57P01 admin shutdown, 57P02 crash, 57P04 database dropped, 57P05 idle. */
const SESSION_ENDED = new Set(["57P01", "57P02", "57P04", "57P05", "25P03", "25P04"]);

function translateServerError(error: ServerError): Error {
  if (SESSION_ENDED.has(error.code)) return linkLost({ sqlState: error.code });
  const verdict = BY_STATE[error.code] ?? BY_CLASS[error.code.slice(0, 2)];
  if (!verdict) return new DatabaseFault(error.code, error.message, error.stack);
  return new UserError(verdict.exitCode, asSentence(error.message), {
    // Our own hints may end in a command, which has to paste back.
    hint:
      error.hint && !verdict.instead
        ? error.code.startsWith("UA")
          ? error.hint
          : asSentence(error.hint)
        : verdict.hint,
    detail: sqlStateDetail(error.code),
  });
}

function sqlStateDetail(code: string): string {
  return `SQLSTATE ${code}`;
}

/** The server writes without capital and full stop. A first word that is a name keeps its case. */
export function asSentence(text: string): string {
  const capital = /^[a-z]+(?=[\s,:])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?)]$/.test(capital) ? capital : `${capital}.`;
}
