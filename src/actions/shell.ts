import { createInterface } from "node:readline";
import type { ShellOptions } from "../commands/shell.ts";
import { type Sql, withDatabase } from "../connection/connect.ts";
import { isLinkFailure, sqlStateOf, translateFailure } from "../connection/failure.ts";
import { tableLabel } from "../core/name.ts";
import { safeLines, safeText } from "../core/safe.ts";
import { parseShellCommand, type ShellCommand, splitStatements } from "../core/shellInput.ts";
import { parseReading } from "../core/sqlStatement.ts";
import { parseWhen } from "../core/when.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import type { PresentAllowed } from "../db/pastQuery.ts";
import { withReading } from "../db/reading.ts";
import { readStatus } from "../db/statusRows.ts";
import { refusal, UserError, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { localTime, timeText } from "../output/instant.ts";
import type { Instant } from "../types.ts";
import { answerQuery, resolvePresent } from "./query.ts";

/** Where lines come from: a terminal, with a prompt and editing, or a pipe; and where the former shows them. */
export interface ShellTerminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

const help = `select ...;  run a query over the past, over as many lines as it takes
\\at <when>   go to another instant, such as \\at 2 days ago
\\d           list the audited tables
\\?           this help
\\q           leave, as does Ctrl-D
`;

/** What one shell works with; only the instant changes. */
interface Session {
  readonly audit: AuditDatabase;
  /** Without a pager at a terminal, where it would take the keys that are meant for the shell. */
  readonly options: ShellOptions;
  readonly io: Io;
  readonly zone: string;
  readonly present: PresentAllowed;
  instant: Instant;
}

/**
 * Reads statements and runs them over the past, all in one snapshot. At a terminal an error ends the statement, and
 * Ctrl-C cancels it; from a pipe the first error ends the shell.
 */
export async function runShell(
  options: ShellOptions,
  io: Io,
  { input, output }: ShellTerminal = {
    input: process.stdin,
    output: io.outIsTTY ? process.stdout : process.stderr,
  },
): Promise<void> {
  const interactive = input.isTTY === true;
  let interrupt = () => {};
  const reading: Io = {
    ...io,
    onSignal: (listener) =>
      io.onSignal((signal) => (interactive && signal === "SIGINT" ? interrupt() : listener(signal))),
  };
  await withReading(options, reading, async (audit, zone) => {
    const [server] = await audit.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const turn = new Turn(audit.sql, server?.pid ?? 0, options, io);
    const session: Session = {
      audit,
      options: interactive ? { ...options, pager: false } : options,
      io: turn.io,
      zone,
      present: await resolvePresent(audit, options.present),
      instant: await settleInstant(audit, options.at, options, io),
    };
    const lines = createInterface({ input, terminal: interactive, ...(interactive && { output }) });
    let pending = "";
    const prompt = () => {
      lines.setPrompt(`audit (${instantLabel(session)})${pending === "" ? "=" : "-"}> `);
      if (interactive) lines.prompt();
    };
    interrupt = () => {
      if (lines.line !== "") for (const name of ["e", "u"]) lines.write(null, { ctrl: true, name });
      if (turn.running) return turn.cancel();
      pending = "";
      io.err("\n");
      prompt();
    };
    lines.on("SIGINT", () => interrupt());
    const run = async (work: () => Promise<void>) => {
      try {
        await turn.take(work);
      } catch (error) {
        const told = translateFailure(error);
        if (!interactive || isLinkFailure(error) || !(told instanceof UserError)) throw error;
        io.err(`error: ${safeLines([told.message, told.hint].filter(Boolean).join("\n"))}\n`);
      }
    };
    const query = (text: string) =>
      run(() => answerQuery(audit, parseReading(text), { ...session, output: session.options }, turn.io));
    try {
      prompt();
      for await (const line of lines) {
        const typed = parseShellCommand(line);
        // Whoever has forgotten a semicolon can leave all the same.
        if (typed?.name === "q" && (interactive || pending === "")) return;
        const command = pending === "" ? typed : undefined;
        if (command !== undefined) {
          await run(() => obey(session, command));
        } else {
          const { statements, rest } = splitStatements(`${pending}${line}\n`);
          pending = rest;
          for (const statement of statements) await query(statement);
        }
        prompt();
      }
      if (interactive) io.err("\n");
      else if (pending !== "") await query(pending);
    } finally {
      lines.close();
    }
  });
}

/** One statement or command at a time, each in a savepoint: what fails or is cancelled takes nothing with it. */
class Turn {
  readonly io: Io;
  running = false;
  readonly #sql: Sql;
  readonly #pid: number;
  readonly #options: ShellOptions;
  #cancelled = false;
  #cancelling: Promise<void> | undefined;

  constructor(sql: Sql, pid: number, options: ShellOptions, io: Io) {
    this.#sql = sql;
    this.#pid = pid;
    this.#options = options;
    const out = async (text: string) => {
      if (this.#cancelled) throw cancelled();
      await io.out(text);
    };
    this.io = { ...io, out };
  }

  async take(work: () => Promise<void>): Promise<void> {
    this.#cancelled = false;
    this.#cancelling = undefined;
    await this.#sql`savepoint audit_turn`;
    this.running = true;
    try {
      await work();
    } catch (error) {
      throw this.#cancelled && !isLinkFailure(error) ? cancelled() : error;
    } finally {
      this.running = false;
      // A cancel that comes too late would hit what is asked next: this, at the worst, which can be asked again.
      await this.#cancelling;
      const back = () => this.#sql`rollback to savepoint audit_turn`;
      await back().catch((error) => (sqlStateOf(error) === "57014" ? back() : Promise.reject(error)));
    }
  }

  /** Ends what runs: what the server works on, and what is being printed. */
  readonly cancel = (): void => {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#cancelling = this.#cancelOnServer().catch(() => {});
  };

  async #cancelOnServer(): Promise<void> {
    // The driver's own way would dial the one socket again that there is.
    await withDatabase(
      this.#options,
      { ...this.io, err: () => {}, onSignal: () => () => {} },
      ({ sql }) => sql`select pg_cancel_backend(${this.#pid})`,
    );
  }
}

function cancelled(): UserError {
  return refusal("The query was cancelled.");
}

async function obey(session: Session, { name, argument }: ShellCommand): Promise<void> {
  const { audit, options, io, zone } = session;
  switch (name) {
    case "at":
      session.instant = await settleInstant(audit, parseWhen(argument), options, io);
      return;
    case "d": {
      const tables = (await readStatus(audit)).filter(({ state }) => state !== "dropped");
      await writeAnswer(
        {
          batches: [tables],
          extra: {},
          json: ({ schema, table, since, state }) => ({ schema, table, since, state }),
          columns: [{ title: "table" }, { title: "since" }, { title: "state" }],
          row: ({ schema, table, since, state }) => [
            tableLabel({ schema, table }),
            timeText(since, zone, undefined),
            state,
          ],
        },
        options,
        io,
      );
      return;
    }
    case "?":
      io.err(help);
      return;
    default:
      throw usageError(`There is no command \\${safeText(name)}.`, "See \\?.");
  }
}

/** The instant for a prompt: a tag by its name, a time without its fraction. */
function instantLabel({ instant, zone }: Session): string {
  if (instant.tag !== undefined) return `tag:${safeText(instant.tag)}`;
  const { date, time, rest } = localTime(instant.at, zone);
  return `${date} ${time}${rest.replace(/^\.\d+/, "").replace(/:00$/, "")}`;
}
