import { expect } from "vitest";
import type { FakeIoOptions } from "./fakeIo.ts";
import { runCli } from "./runCli.ts";

/** The command against one database, for tests in which it has to succeed. */
export interface AuditOf {
  /** What it printed. */
  (...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** The items of its --json answer. */
  readonly items: <T = Record<string, unknown>>(...args: string[]) => Promise<T[]>;
  /** The command with its exit code, whatever it is. */
  readonly run: typeof runCli;
}

/** Binds the command to a database, which is read at each call: a test's may not be open yet. */
export function auditOf(database: { readonly url: string }, options: FakeIoOptions = {}): AuditOf {
  const run: typeof runCli = (args, more = {}) =>
    runCli([...args, "--database-url", database.url], { ...options, ...more });
  const succeed = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
    return { stdout, stderr };
  };
  const items = async <T>(...args: string[]) => {
    const { stdout } = await succeed(...args, "--json");
    return (JSON.parse(stdout) as { items: T[] }).items;
  };
  return Object.assign(succeed, { items, run });
}
