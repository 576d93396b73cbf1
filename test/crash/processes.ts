import { execFile } from "node:child_process";
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

async function listProcesses(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat="], {
    maxBuffer: 2 ** 24,
  });
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length === 3 && !fields[2]?.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}
