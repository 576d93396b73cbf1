import { ClosedPipe, type Io, wantsColor } from "../../src/io.ts";

/** An Io over buffers. */
export interface FakeIo extends Io {
  readonly stdout: string;
  readonly stderr: string;
  /** Sends a signal to whoever listens. */
  readonly signal: (name: "SIGINT" | "SIGTERM") => void;
  /** The pager that was opened, and whether it was closed. What went through it is in stdout. */
  readonly paged: { readonly command: string; readonly closed: boolean } | undefined;
  /** Leaves the pager; what is written afterwards finds nobody to read it. */
  readonly quitPager: () => void;
}

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly outIsTTY?: boolean;
  readonly errIsTTY?: boolean;
  /** Columns of the terminal; 80 when stdout is one, unknown otherwise. */
  readonly width?: number;
  /** The clock; a fixed instant unless given. */
  readonly now?: Date | (() => Date);
  /** Whether pagers can be started; false unless given. */
  readonly hasPagers?: boolean;
  /** Called with each piece written to stdout, before it is kept: may throw ClosedPipe. */
  readonly onOut?: (text: string) => void;
}

const fixedNow = new Date("2026-11-22T10:00:00.000Z");

/** A world of its own for a command under test: no terminal, no colour, an empty environment, a clock that stands. */
export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const { env = {}, outIsTTY = false, errIsTTY = false, now = fixedNow } = options;
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  const pagerListeners = new Set<() => void>();
  let paged: { command: string; closed: boolean } | undefined;
  let quit = false;
  let stdout = "";
  let stderr = "";
  return {
    out: async (text) => {
      if (quit) throw new ClosedPipe();
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
    pager: {
      open: async (command) => {
        if (!options.hasPagers) return false;
        paged = { command, closed: false };
        return true;
      },
      close: async () => {
        if (paged) paged.closed = true;
      },
      onQuit: (listener) => {
        pagerListeners.add(listener);
        return () => pagerListeners.delete(listener);
      },
    },
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
    get paged() {
      return paged;
    },
    quitPager: () => {
      quit = true;
      for (const listener of [...pagerListeners]) listener();
    },
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}
