import { tableLabel } from "../core/name.ts";
import type { Conflict } from "../core/revert.ts";
import { safeText } from "../core/safe.ts";
import type { RepairOperation } from "../db/operation.ts";
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
  /** What it was, where it put rows back. */
  readonly operation: RepairOperation | undefined;
}

/** In a sentence without an end: what became of what the transaction did, and by whom. */
export function conflictText(conflict: TableConflict): string {
  const { kind, tx, key, column, written, present, wanted, by } = conflict;
  const row = `row ${valueText(key)} of ${tableLabel(conflict)}`;
  const others = by.map((id) => `tx:${id}`).join(", ");
  const who = others === "" ? "" : ` (by ${others})`;
  const became = others === "" ? `it is ${known(present)} now` : `${others} made it ${known(present)}`;
  switch (kind) {
    case "value":
      return `${safeText(column ?? "")} of ${row} was ${known(wanted)}, tx:${tx} made it ${known(written)}, and ${became}`;
    case "changed":
      return `${safeText(column ?? "")} of ${row}, which tx:${tx} inserted, was ${known(written)}, and ${became}`;
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
export function laterText({ tx, at, actor, dbUser, rows, reverted, operation }: LaterTransaction): string {
  const what = operation === undefined ? "" : `, ${operation.kind}: operation ${operation.id}`;
  const who = `tx:${tx} (${at}, ${safeText(actor ?? dbUser)}${what})`;
  const many = `${countText(rows)} of these rows`;
  return reverted ? `${who} is reverted as well` : `${who} came later to ${many}`;
}

/** The same as a document has it. */
export function laterJson({ tx, at, actor, dbUser, rows, reverted, operation }: LaterTransaction) {
  return { tx, at, actor, db_user: dbUser, operation: operation?.id ?? null, rows, reverted };
}
