import { sqlStateOf } from "../connection/failure.ts";
import { caret } from "../core/caret.ts";
import { escapeControls } from "../core/safe.ts";
import { type UserError, usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { isFaultOfQuery } from "./queryFailure.ts";

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

/** Throws (exit 2, with a caret in what was typed) unless the text is one SQL condition over the fields of a change. */
export async function requireChangeCondition(audit: AuditDatabase, condition: string): Promise<void> {
  const names = fields.map((field) => field.replace(/ .*/, "")).join(", ");
  await requireCondition(audit, condition, {
    rows: `jsonb_to_record('{}') as change (${fields.join(", ")})`,
    hint: `Write a condition over ${names}, such as: op = 'update' and new ->> 'status' = 'paid'`,
  });
}

/** What a condition is about. */
export interface ConditionSubject {
  /** The rows it is held against, as the item of a FROM clause. */
  readonly rows: string;
  /** What it may speak of. */
  readonly hint: string;
}

/**
 * Throws (exit 2, with a caret in what was typed) unless the text is one SQL condition over the columns of some rows. It
 * is read twice by the server, never run: between brackets and between parentheses. What closes the one leaves
 * the other open, so what stands within both is a single expression.
 */
export async function requireCondition(
  { sql }: AuditDatabase,
  condition: string,
  { rows, hint }: ConditionSubject,
): Promise<void> {
  for (const [before, after] of [
    ["(", ")"],
    ["(array[", "])[1]"],
  ]) {
    const head = `select from ${rows} where ${before}\n`;
    let types: readonly number[];
    try {
      ({ types } = await sql.unsafe(`${head}${condition}\n${after}`).describe());
    } catch (error) {
      if (!isFaultOfQuery(error)) throw error;
      const place = "position" in error ? Number(error.position) - 1 - [...head].length : Number.NaN;
      throw complaint(condition, error.message, place, hint);
    }
    if (types.length > 0)
      throw complaint(condition, "it has a parameter, such as $1", condition.indexOf("$"), hint);
  }
}

/** Throws (exit 2) unless the server takes the text for a regular expression. */
export async function requirePattern({ sql }: AuditDatabase, pattern: string): Promise<void> {
  try {
    await sql`select '' ~* ${pattern}`;
  } catch (error) {
    if (sqlStateOf(error) !== "2201B" || !(error instanceof Error)) throw error;
    throw usageError(
      `"${escapeControls(pattern)}" is not a regular expression: ${escapeControls(error.message.replace(/^invalid regular expression: /, ""))}.`,
      "Write one as PostgreSQL has them (POSIX), such as 'ada|ida' or '^4711$'.",
    );
  }
}

/** `place` counts characters as the server does; one that lies outside (what is missing at the end) is shown there. */
function complaint(condition: string, problem: string, place: number, hint: string): UserError {
  const characters = [...condition];
  const at = characters.slice(0, Math.min(Math.max(place, 0), characters.length)).join("").length;
  const pointed = Number.isNaN(place) ? "" : `\n${caret(condition, at)}`;
  return usageError(
    `"${escapeControls(condition)}" is not a condition we can use: ${escapeControls(problem)}.${pointed}`,
    hint,
  );
}
