/** The words of the domain. Plain values; nothing here knows SQL, streams or the clock. */

/** A table by name, as typed or as found. Without schema it follows the search_path of the connection. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

/** I insert, U update, D delete, T truncate: as stored in the log. */
export type Op = "I" | "U" | "D" | "T";

export type OperationName = "insert" | "update" | "delete" | "truncate";

/** The value of one column, always PostgreSQL's own text (booleans as true and false): nothing to lose on the way. */
export type Value = string | null;

/** What stands in an image for a value that is not kept: redacted, or of a row too large to be recorded whole. */
export type Withheld = { readonly redacted: true } | { readonly digest: string; readonly bytes: number };

/** Kept values by column name. */
export type Image = Readonly<Record<string, Value | Withheld>>;

/** One recorded row operation. */
export interface Change {
  /** bigint as text. */
  readonly id: string;
  /** Transaction id (xid8) as text. */
  readonly tx: string;
  /** ISO 8601 with microseconds and offset, such as 2026-11-22T10:00:00.123456+00:00. */
  readonly at: string;
  readonly schema: string;
  readonly table: string;
  readonly op: OperationName;
  /** The key's text: the value itself for one key column, a JSON array of texts for several; null for a whole-table truncate. */
  readonly key: string | null;
  /** The former key, when the change moved the row to another key. */
  readonly oldKey: string | null;
  readonly old: Image | null;
  readonly new: Image | null;
  readonly actor: string | null;
  readonly dbUser: string;
  readonly role: string | null;
  readonly application: string | null;
  readonly clientAddr: string | null;
  readonly context: Readonly<Record<string, unknown>> | null;
}

/** Who recorded a change, from where, and why. */
export type Origin = Pick<Change, "actor" | "dbUser" | "role" | "application" | "clientAddr" | "context">;

/** How many rows of one table a transaction touched, by operation. */
export interface TableCounts extends Readonly<Record<OperationName, number>> {
  readonly schema: string;
  readonly table: string;
}

/** What a transaction did, over all tables; of those changes only that were asked for. */
export interface TransactionSummary {
  /** Transaction id (xid8) as text; means one transaction within its era only. */
  readonly tx: string;
  readonly era: number;
  /** When it began, as ISO 8601; null where it was recorded by a version that did not note it. */
  readonly began: string | null;
  /** Its smallest and its greatest change id. */
  readonly firstId: string;
  readonly lastId: string;
  /** Its oldest and its newest change, as ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly changes: number;
  /** In the order in which they were first touched. */
  readonly tables: readonly TableCounts[];
  /** Hardly ever more than one: those that differ, in order of appearance, the first twenty of them. */
  readonly origins: readonly (Origin & { readonly changes: number })[];
  /** How many there are. */
  readonly originCount: number;
}

/** An instant as the server resolved it. */
export interface Instant {
  /** What was typed. */
  readonly typed: string;
  /** ISO 8601 with microseconds and offset in `zone`. */
  readonly at: string;
  /** The time zone's name. */
  readonly zone: string;
  readonly precision: "exact" | "approx";
  /** The tag that names it: then the tag's snapshot decides what was done by then, and `at` is for people. */
  readonly tag?: string | undefined;
}

/**
 * One row that differs between two instants. The key is null in a table audited without one. What one side of a changed
 * row does not hold is not known there.
 */
export type RowDifference =
  | { readonly kind: "inserted"; readonly key: string | null; readonly new: Image }
  | { readonly kind: "deleted"; readonly key: string | null; readonly old: Image }
  | {
      readonly kind: "changed";
      readonly key: string | null;
      /** The former key, where the row has another now. */
      readonly oldKey?: string | undefined;
      readonly old: Image;
      readonly new: Image;
    };

/** What is kept of a change: of an update the columns that changed, whole rows, or nothing new. */
export type Images = "changes" | "full" | "lean";

/** What becomes of a row too large to be recorded: the write fails, or digests stand for its large values. */
export type Oversize = "fail" | "digest";

/** Where the key comes from by which rows are told apart. */
export type KeyFrom = "primary" | "chosen" | "none";

/** Whether event triggers make the trigger functions anew on DDL, or these look for themselves at each row. */
export type Capture = "generated" | "guarded";

/** How INSERT and DELETE are captured: once per statement, or row by row. UPDATE always goes row by row. */
export type Kind = "statement" | "row";

/** What to do with TRUNCATE: keep every row, keep the event only, or refuse the statement. */
export type OnTruncate = "capture" | "record" | "forbid";
