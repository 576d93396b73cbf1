import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import type { PastHistory } from "./making.ts";
import { compare } from "./putBack.ts";
import { everKept } from "./takeOut.ts";
import { type Copy, copyTables, exactSettings } from "./truth.ts";

/** The tables of a history, and who has rows in the table of marks. */
export interface State {
  readonly tables: Copy;
  readonly marks: readonly string[];
}

/** How a revert or an undo ended. */
export interface Outcome {
  /** Whether it was done, or there was nothing to be done. */
  readonly kind: "done" | "conflicts" | "impossible";
  /** What it is called in the log; undefined where nothing was changed. */
  readonly operation: string | undefined;
  readonly stderr: string;
}

/** Runs revert and undo on the tables of a history, and keeps what was wrong. */
export interface Repairs {
  readonly sql: TestSql;
  readonly history: PastHistory;
  readonly faults: string[];
  look(): Promise<State>;
  revert(title: string, txs: readonly string[]): Promise<Outcome>;
  /** Takes operations back, the last of them first; then everything has to be as it was before them. */
  undo(title: string, operations: readonly string[], before: State): Promise<void>;
  /** Both have to be the same in everything that is recorded. */
  expectSame(title: string, wanted: State, found: State): void;
}

/**
 * Why a transaction cannot be taken out though nobody came to its rows later: rows of others refer to one that it inserted.
 */
const legitimate = /foreign key/;

/** Opens what takes transactions of a history out; to be closed by ending its `sql`. */
export async function openRepairs(url: string, history: PastHistory): Promise<Repairs> {
  const sql = connectTo(url, { max: 1 });
  const { world } = history;
  await sql.unsafe(`${exactSettings}; set search_path = ${world.schema}`);
  const faults: string[] = [];

  const run = async (title: string, ...args: string[]): Promise<Outcome> => {
    const words = [...args, "--apply", "--skip-columns", "--triggers", "skip", "--json"];
    const { code, stdout, stderr } = await runCli(words, { env: { DATABASE_URL: url, TZ: "UTC" } });
    const { conflicts = [], operation = null } = (stdout === "" ? {} : JSON.parse(stdout)) as {
      conflicts?: unknown[];
      operation?: string | null;
    };
    const isKnown = code === 0 || (code === 5 && (conflicts.length > 0 || legitimate.test(stderr)));
    if (!isKnown) faults.push(`${title}: audit ${args.join(" ")} ended with ${code}: ${stderr}`);
    const kind = code === 0 ? "done" : conflicts.length > 0 ? "conflicts" : "impossible";
    return { kind, operation: operation ?? undefined, stderr };
  };
  const look = async (): Promise<State> => {
    const rows = await sql<{ mark: string }[]>`
      select label || ' ' || place as mark from ${sql(`${world.schema}.marks`)} order by label, place`;
    return { tables: await copyTables(sql, world), marks: rows.map(({ mark }) => mark) };
  };
  const expectSame = (title: string, wanted: State, found: State) => {
    for (const table of world.tables)
      faults.push(...compare(title, table, wanted.tables, found.tables, everKept(table)));
    if (wanted.marks.join() !== found.marks.join())
      faults.push(`${title}, marks: are ${found.marks.join(", ")}, not ${wanted.marks.join(", ")}`);
  };

  return {
    ...{ sql, history, faults, look, expectSame },
    revert: (title, txs) => run(title, "revert", ...txs.map((tx) => `tx:${tx}`)),
    undo: async (title, operations, before) => {
      for (const operation of operations.toReversed()) {
        const { kind, stderr } = await run(title, "undo", operation);
        if (kind !== "done") faults.push(`${title}: undo of operation ${operation}: ${stderr}`);
      }
      expectSame(`${title}: undo`, before, await look());
    },
  };
}
