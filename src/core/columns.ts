import { usageError } from "../errors.ts";
import { type Fail, failWith } from "./caret.ts";
import { foldCase, readQuoted } from "./name.ts";
import { escapeControls } from "./safe.ts";
import { didYouMean } from "./suggest.ts";

export interface ColumnsOptions {
  /** The flag the patterns came with, such as --exclude; named in messages. */
  readonly flag: string;
  /** The table for messages, such as public.users. */
  readonly table: string;
  /** Columns that may not be chosen, because a change finds its row by them. */
  readonly keyColumns: readonly string[];
}

export interface ResolvedColumns {
  /** In the table's order, each once. */
  readonly columns: readonly string[];
  /** One sentence for each glob that matched nothing. */
  readonly notes: readonly string[];
}

type Pattern =
  | { readonly kind: "name"; readonly typed: string; readonly name: string }
  | { readonly kind: "glob"; readonly typed: string; readonly glob: string };

/**
 * Finds the columns meant by names and globs (`*` any characters, `?` one). Bare patterns fold to lower case
 * as names do; `"Odd*"` in quotes is a name and nothing else; a column that is called just like the pattern
 * wins over the glob. Throws one usage error with every fault in it: unknown names, columns of the key.
 */
export function resolveColumns(
  patterns: readonly string[],
  columns: readonly string[],
  options: ColumnsOptions,
): ResolvedColumns {
  const chosen = new Set<string>();
  const faults: string[] = [];
  const notes: string[] = [];
  for (const pattern of patterns.map((typed) => readPattern(typed, options.flag))) {
    const found = matches(pattern, columns);
    if (found.length === 0 && pattern.kind === "name")
      faults.push(unknownColumn(pattern.name, columns, options));
    if (found.length === 0 && pattern.kind === "glob") {
      notes.push(`No column of ${options.table} matches ${options.flag} ${escapeControls(pattern.typed)}.`);
    }
    for (const column of found) {
      if (options.keyColumns.includes(column) && !chosen.has(column))
        faults.push(keyColumn(column, pattern, options));
      chosen.add(column);
    }
  }
  if (faults.length > 0) {
    throw usageError(
      faults.join("\n"),
      `Columns of ${options.table}: ${columns.map((column) => escapeControls(column)).join(", ")}.`,
    );
  }
  return { columns: columns.filter((column) => chosen.has(column)), notes };
}

/** Refuses (exit 2) what can be neither the name of a column nor a glob, in whatever table. */
export function checkPatterns(patterns: readonly string[], flag: string): void {
  for (const pattern of patterns) readPattern(pattern, flag);
}

/**
 * A glob as a regular expression over the whole name: `*` is any characters, `?` one, the rest itself. Each
 * stretch between stars is fixed at its first match, so that no glob takes more than quadratic time.
 */
export function globToRegExp(glob: string): RegExp {
  const [head = "", ...others] = glob.split("*").map(literal);
  const tail = others.pop();
  if (tail === undefined) return new RegExp(`^${head}$`, "su");
  const middle = others
    .filter((part) => part !== "")
    .map((part, index) => `(?=(.*?${part}))\\${index + 1}`)
    .join("");
  return new RegExp(`^${head}${middle}.*${tail}$`, "su");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll("\\?", ".");
}

function readPattern(typed: string, flag: string): Pattern {
  const fail: Fail = failWith(
    typed,
    `not a column name or glob for ${flag}`,
    'Write it as email, hair_* or "Odd Name".',
  );
  if (typed === "") fail(0, "it is empty");
  if (typed.startsWith('"')) {
    const { name, end } = readQuoted(typed, 0, fail);
    if (end < typed.length) fail(end, "something follows the closing quote");
    return { kind: "name", typed, name };
  }
  const odd = typed.search(/[^\w$*?\u0080-\u{10ffff}]/u);
  if (odd >= 0) {
    const character = escapeControls(String.fromCodePoint(typed.codePointAt(odd) ?? 0));
    fail(odd, `a name with "${character}" in it has to be written in double quotes`);
  }
  const folded = foldCase(typed);
  if (/[*?]/.test(folded)) return { kind: "glob", typed, glob: folded };
  return { kind: "name", typed, name: folded };
}

function matches(pattern: Pattern, columns: readonly string[]): string[] {
  const name = pattern.kind === "name" ? pattern.name : pattern.glob;
  if (columns.includes(name)) return [name];
  if (pattern.kind === "name") return [];
  const expression = globToRegExp(pattern.glob);
  return columns.filter((column) => expression.test(column));
}

function unknownColumn(name: string, columns: readonly string[], { flag, table }: ColumnsOptions): string {
  const sentence = `${flag}: ${table} has no column "${escapeControls(name)}".`;
  const suggestion = didYouMean(name, columns);
  return suggestion === "" ? sentence : `${sentence} ${suggestion}`;
}

function keyColumn(column: string, pattern: Pattern, { flag, table }: ColumnsOptions): string {
  const done = flag === "--redact" ? "redacted" : "excluded";
  const matched = pattern.kind === "glob" ? `, though ${escapeControls(pattern.typed)} matches it` : "";
  return `${flag}: "${escapeControls(column)}" is part of the key of ${table} and cannot be ${done}${matched}: a change finds its row by it.`;
}
