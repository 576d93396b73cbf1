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

/** The real process as an Io. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  let closed = false;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  return {
    out: (text) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new ClosedPipe());
        stdout.write(text, (error) => {
          if (!error) return resolve();
          reject((error as NodeJS.ErrnoException).code === "EPIPE" ? new ClosedPipe() : error);
        });
      }),
    err: (text) => void stderr.write(text),
    outIsTTY: stdout.isTTY === true,
    errIsTTY: stderr.isTTY === true,
    outColor: wantsColor(env, stdout.isTTY === true),
    errColor: wantsColor(env, stderr.isTTY === true),
    width: stdout.isTTY ? stdout.columns : undefined,
    env,
    now: () => new Date(),
    onSignal: (listener) => {
      const signals = ["SIGINT", "SIGTERM"] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}
