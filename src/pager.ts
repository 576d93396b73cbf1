import type { ChildProcess } from "node:child_process";
import type { Io } from "./io.ts";

/** The way from stdout to the reader of a long answer. */
export interface Pager {
  /**
   * Sends what is written to stdout from now on through this command of the shell; false, and nothing is changed,
   * where it cannot be started. One that is open already stays.
   */
  readonly open: (command: string) => Promise<boolean>;
  /** Nothing more will be written: resolves once the reader has left. Whoever opens it closes it. */
  readonly close: () => Promise<void>;
  /** Registers a listener for the reader leaving before that; returns the function that removes it. */
  readonly onQuit: (listener: () => void) => () => void;
}

/** Where there is no terminal to page on. */
export const noPager: Pager = { open: async () => false, close: async () => {}, onQuit: () => () => {} };

/** The pager of a process. While it is open, `input` takes what would go to stdout. */
export interface ProcessPager extends Pager {
  readonly input: NodeJS.WritableStream | undefined;
}

/**
 * The answer is shown as it is where the command cannot be understood or found: it has read nothing by then. The
 * trap keeps an interrupt, which is the pager's to handle, from ending the shell below it.
 */
const script = `
  sh -nc "$1" || exec cat
  trap : INT
  eval "$1"
  case $? in 126 | 127) exec cat ;; esac`;

/** A pager of the terminal this process has. Until the reader leaves it, an interrupt ends no process. */
export function createPager(env: Io["env"]): ProcessPager {
  const listeners = new Set<() => void>();
  let child: ChildProcess | undefined;
  let exited = Promise.resolve();
  let closing = false;

  const open = async (command: string) => {
    if (child) return true;
    const { spawn } = await import("node:child_process");
    // Quit when it fits one screen, let colours through, leave the screen as it is.
    const settings = { LESS: env.LESS ?? "FRX", LV: env.LV ?? "-c" };
    const started = spawn("sh", ["-c", script, "sh", command], {
      stdio: ["pipe", "inherit", "inherit"],
      env: { ...env, ...settings },
    });
    started.stdin.on("error", () => {});
    if (!(await isRunning(started))) return false;
    child = started;
    closing = false;
    // If we ended first, the shell would take the terminal away from a pager that still runs.
    process.on("SIGINT", ignore);
    exited = new Promise((resolve) => {
      started.once("exit", () => {
        process.off("SIGINT", ignore);
        resolve();
        if (!closing) for (const listener of [...listeners]) listener();
      });
    });
    return true;
  };

  return {
    get input() {
      return child?.stdin ?? undefined;
    },
    open,
    close: async () => {
      closing = true;
      child?.stdin?.end();
      await exited;
      child = undefined;
    },
    onQuit: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function ignore(): void {}

function isRunning(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once("spawn", () => resolve(true));
    child.once("error", () => resolve(false));
  });
}
