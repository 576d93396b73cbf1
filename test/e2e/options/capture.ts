import { expect } from "vitest";
import { type AuditOf, auditOf } from "../../helpers/auditOf.ts";
import type { TestSql } from "../../helpers/client.ts";
import { usePlainDatabase } from "../../helpers/plainDatabase.ts";
import { type TestDatabase, useDatabase } from "../../helpers/useDatabase.ts";

/** A change as `audit history --json` shows it. */
export interface Change {
  readonly id: string;
  readonly op: string;
  readonly key: string | null;
  readonly old_key: string | null;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
  readonly context: Record<string, unknown> | null;
}

/** Both ways in which DDL is dealt with, for describe.each: by event triggers, or by a look at each row. */
export const captures: readonly (readonly [name: string, open: () => TestDatabase])[] = [
  ["with event triggers", () => useDatabase({ installed: true })],
  ["without event triggers", usePlainDatabase],
];

/** The instant, outside of any transaction, as ISO 8601. */
export async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

/** Runs statements one by one, each in a transaction of its own: a mere list of them would be one transaction. */
export async function run(sql: TestSql, statements: string): Promise<void> {
  for (const statement of statements.split(/;\s*\n/).filter((text) => text.trim() !== ""))
    await sql.unsafe(statement);
}

/** Every row of every table of ours and every function's text, in lower case. */
export async function everythingOfOurs(sql: TestSql): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v')`;
  const parts: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ text: string }[]>(`select r::text as text from ${name} as r`);
    parts.push(...rows.map(({ text }) => text));
  }
  const functions = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'audit'::regnamespace and prokind = 'f'`;
  return [...parts, ...functions.map(({ text }) => text)].join("\n").toLowerCase();
}

/** All that the commands print about a table of which something is known since an instant. */
export async function answersAbout(audit: AuditOf, table: string, since: string): Promise<string> {
  const said: string[] = [];
  for (const args of [
    ["history", table],
    ["diff", table, "--from", since],
    ["at-time", since, table],
    ["at-time", "now", table],
    ["status", table],
  ]) {
    for (const more of [[], ["--json"]]) {
      const { stdout, stderr } = await audit(...args, ...more);
      said.push(stdout, stderr);
    }
  }
  return said.join("\n").toLowerCase();
}

/** The past of a table at an instant, a text per row, by what stands first in it. */
export async function rowsAt(sql: TestSql, table: string, instant: string): Promise<string[]> {
  const rows = await sql.unsafe<{ row: string }[]>(
    `select past::text as row from audit.at(null::${table}, '${instant}') as past order by past::text collate "C"`,
  );
  return rows.map(({ row }) => row);
}

/** The present rows of a table, as rowsAt has them. */
export async function rowsNow(sql: TestSql, table: string): Promise<string[]> {
  const rows = await sql.unsafe<{ row: string }[]>(
    `select present::text as row from ${table} as present order by present::text collate "C"`,
  );
  return rows.map(({ row }) => row);
}

/** What is wrong with the table according to status, with its state. */
export async function statusOf(database: TestDatabase, table: string) {
  const [row] = await auditOf(database).items<{ state: string; problems: string[] }>("status", table);
  expect(row).toBeDefined();
  return { state: row?.state, problems: row?.problems.join(" ") ?? "" };
}
