import type { Sql } from "./connect.ts";
import { isLinkFailure, linkLost } from "./failure.ts";
import { pinSettingsSql } from "./sessionSettings.ts";

export interface TransactionOptions {
  readonly readOnly?: boolean;
  /** "repeatable read" for answers made of several queries; "read committed" by default. */
  readonly isolation?: "read committed" | "repeatable read";
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}

const inTransaction = new WeakSet<Sql>();
const serverVersions = new WeakMap<Sql, number>();

/** Remembers the version whose settings a transaction on this connection pins. */
export function rememberServerVersion(sql: Sql, version: number): void {
  serverVersions.set(sql, version);
}

/**
 * Runs the work in one transaction: commits when it resolves, rolls back when it throws, and lets its error
 * through unchanged. The settings are pinned again for the transaction, in the same round trip as BEGIN. A
 * link lost during COMMIT is told as such, since nobody can know its outcome. Transactions do not nest.
 */
export async function withTransaction<T>(
  sql: Sql,
  options: TransactionOptions,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return alone(sql, async () => {
    const result = await beginAndRun(sql, options, work);
    await commit(sql);
    return result;
  });
}

/** Runs the work in a transaction that is rolled back whatever comes of it: for what is only tried out. */
export async function withRollback<T>(
  sql: Sql,
  options: TransactionOptions,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return alone(sql, async () => {
    const result = await beginAndRun(sql, options, work);
    await sql.unsafe("rollback");
    return result;
  });
}

async function alone<T>(sql: Sql, transaction: () => Promise<T>): Promise<T> {
  if (inTransaction.has(sql)) throw new Error("withTransaction inside withTransaction");
  inTransaction.add(sql);
  try {
    return await transaction();
  } finally {
    inTransaction.delete(sql);
  }
}

async function beginAndRun<T>(
  sql: Sql,
  options: TransactionOptions,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  try {
    await begin(sql, options);
    return await work(sql);
  } catch (error) {
    // After a lost link this fails too, and the first error is the one to tell.
    await sql.unsafe("rollback").catch(() => {});
    throw error;
  }
}

async function begin(sql: Sql, options: TransactionOptions): Promise<void> {
  // Never "read write": a role or database that is read-only by default is so on purpose.
  const mode = options.readOnly ? " read only" : "";
  await sql.unsafe(
    `begin isolation level ${options.isolation ?? "read committed"}${mode}; ${pinSettingsSql(
      "local",
      serverVersions.get(sql) ?? 0,
      options,
    )}`,
  );
}

async function commit(sql: Sql): Promise<void> {
  let command: string;
  try {
    command = (await sql.unsafe("commit")).command;
  } catch (error) {
    throw isLinkFailure(error) ? linkLost({ committing: true }) : error;
  }
  // The server answers COMMIT of a failed transaction with ROLLBACK, and no error.
  if (command !== "COMMIT") throw new Error("a failed statement was swallowed inside withTransaction");
}
