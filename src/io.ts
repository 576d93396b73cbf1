import { createPager, type Pager } from "./pager.ts";

/**
 * The world outside as one value: two streams, what is known of the terminal, the environment, the clock.
 * Tests hand in the same shape over buffers (test/helpers/fakeIo.ts).
 */
export interface Io {
  /** Writes to stdout, the answer. Resolves once the stream can take more; throws ClosedPipe when nobody reads. */
  readonly out: (text: string) => Promise<void>;
  /** Writes to stderr, the talk. */
  readonly err: (text: string) => void;
  readonly outIsTTY: boolean;
  readonly errIsTTY: boolean;
  /** Colour wanted, per stream (NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM=dumb and the terminal decide). */
  readonly outColor: boolean;
  readonly errColor: boolean;
  /** Columns of the terminal on stdout; undefined when stdout is no terminal. */
  readonly width: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** What a long answer on a terminal is read through. */
  readonly pager: Pager;
  /** Registers a listener for SIGINT and SIGTERM; returns the function that removes it. */
  readonly onSignal: (listener: (signal: "SIGINT" | "SIGTERM") => void) => () => void;
}

/** The reader of our stdout went away (`audit … | head`): not an error, time to stop quietly. */
export class ClosedPipe extends Error {
  constructor() {
    super("the reader of stdout closed it");
    this.name = "ClosedPipe";
  }
}

/** Whether a stream gets colour. `--no-color` arrives as NO_COLOR=1 in `env`. */
export function wantsColor(env: Io["env"], isTTY: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (isForced(env.FORCE_COLOR) || isForced(env.CLICOLOR_FORCE)) return true;
  return isTTY && env.TERM !== "dumb";
}

function isForced(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

/** The real process as an Io. While a pager has the terminal, what is said on it waits. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const pager = createPager(env);
  let closed = false;
  let held = "";
  let answers = 0;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  return {
    out: async (text) => {
      if (closed) throw new ClosedPipe();
      const answer = answers;
      await writeTo(pager.input ?? stdout, text);
      // The command was interrupted while the reader kept us waiting: its work must not go on.
      if (answer !== answers) throw new ClosedPipe();
    },
    err: (text) => {
      if (pager.input && stderr.isTTY) held += text;
      else stderr.write(text);
    },
    outIsTTY: stdout.isTTY === true,
    errIsTTY: stderr.isTTY === true,
    outColor: wantsColor(env, stdout.isTTY === true),
    errColor: wantsColor(env, stderr.isTTY === true),
    width: stdout.isTTY ? stdout.columns : undefined,
    env,
    now: () => new Date(),
    pager: {
      open: pager.open,
      onQuit: pager.onQuit,
      close: async () => {
        answers++;
        await pager.close();
        if (held !== "") stderr.write(held);
        held = "";
      },
    },
    onSignal: (listener) => {
      const signals = ["SIGINT", "SIGTERM"] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}

/** The codes of a write to a reader who left: while it was under way, and after that was noticed. */
const closedCodes: readonly (string | undefined)[] = ["EPIPE", "ERR_STREAM_DESTROYED"];

function writeTo(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error) return resolve();
      reject(closedCodes.includes(error.code) ? new ClosedPipe() : error);
    });
  });
}
