/**
 * The columns of an archived change, in order: those of the log (audit.change), each as the text PostgreSQL
 * prints with TimeZone UTC and DateStyle ISO.
 */
export const archivedColumns = [
  "id",
  "at",
  "xid",
  "began",
  "relation",
  "segment",
  "op",
  "key",
  "old_key",
  "old",
  "new",
  "actor",
  "db_user",
  "role",
  "application",
  "client_addr",
  "context",
  "old_tid",
  "new_tid",
] as const;

export type ArchivedColumn = (typeof archivedColumns)[number];

/** One archived change: a text, or null for NULL, for each of archivedColumns. */
export type ArchivedChange = readonly (string | null)[];

/** Where each column stands in an ArchivedChange. */
export const columnIndex = Object.fromEntries(
  archivedColumns.map((name, index) => [name, index]),
) as Readonly<Record<ArchivedColumn, number>>;

/**
 * The change as the one line its content is hashed by, whatever the format of the file: a JSON array of its
 * texts and a newline.
 */
export function canonicalLine(change: ArchivedChange): string {
  return `${JSON.stringify(change)}\n`;
}

/** The text of a column that is never NULL. Anything else was not read from a log: RangeError. */
export function requiredText(change: ArchivedChange, column: ArchivedColumn): string {
  const text = change[columnIndex[column]];
  if (typeof text !== "string") throw new RangeError(`a change without ${column} is no change`);
  return text;
}
