import type { Sql } from "../connection/connect.ts";
import { quoteIdentifier } from "../core/name.ts";
import type { AuditDatabase } from "./installation.ts";

/**
 * Runs work in which names resolve as in the user's own sessions, inside a transaction of ours. Afterwards all is
 * as before, whatever the work did: settings, locks on rows, a statement that failed.
 */
export async function aside<T>(
  audit: AuditDatabase,
  settings: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  await enter(audit, settings);
  try {
    return await work();
  } finally {
    await leave(audit.sql);
  }
}

/** The same for rows that come in batches. */
export async function* streamAside<T>(
  audit: AuditDatabase,
  rows: () => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  await enter(audit, {});
  try {
    yield* rows();
  } finally {
    await leave(audit.sql);
  }
}

async function enter(
  { sql, searchPath }: AuditDatabase,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const path = [...searchPath.map(quoteIdentifier), "pg_temp"].join(", ");
  await sql`savepoint audit_aside`;
  for (const [name, value] of Object.entries({ ...settings, search_path: path }))
    await sql`select pg_catalog.set_config(${name}, ${value}, true)`;
}

async function leave(sql: Sql): Promise<void> {
  // Fails after a lost link only, and then the first error is the one to tell.
  await sql`rollback to savepoint audit_aside`.catch(() => {});
}
