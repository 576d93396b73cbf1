import type { Images, KeyFrom, OnTruncate, Oversize } from "../types.ts";

/** Columns chosen by name and by glob: names as attribute numbers, so that they follow renames. */
export interface Choice {
  /** Attribute numbers of the columns that were named. */
  readonly columns: readonly number[];
  /** Globs; they hold for columns added later, too. */
  readonly globs: readonly string[];
}

export const noChoice: Choice = { columns: [], globs: [] };

/** How a table is audited: what enable decides and the registry remembers. */
export interface CaptureSettings {
  /** Attribute numbers in key order; empty where the table is audited without a key. */
  readonly keyColumns: readonly number[];
  readonly keyFrom: KeyFrom;
  readonly exclude: Choice;
  /** The only columns recorded beside the key; null records all. */
  readonly only: Choice | null;
  readonly redact: Choice;
  readonly images: Images;
  readonly onTruncate: OnTruncate;
  readonly oversize: Oversize;
  /** Whether the client's statement text goes into the context. */
  readonly keepsStatement: boolean;
  /** Whether the triggers fire under session_replication_role = replica as well. */
  readonly always: boolean;
  readonly retentionId: number;
  /** The view that shows its history with its own columns; null for none. */
  readonly viewName: string | null;
}

/** Whether two tables' settings, or a table's before and after, come to the same. */
export function sameSettings(one: CaptureSettings, other: CaptureSettings): boolean {
  return JSON.stringify(comparable(one)) === JSON.stringify(comparable(other));
}

/** In one order of fields, whatever the objects were made in. */
function comparable(settings: CaptureSettings): unknown[] {
  const choice = (chosen: Choice | null) => chosen && [chosen.columns, chosen.globs];
  return [
    settings.keyColumns,
    settings.keyFrom,
    choice(settings.exclude),
    choice(settings.only),
    choice(settings.redact),
    settings.images,
    settings.onTruncate,
    settings.oversize,
    settings.keepsStatement,
    settings.always,
    settings.retentionId,
    settings.viewName,
  ];
}
