import { type Io, wantsColor } from "../../src/io.ts";

/** An Io over buffers. */
export interface FakeIo extends Io {
  readonly stdout: string;
  readonly stderr: string;
  /** Sends a signal to whoever listens. */
  readonly signal: (name: "SIGINT" | "SIGTERM") => void;
}

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly outIsTTY?: boolean;
  readonly errIsTTY?: boolean;
  /** Columns of the terminal; 80 when stdout is one, unknown otherwise. */
  readonly width?: number;
  /** The clock; a fixed instant unless given. */
  readonly now?: Date | (() => Date);
  /** Called with each piece written to stdout, before it is kept: may throw ClosedPipe. */
  readonly onOut?: (text: string) => void;
}

const fixedNow = new Date("2026-11-22T10:00:00.000Z");

/** A world of its own for a command under test: no terminal, no colour, an empty environment, a clock that stands. */
export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const { env = {}, outIsTTY = false, errIsTTY = false, now = fixedNow } = options;
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  let stdout = "";
  let stderr = "";
  return {
    out: async (text) => {
      options.onOut?.(text);
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    outIsTTY,
    errIsTTY,
    outColor: wantsColor(env, outIsTTY),
    errColor: wantsColor(env, errIsTTY),
    width: options.width ?? (outIsTTY ? 80 : undefined),
    env,
    now: () => (typeof now === "function" ? now() : new Date(now)),
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}
