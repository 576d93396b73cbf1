import { usageError } from "../errors.ts";
import type { Images, OnTruncate, Oversize } from "../types.ts";
import type { TableFacts } from "./auditable.ts";
import type { CaptureSettings, Choice } from "./capture.ts";
import { globToRegExp, resolveColumns } from "./columns.ts";
import type { Key } from "./key.ts";
import { foldCase, formatTableName } from "./name.ts";
import { VIEW_PATTERN, viewNameOf } from "./viewName.ts";

/** What is asked for now; undefined leaves a setting as it was. */
export interface CaptureWishes {
  readonly exclude?: readonly string[] | undefined;
  /** An empty list takes the restriction away. */
  readonly only?: readonly string[] | undefined;
  readonly redact?: readonly string[] | undefined;
  readonly images?: Images | undefined;
  readonly onTruncate?: OnTruncate | undefined;
  readonly oversize?: Oversize | undefined;
  readonly statement?: boolean | undefined;
  /** Accepts that the statement's text may hold what is excluded or redacted. */
  readonly statementAnyway?: boolean | undefined;
  readonly always?: boolean | undefined;
  readonly view?: boolean | undefined;
  /** A pattern; see viewNameOf. */
  readonly viewName?: string | undefined;
  readonly retentionId?: number | undefined;
}

/** What holds for tables that are enabled for the first time and of which nothing else is asked. */
export interface CaptureDefaults extends Omit<CaptureWishes, "only" | "retentionId" | "statementAnyway"> {
  readonly retentionId: number;
}

/**
 * Settings of a table, from what is asked for, what was asked for before, and the defaults. Throws on patterns that
 * cannot be meant, and where the statement's text is to be kept beside values that are not.
 */
export function settleCapture(
  facts: TableFacts,
  key: Key,
  wishes: CaptureWishes,
  former: CaptureSettings | undefined,
  defaults: CaptureDefaults,
): { readonly settings: CaptureSettings; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const choose = (flag: string, patterns: readonly string[], protectKey: boolean): Choice => {
    const { choice, notes: said } = chooseColumns(facts, key, patterns, flag, protectKey);
    notes.push(...said);
    return choice;
  };
  const byDefault = (flag: string, patterns: readonly string[] | undefined): Choice =>
    choose(flag, sparingKey(facts, key, patternsFor(facts, patterns ?? [])), true);
  const settings: CaptureSettings = {
    keyColumns: key.keyColumns,
    keyFrom: key.keyFrom,
    exclude:
      wishes.exclude === undefined
        ? (former?.exclude ?? byDefault("--exclude", defaults.exclude))
        : choose("--exclude", wishes.exclude, true),
    only:
      wishes.only === undefined
        ? (former?.only ?? null)
        : wishes.only.length === 0
          ? null
          : choose("--only", wishes.only, false),
    redact:
      wishes.redact === undefined
        ? (former?.redact ?? byDefault("--redact", defaults.redact))
        : choose("--redact", wishes.redact, true),
    images: wishes.images ?? former?.images ?? defaults.images ?? "changes",
    onTruncate: wishes.onTruncate ?? former?.onTruncate ?? defaults.onTruncate ?? "capture",
    oversize: wishes.oversize ?? former?.oversize ?? defaults.oversize ?? "fail",
    keepsStatement: wishes.statement ?? former?.keepsStatement ?? defaults.statement ?? false,
    always: wishes.always ?? former?.always ?? defaults.always ?? false,
    retentionId: wishes.retentionId ?? former?.retentionId ?? defaults.retentionId,
    viewName: settleView(facts, wishes, former, defaults),
  };
  refuseHiddenKey(facts, settings);
  refuseTellingStatement(facts, wishes, settings, former);
  return { settings, notes };
}

/** A view keeps the name it has, also when the table gets another: others read it. */
function settleView(
  facts: TableFacts,
  wishes: CaptureWishes,
  former: CaptureSettings | undefined,
  defaults: CaptureDefaults,
): string | null {
  if (wishes.viewName !== undefined && wishes.view === false)
    throw usageError("--view-name names a view, and --no-view takes it away; only one of them can be meant.");
  const asked = wishes.view ?? (wishes.viewName === undefined ? undefined : true);
  const wanted = asked ?? (former === undefined ? defaults.view === true : former.viewName !== null);
  if (!wanted) return null;
  if (wishes.viewName !== undefined) return viewNameOf(wishes.viewName, facts);
  return former?.viewName ?? viewNameOf(defaults.viewName ?? VIEW_PATTERN, facts);
}

