import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { quoteIdentifier } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { refusal } from "../errors.ts";
import type { Io } from "../io.ts";

/** First half of our advisory lock's key, so that it does not meet an application's; the schema is the second. */
const LOCK_CLASS = 0x61756474;

/** A waiting lock request makes everybody behind it wait: give up soon, come back later. */
export const LOCK_TIMEOUT_MS = 700;
/** The same for SQL that is printed for somebody else to run: the second line of a transaction. */
export const LOCK_TIMEOUT_SQL = `set local lock_timeout = '${LOCK_TIMEOUT_MS}ms';`;
const FIRST_PAUSE_MS = 1_000;
const ATTEMPTS = 6;

/**
 * Runs the work while no other command that writes is at this installation; the lock goes with the
 * connection. Where another is at work: exit 5 with who it is.
 */
export async function withRunLock<T>(sql: Sql, schema: string, work: () => Promise<T>): Promise<T> {
  const done = await withFreeRunLock(sql, schema, work);
  if (!done)
    throw refusal(
      await runningElsewhere(sql, schema),
      "Wait for it to end, then run this again. Nothing was changed.",
    );
  return done.result;
}

/** The same, but where another command is at work, undefined: then nothing was done. */
export async function withFreeRunLock<T>(
  sql: Sql,
  schema: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T } | undefined> {
  const [got] = await sql<{ locked: boolean }[]>`
    select pg_try_advisory_lock(${LOCK_CLASS}, hashtext(${schema})) as locked`;
  if (!got?.locked) return undefined;
  try {
    return { result: await work() };
  } finally {
    // Fails where the connection is gone, and with it the lock.
    await sql`select pg_advisory_unlock(${LOCK_CLASS}, hashtext(${schema}))`.catch(() => {});
  }
}

/** A sentence that says who holds the lock of runs. */
export async function runningElsewhere(sql: Sql, schema: string): Promise<string> {
  const [holder] = await sql<{ pid: number; usename: string | null; since: string | null }[]>`
    select lock.pid, activity.usename, date_trunc('second', clock_timestamp() - activity.backend_start)::text as since
    from pg_locks as lock
    left join pg_stat_activity as activity on activity.pid = lock.pid
    where lock.locktype = 'advisory'
      and lock.database = (select oid from pg_database where datname = current_database())
      and lock.classid = ${LOCK_CLASS}::bigint::oid
      and lock.objid = (hashtext(${schema})::bigint & 4294967295)::oid
      and lock.granted
    limit 1`;
  const who = holder
    ? ` (pid ${holder.pid}, user ${safeText(holder.usename ?? "unknown")}, connected for ${holder.since ?? "an unknown time"})`
    : "";
  return `Another audit command is at work on schema ${quoteIdentifier(schema)}${who}.`;
}

/**
 * Tries work that needs locks on a table; after a lock timeout or a deadlock it lets everybody pass and tries
 * again, six times over about half a minute. Then exit 5, naming who holds the table where that can be seen.
 */
export async function withLockRetries<T>(
  context: { readonly sql: Sql; readonly io: Io; readonly table: string; readonly oid: number },
  attempt: () => Promise<T>,
): Promise<T> {
  const { sql, io, table, oid } = context;
  for (let tries = 1, pause = FIRST_PAUSE_MS; ; tries++, pause *= 2) {
    try {
      return await attempt();
    } catch (error) {
      const state = sqlStateOf(error);
      if (state !== "55P03" && state !== "40P01") throw error;
      const holder = await lockHolder(sql, oid);
      if (tries === ATTEMPTS) {
        throw refusal(
          `${table} is in use${holder}; its lock was not to be had in ${ATTEMPTS} tries.`,
          "Run this again when that transaction has ended. This table was not changed.",
        );
      }
      io.err(`${safeText(table)} is in use${holder}, trying again in ${Math.round(pause / 1000)} s\n`);
      // Jitter, or two runs that collided would collide again.
      await sleep(pause * (0.8 + 0.4 * Math.random()));
    }
  }
}

/** Whether the server gave up waiting for a lock. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === "55P03";
}

async function lockHolder(sql: Sql, oid: number): Promise<string> {
  const [holder] = await sql<
    { pid: number; usename: string | null; state: string | null; age: string | null }[]
  >`
    select lock.pid, activity.usename, activity.state, date_trunc('second', clock_timestamp() - activity.xact_start)::text as age
    from pg_locks as lock
    left join pg_stat_activity as activity on activity.pid = lock.pid
    where lock.relation = ${oid} and lock.granted and lock.pid <> pg_backend_pid()
      and lock.database = (select oid from pg_database where datname = current_database())
    order by activity.xact_start nulls last
    limit 1`;
  if (!holder) return "";
  const since = holder.age === null ? "" : `, in a transaction for ${holder.age}`;
  return ` by pid ${holder.pid} (user ${safeText(holder.usename ?? "unknown")}${since})`;
}
