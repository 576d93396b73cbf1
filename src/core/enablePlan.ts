import type { OnTruncate } from "../types.ts";
import type { TableFacts } from "./auditable.ts";
import { resolveColumns } from "./columns.ts";
import { foldCase, formatTableName } from "./name.ts";

/** How a table is audited: what enable decides and the registry remembers. */
export interface CaptureSettings {
  /** Attribute numbers. */
  readonly excluded: readonly number[];
  /** Globs among what was asked for; they hold for columns added later, too. */
  readonly exclude: readonly string[];
  readonly onTruncate: OnTruncate;
  readonly retentionId: number;
}

/** What is asked for now; undefined leaves a setting as it was. */
export interface CaptureWishes {
  readonly exclude: readonly string[] | undefined;
  readonly onTruncate: OnTruncate | undefined;
  readonly retentionId: number | undefined;
}

/** Settings of a table, from what is asked for, what was asked for before, and the defaults. Throws on a wrong --exclude. */
export function settleCapture(
  facts: TableFacts,
  wishes: CaptureWishes,
  former: CaptureSettings | undefined,
  defaultRetentionId: number,
): { readonly settings: CaptureSettings; readonly notes: readonly string[] } {
  const columns = wishes.exclude === undefined ? undefined : findExcluded(facts, wishes.exclude);
  return {
    settings: {
      excluded: columns?.excluded ?? former?.excluded ?? [],
      exclude:
        wishes.exclude === undefined
          ? (former?.exclude ?? [])
          : wishes.exclude.filter((pattern) => isGlob(pattern) && !hasColumn(facts, pattern)).map(foldCase),
      onTruncate: wishes.onTruncate ?? former?.onTruncate ?? "capture",
      retentionId: wishes.retentionId ?? former?.retentionId ?? defaultRetentionId,
    },
    notes: columns?.notes ?? [],
  };
}

/** Those of the patterns that can mean something in this table: globs, and names of its columns. */
export function patternsFor(facts: TableFacts, patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => isGlob(pattern) || hasColumn(facts, pattern));
}

/** The names among the patterns that no table has. */
export function unknownEverywhere(tables: readonly TableFacts[], patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => !isGlob(pattern) && !tables.some((facts) => hasColumn(facts, pattern)));
}

function hasColumn(facts: TableFacts, pattern: string): boolean {
  const name = pattern.startsWith('"') ? pattern.slice(1, -1).replaceAll('""', '"') : foldCase(pattern);
  return facts.columns.some((column) => column.name === name);
}

function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern) && !pattern.startsWith('"');
}

function findExcluded(facts: TableFacts, patterns: readonly string[]) {
  const names = facts.columns.map(({ name }) => name);
  const keyColumns = facts.columns
    .filter(({ attnum }) => facts.keyColumns.includes(attnum))
    .map(({ name }) => name);
  const { columns, notes } = resolveColumns(patterns, names, {
    flag: "--exclude",
    table: formatTableName(facts),
    keyColumns,
  });
  const excluded = facts.columns.filter(({ name }) => columns.includes(name)).map(({ attnum }) => attnum);
  return { excluded, notes };
}
