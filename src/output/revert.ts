import { tableLabel } from "../core/name.ts";
import type { Conflict } from "../core/revert.ts";
import { safeText } from "../core/safe.ts";
import type { Value, Withheld } from "../types.ts";
import { countText } from "./duration.ts";
import { valueText } from "./value.ts";

/** A conflict with its table. */
export interface TableConflict extends Conflict {
  readonly schema: string;
  readonly table: string;
}

/** A transaction that came later to rows that are reverted. */
export interface LaterTransaction {
  readonly tx: string;
  /** When it made its last change of them, as ISO 8601. */
  readonly at: string;
  readonly actor: string | null;
  readonly dbUser: string;
  readonly rows: number;
  /** Whether it is reverted, too. */
  readonly reverted: boolean;
}

/** In a sentence without an end: what is no longer as the transaction left it, and who changed it. */
export function conflictText(conflict: TableConflict): string {
  const { kind, tx, key, column, written, present, by } = conflict;
  const row = `row ${valueText(key)} of ${tableLabel(conflict)}`;
  const who = by.length > 0 ? ` (by ${by.map((id) => `tx:${id}`).join(", ")})` : "";
  const left = written === undefined ? "" : ` instead of ${valueText(written)}`;
  switch (kind) {
    case "value":
      return `${safeText(column ?? "")} of ${row} is ${known(present)}${left}, as tx:${tx} left it${who}`;
    case "changed":
      return `${row}, which tx:${tx} inserted, was changed since: ${safeText(column ?? "")} is ${known(present)}${left}${who}`;
    case "gone":
      return `${row}, which tx:${tx} changed, is gone${who}`;
    case "taken":
      return `${row} is another one now than tx:${tx} found there${who}`;
    case "moved":
      return `${row} had key ${known(written)} when tx:${tx} left it${who}`;
  }
}

function known(value: Value | Withheld | undefined): string {
  return value === undefined ? "not known" : valueText(value);
}

/** A conflict as a document has it. */
export function conflictJson({ schema, table, kind, tx, key, column, ...conflict }: TableConflict) {
  return {
    ...{ schema, table, kind, tx, key, column: column ?? null },
    written: conflict.written ?? null,
    present: conflict.present ?? null,
    wanted: conflict.wanted ?? null,
    ...{ by: conflict.by, overwritten: conflict.overwritten },
  };
}

/** In a sentence without an end: who came later to the same rows. */
export function laterText({ tx, at, actor, dbUser, rows, reverted }: LaterTransaction): string {
  const who = `tx:${tx} (${at}, ${safeText(actor ?? dbUser)})`;
  const many = `${countText(rows)} of these rows`;
  return reverted ? `${who} is reverted as well` : `${who} came later to ${many}`;
}

/** The same as a document has it. */
export function laterJson({ tx, at, actor, dbUser, rows, reverted }: LaterTransaction) {
  return { tx, at, actor, db_user: dbUser, rows, reverted };
}