/** What was excluded while the table had another key cannot be its key now: every change would tell it. */
function refuseHiddenKey(facts: TableFacts, { keyColumns, exclude, redact }: CaptureSettings): void {
  const hidden = facts.columns.filter(
    ({ attnum, name }) =>
      keyColumns.includes(attnum) &&
      [exclude, redact].some(
        ({ columns, globs }) =>
          columns.includes(attnum) || globs.some((glob) => globToRegExp(glob).test(name)),
      ),
  );
  if (hidden.length === 0) return;
  const names = hidden.map(({ name }) => name).join(", ");
  throw usageError(
    `${formatTableName(facts)}: ${names} is excluded or redacted and cannot be the key: every change would tell it.`,
    "Choose another key, or say anew what is to be left out: --exclude '' --redact ''",
  );
}

/** The text of a statement holds the very values that are to be kept out of the log. */
function refuseTellingStatement(
  facts: TableFacts,
  wishes: CaptureWishes,
  settings: CaptureSettings,
  former: CaptureSettings | undefined,
): void {
  const withheld = settings.only !== null || !isNone(settings.exclude) || !isNone(settings.redact);
  const wasAccepted = former?.keepsStatement === true && wishes.statement === undefined;
  const asksAnew = wishes.exclude !== undefined || wishes.redact !== undefined || wishes.only !== undefined;
  if (!settings.keepsStatement || !withheld || wishes.statementAnyway) return;
  if (wasAccepted && !asksAnew) return;
  throw usageError(
    `${formatTableName(facts)}: the text of a statement may hold the very values that --exclude, --only or --redact keep out of the log.`,
    "Leave out --statement, or say that this is accepted: --statement-anyway",
  );
}

function isNone({ columns, globs }: Choice): boolean {
  return columns.length === 0 && globs.length === 0;
}

/** Those of the patterns that can mean something in this table: globs, and names of its columns. */
export function patternsFor(facts: TableFacts, patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => isGlob(pattern) || hasColumn(facts, pattern));
}

/** The names among the patterns that no table has. */
export function unknownEverywhere(tables: readonly TableFacts[], patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => !isGlob(pattern) && !tables.some((facts) => hasColumn(facts, pattern)));
}

/** A default is for all tables, so it steps aside where it would hit a key. */
function sparingKey(facts: TableFacts, key: Key, patterns: readonly string[]): string[] {
  const keyNames = facts.columns
    .filter(({ attnum }) => key.keyColumns.includes(attnum))
    .map(({ name }) => name);
  return patterns.filter((pattern) =>
    isGlob(pattern)
      ? !keyNames.some((name) => globToRegExp(foldCase(pattern)).test(name))
      : !keyNames.includes(nameOf(pattern)),
  );
}

function hasColumn(facts: TableFacts, pattern: string): boolean {
  return facts.columns.some((column) => column.name === nameOf(pattern));
}

function nameOf(pattern: string): string {
  return pattern.startsWith('"') ? pattern.slice(1, -1).replaceAll('""', '"') : foldCase(pattern);
}

function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern) && !pattern.startsWith('"');
}

function chooseColumns(
  facts: TableFacts,
  key: Key,
  patterns: readonly string[],
  flag: string,
  protectKey: boolean,
) {
  const names = facts.columns.map(({ name }) => name);
  const keyColumns = facts.columns
    .filter(({ attnum }) => protectKey && key.keyColumns.includes(attnum))
    .map(({ name }) => name);
  const table = formatTableName(facts);
  const { notes } = resolveColumns(patterns, names, { flag, table, keyColumns });
  // A column that is called just like a glob is a name.
  const globs = patterns.filter((pattern) => isGlob(pattern) && !hasColumn(facts, pattern));
  const named = patterns.filter((pattern) => !globs.includes(pattern)).map(nameOf);
  return {
    choice: {
      columns: facts.columns.filter(({ name }) => named.includes(name)).map(({ attnum }) => attnum),
      globs: globs.map(foldCase),
    },
    notes,
  };
}
