import { sqlStateOf } from "../connection/failure.ts";
import { caret } from "../core/caret.ts";
import { escapeControls } from "../core/safe.ts";
import { type UserError, usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";

/** The fields a condition may speak of, with their types; see changeFields. */
const fields = [
  "id bigint",
  "tx bigint",
  "at timestamptz",
  "schema text",
  '"table" text',
  "op text",
  "key text",
  "old_key text",
  "old jsonb",
  "new jsonb",
  "actor text",
  "db_user text",
  "role text",
  "application text",
  "client_addr inet",
  "context jsonb",
];

const HINT = `Write a condition over ${fields.map((field) => field.replace(/ .*/, "")).join(", ")}, such as: op = 'update' and new ->> 'status' = 'paid'`;

/**
 * Throws (exit 2, with a caret in what was typed) unless the text is one SQL condition over the fields of a change. It
 * is read twice by the server, never run: between brackets and between parentheses. What closes the one leaves
 * the other open, so what stands within both is a single expression.
 */
export async function requireCondition(audit: AuditDatabase, condition: string): Promise<void> {
  const rows = `from jsonb_to_record('{}') as change (${fields.join(", ")}) where`;
  await read(audit, condition, `select ${rows} (\n`, "\n)");
  await read(audit, condition, `select ${rows} (array[\n`, "\n])[1]");
}

/** Throws (exit 2) unless the server takes the text for a regular expression. */
export async function requirePattern({ sql }: AuditDatabase, pattern: string): Promise<void> {
  try {
    await sql`select '' ~* ${pattern}`;
  } catch (error) {
    if (sqlStateOf(error) !== "2201B" || !(error instanceof Error)) throw error;
    throw usageError(
      `"${escapeControls(pattern)}" is not a regular expression: ${error.message.replace(/^invalid regular expression: /, "")}.`,
      "Write one as PostgreSQL has them (POSIX), such as 'ada|ida' or '^4711$'.",
    );
  }
}

async function read({ sql }: AuditDatabase, condition: string, before: string, after: string): Promise<void> {
  let types: readonly number[];
  try {
    ({ types } = await sql.unsafe(`${before}${condition}${after}`).describe());
  } catch (error) {
    if (sqlStateOf(error) === undefined || !(error instanceof Error)) throw error;
    const place = "position" in error ? Number(error.position) - 1 - [...before].length : Number.NaN;
    throw complaint(condition, error.message, place);
  }
  if (types.length > 0) throw complaint(condition, "it has a parameter, such as $1", condition.indexOf("$"));
}

/** `place` counts characters as the server does; one that lies outside (what is missing at the end) is shown there. */
function complaint(condition: string, problem: string, place: number): UserError {
  const characters = [...condition];
  const at = characters.slice(0, Math.min(Math.max(place, 0), characters.length)).join("").length;
  const pointed = Number.isNaN(place) ? "" : `\n${caret(condition, at)}`;
  return usageError(
    `"${escapeControls(condition)}" is not a condition we can use: ${escapeControls(problem)}.${pointed}`,
    HINT,
  );
}
