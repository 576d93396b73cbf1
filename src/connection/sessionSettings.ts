/**
 * What every statement of ours may rely on, whatever the role, the database or the environment set. Text
 * forms of values depend on these settings, and names must not resolve through a path that others fill.
 */
const pinned: Readonly<Record<string, string>> = {
  search_path: "pg_catalog, pg_temp",
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  extra_float_digits: "1",
  // The driver misreads "escape" without noticing.
  bytea_output: "hex",
  lc_monetary: "C",
  client_encoding: "UTF8",
  // Literals in our SQL are written for it.
  standard_conforming_strings: "on",
  client_min_messages: "warning",
  statement_timeout: "0",
  // A reader in a pager may take all day.
  idle_session_timeout: "0",
};

/** How long a statement waits for a lock unless its transaction says otherwise, in milliseconds. */
export const DEFAULT_LOCK_TIMEOUT_MS = 5_000;

/** A writing transaction of a stopped process (Ctrl-Z) must not keep its locks for ever. */
const IDLE_IN_WRITING_TRANSACTION_MS = 300_000;

export interface SessionTimeouts {
  readonly lockTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
  readonly readOnly?: boolean | undefined;
}

/**
 * One SELECT that pins the settings, for the session or (`local`) for the transaction; the latter because a
 * pooler may hand every transaction to another server session.
 */
export function pinSettingsSql(
  scope: "session" | "local",
  serverVersion: number,
  timeouts: SessionTimeouts = {},
): string {
  const settings: Record<string, string> = {
    ...pinned,
    lock_timeout: milliseconds(timeouts.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS),
    statement_timeout: milliseconds(timeouts.statementTimeoutMs ?? 0),
    idle_in_transaction_session_timeout: milliseconds(timeouts.readOnly ? 0 : IDLE_IN_WRITING_TRANSACTION_MS),
  };
  if (serverVersion >= 170000) settings.transaction_timeout = "0";
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${scope === "local"})`,
  );
  return `select ${calls.join(", ")}`;
}

function milliseconds(value: number): string {
  return `${Math.max(0, Math.round(value))}ms`;
}
