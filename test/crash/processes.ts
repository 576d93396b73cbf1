import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** The living children of a process. */
export async function childrenOf(parent: number): Promise<number[]> {
  return (await listProcesses()).filter((process) => process.parent === parent).map(({ pid }) => pid);
}

/** kill -9; harmless when the process is gone already. */
export function killAtOnce(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Resolves when none of the processes lives: a zombie that nobody collects holds nothing any more. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  for (;;) {
    const living = (await listProcesses()).filter(({ pid }) => pids.includes(pid));
    if (living.length === 0) return;
    await sleep(10);
  }
}

interface LivingProcess {
  readonly pid: number;
  readonly parent: number;
}

/** All processes but zombies. Slim images of Linux have no ps, macOS has no /proc. */
async function listProcesses(): Promise<LivingProcess[]> {
  const lines = existsSync("/proc/self/stat") ? await readProc() : await askPs();
  return lines.flatMap(([pid, state, parent]) =>
    state?.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent) }],
  );
}

async function readProc(): Promise<string[][]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => {
      // The name of the program stands before, in parentheses, and may hold anything. Gone meanwhile: no line.
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      return [pid, ...stat.slice(stat.lastIndexOf(")") + 2).split(" ", 2)];
    }),
  );
  return lines.filter(([, state]) => state !== "");
}

async function askPs(): Promise<string[][]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,stat=,ppid="], {
    maxBuffer: 2 ** 24,
  });
  return stdout.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim().split(/\s+/)]));
}
