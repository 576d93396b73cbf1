import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ExitCode } from "../../src/errors.ts";
import { main } from "../../src/main.ts";
import { type FakeIoOptions, fakeIo } from "./fakeIo.ts";

export interface CliResult {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process over a fake world. */
export async function runCli(args: readonly string[], options: FakeIoOptions = {}): Promise<CliResult> {
  const io = fakeIo(options);
  const code = await main([...args], io);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

export interface BinResult {
  /** The exit code; undefined when a signal ended the process. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunBinOptions {
  /** All the process sees besides PATH. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What arrives on stdin; nothing, at once, unless given. */
  readonly input?: string;
  /** A signal to send, and when. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly afterMs: number };
  /** The process is killed after this long. */
  readonly timeoutMs?: number;
}

const bin = fileURLToPath(new URL("../../bin/audit.js", import.meta.url));

/** Runs bin/audit.js, as built, in a process of its own. */
export function runBin(args: readonly string[], options: RunBinOptions = {}): Promise<BinResult> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH, ...options.env },
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: "SIGKILL",
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A process that reads no stdin may be gone before all is written.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const { signal } = options;
  const timer = signal ? setTimeout(() => child.kill(signal.name), signal.afterMs) : undefined;
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, ended) => {
      clearTimeout(timer);
      resolve({ code: code ?? undefined, signal: ended ?? undefined, stdout: stdout(), stderr: stderr() });
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}
